"""May a step start now, with whom, and if not, why."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.cell import Box
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellVerb
from orchestrator.core.readiness import blockers, crews, resources, too_late
from orchestrator.core.state import MotionState, StepState
from orchestrator.core.variant import Variant, Wait
from tests.unit.core_builders import TORQUE, Bench, cell, parts, step, variant

if TYPE_CHECKING:
    from collections.abc import ItemsView

LOAD = step("load", part="body", at="nest", by="robot")


def _codes(bench: Bench, name: str, *actors: str, unit: str = "u1") -> list[str]:
    unit_state = bench.state.units[unit]
    return [why.code for why in blockers(bench.state, unit_state, bench.step(name, unit), actors, bench.t)]


def test_an_either_step_has_the_robot_and_every_place_where_somebody_is() -> None:
    bench = Bench(joined=("back",)).running(variant(step("a"), LOAD))
    assert crews(bench.state, bench.step("a"), ()) == (("robot",), ("back",))
    assert crews(bench.state, bench.step("a"), ("robot",)) == (("back",),)
    assert crews(bench.state, bench.step("a"), ("human",)) == (("robot",),)


def test_a_joint_step_takes_both() -> None:
    bench = Bench().running(variant(step("a", together=True), LOAD))
    assert crews(bench.state, bench.step("a"), ()) == (("robot", "front"), ("robot", "back"))
    assert _codes(bench, "a", "robot") == ["actor"]
    assert _codes(bench, "a", "front", "robot") == ["actor"]
    assert _codes(bench, "a", "robot", "front") == []


def test_a_step_for_which_nobody_is_there_says_so() -> None:
    bench = Bench(joined=()).running(variant(step("a", by="human", check=["person"]), LOAD))
    why = blockers(bench.state, bench.state.units["u1"], bench.step("a"), (), bench.t)
    assert [reason.message for reason in why] == ["Nobody who may do this step is there."]


def test_a_waiting_step_is_not_ready_whatever_else() -> None:
    bench = Bench().running(variant(LOAD, step("a", ["load"])))
    assert _codes(bench, "a", "front") == ["not_ready"]


def test_a_held_cell_starts_nobody() -> None:
    bench = Bench().running(variant(step("a"), LOAD))
    bench.verb(CellVerb.HOLD)
    assert _codes(bench, "a", "robot") == ["interlock"]
    assert _codes(bench, "a", "front") == ["cell"]


def test_a_shortest_time_says_until_when() -> None:
    bench = Bench().running(variant(LOAD, step("a", [Wait(step="load", min_s=10, max_s=60)], by="human")))
    bench.finish("load")
    ended_t = bench.t
    bench.wait(4)
    why = blockers(bench.state, bench.state.units["u1"], bench.step("a"), ("front",), bench.t)
    assert [(reason.code, reason.until_t) for reason in why] == [("too_early", ended_t + 10)]
    bench.wait(6)
    assert _codes(bench, "a", "front") == []
    assert too_late(bench.state.units["u1"], bench.step("a"), ended_t + 60) == ""
    assert too_late(bench.state.units["u1"], bench.step("a"), ended_t + 60.1) == "load ended more than 60 s ago."


def test_zones_follow_from_the_nest_so_two_units_do_not_wait_for_each_other() -> None:
    bench = Bench().running(variant(LOAD, step("a", ["load"], part="pin", at="body/seat")), quantity=2, units=2)
    bench.finish("load", unit="u1")
    bench.finish("load", unit="u2")
    units = bench.state.units
    assert resources(bench.state, units["u1"], bench.step("a")) == ("zone:west",)
    assert resources(bench.state, units["u2"], bench.step("a")) == ("zone:east",)
    bench.start("a", "front", unit="u1")
    assert _codes(bench, "a", "robot", unit="u2") == []


def test_a_zone_and_a_tool_are_one_steps_at_a_time() -> None:
    steps = [step(name, ["load"], at="body/seat", by="robot human", check=["person"]) for name in ("a", "b")]
    bench = Bench().running(variant(LOAD, *steps))
    bench.finish("load")
    bench.start("a", "front")
    assert _codes(bench, "b", "robot") == ["resource"]
    tooled = [step(name, values=TORQUE, check=[], tool="driver") for name in ("c", "d")]
    bench = Bench().running(variant(*tooled, LOAD))
    bench.start("c", "front")
    assert _codes(bench, "d", "robot") == ["resource"]


def test_a_frame_of_the_cell_is_taken_while_something_stands_there() -> None:
    press = step("press", part="pin", at="press", by="human")
    bench = Bench().running(variant(press, LOAD), quantity=2, units=2)
    bench.finish("press", "front", unit="u1")
    assert _codes(bench, "press", "front", unit="u2") == ["occupied"]


def test_nothing_is_put_on_a_part_whose_place_is_not_known() -> None:
    bench = Bench().running(variant(LOAD, step("a", ["load"], part="pin", at="body/seat")))
    bench.finish("load")
    bench.do(bench.moved("body", "lost", "lost"))
    assert _codes(bench, "a", "front") == ["no_owner"]


def test_what_no_bin_holds_comes_with_the_tool_or_the_hand() -> None:
    bench = Bench().running(variant(step("bead", part="glue", at="waste", by="robot", check=["none"]), LOAD))
    assert _codes(bench, "bead", "robot") == []


def test_a_tool_past_its_calibration_date_starts_no_step() -> None:
    due = dt.date(2027, 3, 1)
    spec = cell(tools={"driver": {"for": ["human"], "due": due.isoformat()}})
    bench = Bench(spec).running(variant(step("a", by="human", check=["person"], tool="driver"), LOAD))
    midnight = dt.datetime.combine(due + dt.timedelta(days=1), dt.time(), dt.UTC).timestamp()
    bench.t = midnight - 1
    assert _codes(bench, "a", "front") == []
    bench.t = midnight
    assert _codes(bench, "a", "front") == ["tool_due"]
    why = blockers(bench.state, bench.state.units["u1"], bench.step("a"), ("front",), bench.t)
    assert why[0].message == "Tool driver was due for calibration on 2027-03-01."


class _Counted(dict[str, StepState]):
    """Counts how often all steps are walked through."""

    walks = 0

    def items(self) -> ItemsView[str, StepState]:  # type: ignore[override]  # a view all the same
        _Counted.walks += 1
        return super().items()


def test_asking_about_500_ready_steps_walks_through_them_once() -> None:
    steps = [step(f"s{k}", by="human", check=["person"]) for k in range(500)]
    bench = Bench().running(Variant(product="big", procedure_sha256="", parts=parts(), steps=tuple(steps)))
    bench.start("s0", "front")
    unit = replace(bench.state.units["u1"], steps=_Counted(bench.state.units["u1"].steps))
    state = replace(bench.state, units={"u1": unit})
    _Counted.walks = 0
    for authored in steps[1:]:
        assert [why.code for why in blockers(state, unit, authored, ("back",), bench.t)] == []
        assert [why.code for why in blockers(state, unit, authored, ("front",), bench.t)] == ["lane"]
    assert _Counted.walks == 1


def test_a_person_begins_where_the_robot_is_about_to_pass_once_it_has_passed() -> None:
    bench = Bench().running(variant(step("a", part="pin", at="nest", by="human", check=["person"]), LOAD))
    zone = bench.state.spec.zones["west"]
    x, y, z = ((a + b) / 2 for a, b in zip(zone.low, zone.high, strict=True))

    def under_way(*way: Pose, approved: bool = True) -> None:
        motion = MotionState("m", "e", "go home", 3.0, way, bench.t, approved)
        bench.state = replace(bench.state, motions={"m": motion})

    assert _codes(bench, "a", "front") == []
    under_way(Pose((x + 9.0, y, z)), Pose((x, y, z)))
    assert _codes(bench, "a", "front") == ["resource"]
    under_way(Pose((x, y, z)), approved=False)  # planned anew when it is approved
    assert _codes(bench, "a", "front") == []
    under_way(Pose((x + 9.0, y, z)))
    assert _codes(bench, "a", "front") == []


def test_a_person_does_not_begin_where_the_arm_stands_between_two_motions_of_a_skill() -> None:
    a = step("a", part="pin", at="nest", by="human", check=["person"])
    bench = Bench().running(variant(a, step("b", part="glue", at="press", by="robot"), LOAD))
    zone = bench.state.spec.zones["west"]
    inside = Pose(tuple((low + high) / 2 for low, high in zip(zone.low, zone.high, strict=True)))
    away = Pose((9.0, 9.0, 9.0))
    skill = f"u1/b/{bench.start('b', 'robot')}/skill"

    def moved(motion: str, *way: Pose, outcome: str = "succeeded") -> None:
        bench.do(cmd.ProposeMotion(effect=skill, motion=motion, text=motion, preview=way))
        bench.do(cmd.EndMotion(effect=skill, motion=motion, outcome=outcome))

    assert _codes(bench, "a", "front") == []
    moved("grip", away, inside)
    assert bench.state.motions == {}
    assert _codes(bench, "a", "front") == ["resource"]
    moved("lift", away, outcome="rejected")  # the arm stands where it was
    assert _codes(bench, "a", "front") == ["resource"]
    moved("bring", away)
    assert _codes(bench, "a", "front") == []
    moved("grip again", away, inside)
    bench.do(bench.skill("b", "failed", code="no_grip", message="It slips.", retry=False))
    assert _codes(bench, "a", "front") == []  # nothing of it moves the arm any more
    assert bench.replayed() == bench.state


def test_a_way_meets_a_box_between_its_points_beside_it_and_nowhere_else() -> None:
    box = Box(low=(0.0, 0.0, 0.0), high=(1.0, 1.0, 1.0))
    assert box.meets([(-1.0, 0.5, 0.5), (2.0, 0.5, 0.5)])
    assert not box.meets([(-1.0, 1.2, 0.5), (2.0, 1.2, 0.5)])
    assert box.meets([(-1.0, 1.2, 0.5), (2.0, 1.2, 0.5)], 0.25)
    assert not box.meets([(-1.0, 0.5, 0.5), (-0.5, 0.5, 0.5)])
    assert not box.meets([(-1.0, 0.0, 0.5), (0.0, 1.5, 0.5)])
    assert box.meets([(0.5, 0.5, 0.5)])
    assert not box.meets([])
