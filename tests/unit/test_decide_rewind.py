"""Going back to before a step: said beforehand, done by people one result at a time, the robot never beside them."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.choices import choices
from orchestrator.core.machine import CellVerb
from orchestrator.core.overdue import level
from orchestrator.core.readiness import blockers
from orchestrator.core.rewind import plan
from orchestrator.engine.rewinding import preview
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, TORQUE, WORKER, Bench, Refused, step, types, variant

LOAD = step("load", part="body", at="nest", by="robot")


def bench(*more: Any, done: tuple[str, ...] = ("load", "pin", "lid", "screw"), **pin: Any) -> Bench:
    """A body with pin, lid and a tightened screw; `more` steps come after."""
    steps = (
        LOAD,
        step("pin", ["load"], part="pin", at="body/seat", **pin),
        step("lid", ["pin"], part="lid", at="body/top"),
        step("screw", ["lid"], at="lid/hole_1", check=[], values=TORQUE, tool="driver", by="robot"),
        *more,
        step("out", ["screw", *(other.id for other in more)], part="body", at="out", by="human", check=["person"]),
    )
    out = Bench().running(variant(*steps))
    for name in done:
        out.finish(name, "robot", **({"values": {"torque_Nm": 12.0}} if name == "screw" else {}))
    return out


def back(b: Bench, to: str = "pin", **more: Any) -> cmd.Rewind:
    return cmd.Rewind.model_validate({"unit": "u1", "step": to, "reason": "wrong pin", **more})


def off(b: Bench, name: str, place: str = "front") -> cmd.ConfirmUndo:
    return cmd.ConfirmUndo(unit="u1", step=name, attempt=b.at(name).attempt, place=place)


def schedule(b: Bench) -> list[str]:
    """Grant what the schedule proposes; returns what that was."""
    proposals, _ = Schedule()(b.state, b.t)
    said = []
    for command in proposals:
        if types(b.ask(command)).startswith("refused"):
            continue
        said.append(command.type)
    return said


def test_the_plan_says_what_goes_in_which_order_and_what_is_work() -> None:
    b = bench()
    planned = [(undo.step.id, undo.work) for undo in plan(b.state, "u1", "pin")]
    assert planned == [("screw", False), ("lid", True), ("pin", True)]


def test_a_unit_goes_back_as_far_as_was_shown_or_not_at_all() -> None:
    b = bench(done=("load", "pin"))
    shown = ("pin",)
    b.finish("lid", "robot")
    assert b.no(back(b, todo=shown), WORKER) == "stale"
    assert b.state.units["u1"].rewind is None
    b.do(back(b, todo=("lid", "pin")), WORKER)
    assert b.state.units["u1"].rewind is not None


def test_the_preview_names_the_values_that_go_without_anybodys_work() -> None:
    b = bench()
    titles = {name: {"en": name, "de": name} for name in b.status()}
    screw = preview(b.state, "u1", "pin", titles).undo[0]
    assert (screw.step, screw.by) == ("screw", "nobody")
    assert screw.text["en"] == "Nothing to take off, and void at once: torque_Nm 12.0."


def test_a_unit_goes_back_result_by_result_as_a_person_confirms_each() -> None:
    b = bench()
    assert types(b.do(back(b), WORKER)) == "rewind_started step_undone"  # what is only measured needs nobody
    assert schedule(b) == ["start_undo"]
    assert (b.at("lid").status, b.at("lid").actors, b.at("lid").resources) == ("undoing", ("front",), ("zone:west",))
    assert "u1/lid" in b.state.world.facts  # it is still on
    assert types(b.do(off(b, "lid"), WORKER)) == "part_moved step_undone"
    assert "u1/lid" not in b.state.world.facts
    schedule(b)
    b.do(off(b, "pin"), WORKER)
    assert b.state.units["u1"].rewind is None
    assert b.status() == {"load": "done", "pin": "ready", "lid": "waiting", "screw": "waiting", "out": "waiting"}
    assert b.replayed() == b.state
    for name in ("pin", "lid"):
        b.finish(name, "robot")


def test_nothing_of_the_unit_starts_meanwhile() -> None:
    b = bench()
    b.do(back(b), WORKER)
    for name in ("screw", "out"):
        for actor in ("robot", "front"):
            why = blockers(b.state, b.state.units["u1"], b.step(name), (actor,), b.t)
            assert {reason.code for reason in why} & {"rewind", "not_ready"}
    b.do(cmd.StartUndo(unit="u1", step="lid", place="front"))
    b.do(off(b, "lid"))
    with pytest.raises(Refused, match="going back"):
        b.start("lid", "robot")


def test_the_robot_is_never_where_somebody_takes_apart() -> None:
    other = step("side", ["load"], part="board", at="body/side", by="robot", check=["none"])
    b = bench(other, done=("load", "pin", "lid"))
    b.start("side", "robot")
    b.do(back(b, "pin"), WORKER)
    assert b.no(cmd.StartUndo(unit="u1", step="lid", place="front")) == "resource"
    b.do(b.skill("side"))
    b.do(cmd.StartUndo(unit="u1", step="lid", place="front"))
    assert b.no(cmd.StartStep(unit="u1", step="screw", actors=("robot",))) == "not_ready"


def test_a_person_starts_once_the_robots_way_no_longer_leads_there() -> None:
    b = bench()
    b.do(back(b), WORKER)
    way = [[0.4, -0.15, 0.2]]
    motion = {"effect": "u2/x/1/skill", "motion": "m", "text": "bring", "preview": [{"p": p} for p in way]}
    b.tell(ev.MotionIntended.model_validate({**motion, "plan": "", "duration_s": 1.0}))
    assert b.no(cmd.StartUndo(unit="u1", step="lid", place="front")) == "resource"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"step": "nothing"}, "no_step"),
        ({"step": "out"}, "no_rewind"),
        ({"reason": " "}, "reason"),
        ({"unit": "u9"}, "no_step"),
    ],
)
def test_what_can_not_be_gone_back_to_says_why(command: dict[str, str], code: str) -> None:
    b = bench()
    assert b.no(back(b).model_copy(update=command), WORKER) == code


def test_what_is_built_for_good_is_not_taken_back() -> None:
    b = bench(undo=False)
    verdict = b.ask(back(b, "load"), WORKER)
    assert types(verdict) == "refused: no_rewind"
    assert "pin can't be undone" in verdict.message  # type: ignore[union-attr] # it was refused
    assert types(b.do(back(b, "lid"), WORKER)) == "rewind_started step_undone"


def test_no_way_back_from_under_work_nor_twice() -> None:
    b = bench(done=("load", "pin"))
    b.start("lid", "robot")
    assert b.no(back(b), WORKER) == "no_rewind"
    b.do(b.skill("lid"))
    b.do(b.seen("lid"))
    b.do(back(b), WORKER)
    assert b.no(back(b, "load"), WORKER) == "no_rewind"


def test_whoever_can_not_take_it_off_ends_the_way_back_with_a_question() -> None:
    b = bench()
    b.do(back(b), WORKER)
    schedule(b)
    report = cmd.ReportProblem(unit="u1", step="lid", attempt=b.at("lid").attempt, place="front", note="stuck")
    assert types(b.do(report, WORKER)) == "rewind_stopped step_doubted"
    assert (b.at("lid").status, b.at("lid").message) == ("attention", "stuck")
    assert b.state.units["u1"].rewind is None
    assert {choice for choice, _ in choices(b.state, "u1", "lid")} >= {"recheck", "rework", "force", "scrap"}
    b.do(b.choice("lid", "recheck"), WORKER)
    b.do(b.seen("lid"))
    assert b.at("lid").status == "done"


def test_ended_from_afar_the_robot_keeps_out_until_the_place_is_clear() -> None:
    b = bench()
    b.do(back(b), WORKER)
    schedule(b)
    assert types(b.do(cmd.StopRewind(unit="u1", reason="too late"), SUPERVISOR)) == "rewind_stopped step_doubted"
    b.do(b.choice("lid", "retry"), SUPERVISOR)
    with pytest.raises(Refused, match="unclear"):
        b.start("lid", "robot")
    b.do(cmd.ClearPlace(place="front"), WORKER)
    b.start("lid", "robot")


def test_a_word_for_another_result_place_or_attempt_is_stale() -> None:
    b = bench()
    b.do(back(b), WORKER)
    assert b.no(off(b, "lid")) == "stale"
    schedule(b)
    assert b.no(off(b, "lid", "back")) == "stale"
    assert b.no(off(b, "pin")) == "stale"
    assert b.no(off(b, "lid").model_copy(update={"attempt": 7})) == "stale"
    assert b.no(b.confirm("lid")) == "stale"
    assert b.no(cmd.UndoStep(unit="u1", step="pin", part_out=True)) == "no_undo"


def test_what_is_half_off_outlives_a_restart_and_is_overdue_like_any_step() -> None:
    b = bench()
    b.do(back(b), WORKER)
    schedule(b)
    b.do(cmd.ReportRestart())
    assert b.at("lid").status == "undoing"
    b.do(cmd.Acknowledge(), SUPERVISOR)
    b.verb(CellVerb.UNHOLD)
    b.wait(1000)
    b.do(cmd.NoteOverdue(unit="u1", step="lid", attempt=b.at("lid").attempt))
    assert level(b.state, b.state.units["u1"], b.step("lid")) == "ask"
    assert {choice for choice, _ in choices(b.state, "u1", "lid")} == {"wait", "scrap", "abort"}
    b.do(cmd.JoinPlace(place="front", operator="op-front"))
    b.do(off(b, "lid"), WORKER)


def test_an_instruction_to_undo_makes_work_of_what_has_no_part() -> None:
    glued = step("glue", ["screw"], at="lid/hole_2", check=["person"], by="human", undo="scrape")
    b = bench(glued)
    b.finish("glue", "front")
    assert [(undo.step.id, undo.work) for undo in plan(b.state, "u1", "screw")] == [("glue", True), ("screw", False)]
    b.do(back(b, "screw"), WORKER)
    schedule(b)
    assert types(b.do(off(b, "glue"), WORKER)) == "step_undone step_undone"


def test_a_question_on_the_way_back_is_answered_by_taking_it_back() -> None:
    b = bench(done=("load", "pin"))
    b.start("lid", "robot")
    b.do(b.moved("lid", "placed", "u1/body", frame="top"))
    b.do(b.skill("lid", "failed", code="jam"))
    b.do(back(b), WORKER)
    assert {choice for choice, _ in choices(b.state, "u1", "lid")} == {"scrap", "abort"}
    schedule(b)
    b.do(off(b, "lid"), WORKER)
    schedule(b)
    b.do(off(b, "pin"), WORKER)
    assert b.at("pin").status == "ready"


def test_a_way_back_that_waits_for_somebody_does_not_suspend_the_cell() -> None:
    b = bench()
    b.do(back(b), WORKER)
    for place in ("front", "back"):
        b.do(cmd.LeavePlace(place=place))
    b.wait(1000)
    assert b.do(cmd.ReportLull()) == []
    b.do(cmd.JoinPlace(place="back", operator="op"))
    assert schedule(b) == ["start_undo"]


def test_nobody_takes_apart_what_hangs_in_the_gripper() -> None:
    b = bench(done=("load", "pin"))
    b.do(b.moved("body", "grasped", "gripper"))
    b.do(back(b), WORKER)
    assert b.no(cmd.StartUndo(unit="u1", step="pin", place="front")) == "gripper"
    b.do(b.moved("body", "placed", "nest_1"))
    b.do(cmd.StartUndo(unit="u1", step="pin", place="front"))
