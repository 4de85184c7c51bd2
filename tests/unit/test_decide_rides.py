"""Looks from the wrist: the arm brings its camera to a result: scheduled, refused and broken off as robot work is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.machine import Autonomy, CellVerb, OrderVerb
from orchestrator.core.ports import Safety
from orchestrator.core.react import Cancel, Look, RideAndLook, react
from orchestrator.core.state import ROBOT
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import Bench, cell, ladder, step, types, variant

if TYPE_CHECKING:
    from orchestrator.core.cell import CellSpec

WRIST = {"on": "flange", "at": {}, "model": "structured_light"}
TOP = {"at": {"xyz_mm": [400, 0, 1000], "rpy_deg": [180, 0, 90]}, "model": "structured_light"}
LOOK = {"camera": "wrist", "stand": {"frame": "press"}}
LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat", look=LOOK, on_fail=ladder("retry", "ask"))
LID = step("lid", ["load"], part="lid", at="press", by="robot human")
LAST = step("last", ["pin", "lid"], by="human", check=["person"])
START = cmd.StartLook(unit="u1", step="pin")


def wanted(spec: CellSpec | None = None) -> Bench:
    """A pin in its seat, by the robot, that the camera on the wrist shall look at."""
    bench = Bench(spec or cell(cameras={"wrist": WRIST})).running(variant(LOAD, PIN, LID, LAST))
    bench.finish("load")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    return bench


def riding() -> Bench:
    bench = wanted()
    bench.do(START)
    return bench


def broken_off(bench: Bench) -> cmd.EndCheck:
    current = bench.at("pin")
    return cmd.EndCheck(effect=current.effect, unit="u1", step="pin", attempt=current.attempt, canceled=True)


def proposals(bench: Bench) -> list[cmd.Command]:
    return list(Schedule()(bench.state, bench.t)[0])


def test_a_look_from_the_wrist_waits_until_the_schedule_lets_the_arm_set_out() -> None:
    bench = wanted()
    (asked,) = (event for _, event in bench.log if isinstance(event, ev.CheckRequested) and event.step == "pin")
    assert react(bench.state, asked) == []
    assert bench.at("pin").ride == "wanted"
    assert proposals(bench)[0] == START
    (started,) = bench.do(START)
    assert react(bench.state, started) == [RideAndLook("u1/pin/1/look1/ride1", "u1", "pin", 1)]
    assert START not in proposals(bench)


def test_a_look_by_a_camera_that_stands_still_moves_nothing() -> None:
    what = PIN.model_copy(update={"look": None})
    bench = Bench(cell(cameras={"wrist": WRIST, "top": TOP})).running(variant(LOAD, what, LID, LAST))
    bench.finish("load")
    bench.start("pin", "robot")
    *_, asked = bench.do(bench.skill("pin"))
    assert react(bench.state, asked) == [Look("u1/pin/1/look1", "u1", "pin", 1)]
    assert bench.no(START) == "not_wanted"


def test_on_its_way_to_a_look_the_robot_has_no_other_work() -> None:
    bench = riding()
    assert bench.no(cmd.StartStep(unit="u1", step="lid", actors=(ROBOT,))) == "lane"
    doing = bench.state.doing(ROBOT)
    assert doing is not None
    assert doing[1] == "pin"
    assert cmd.StartStep(unit="u1", step="lid", actors=("front",)) in proposals(bench)
    bench.start("lid", "front")
    bench.do(bench.seen("pin"))
    assert bench.at("pin").status == "done"
    assert bench.state.doing(ROBOT) is None


def test_the_robot_looks_once_it_has_done_what_it_is_at() -> None:
    bench = wanted()
    bench.start("lid", "robot")
    assert bench.no(START) == "lane"
    assert START not in proposals(bench)
    bench.do(bench.skill("lid"))
    bench.do(START)


def test_an_arm_that_holds_something_does_not_set_out() -> None:
    bench = wanted()
    bench.start("lid", "robot")
    bench.do(bench.moved("lid", "grasped", "gripper"))
    bench.do(bench.skill("lid", "failed", code="interrupted"))
    assert bench.no(START) == "gripper"
    assert START not in proposals(bench)
    bench.do(cmd.TakePart(part="u1/lid"))
    bench.do(START)


@pytest.mark.parametrize(
    "stop",
    [
        cmd.ChangeCell(verb=CellVerb.HOLD),
        cmd.ChangeCell(verb=CellVerb.STOP),
        cmd.ReportSafety(safety=Safety.EMERGENCY_STOP),
    ],
)
def test_what_stops_the_cell_breaks_the_look_off_and_it_is_taken_up_again_after(stop: cmd.Command) -> None:
    bench = riding()
    events = bench.do(stop)
    assert Cancel("") in [effect for event in events for effect in react(bench.state, event)]
    assert bench.do(broken_off(bench)) == [
        ev.LookBrokenOff(unit="u1", step="pin", attempt=1, effect="u1/pin/1/look1/ride1")
    ]
    assert bench.at("pin").ride == "wanted"
    assert bench.no(START) == "interlock"
    bench.do(cmd.SettleCell(state=bench.state.cell))
    bench.do(cmd.ReportSafety(safety=Safety.NORMAL))
    bench.do(cmd.Acknowledge())
    for verb in (CellVerb.CLEAR, CellVerb.RESET, CellVerb.START, CellVerb.UNHOLD):
        if not isinstance(bench.ask(cmd.ChangeCell(verb=verb)), list):
            continue
        bench.do(cmd.SettleCell(state=bench.state.cell))
    (started,) = bench.do(START)
    assert started == ev.LookStarted(unit="u1", step="pin", attempt=1, effect="u1/pin/1/look1/ride2")
    bench.do(bench.seen("pin"))
    assert bench.at("pin").status == "done"


def test_an_arm_that_met_something_on_its_way_to_a_look_is_not_sent_there_again_by_itself() -> None:
    bench = riding()
    bench.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    assert types(bench.do(broken_off(bench))) == "check_ended step_failed"
    assert (bench.at("pin").status, bench.at("pin").code) == ("attention", "protective_stop")


def test_a_verdict_of_a_look_that_was_broken_off_is_not_heard() -> None:
    bench = riding()
    late = bench.seen("pin")
    bench.do(broken_off(bench))
    assert types(bench.do(late)) == "outcome_ignored"
    bench.do(START)
    assert types(bench.do(late)) == "outcome_ignored"  # the arm has set out again
    assert bench.at("pin").status == "verifying"


def test_after_a_restart_nothing_moves_to_look_before_a_person_said_that_the_cell_is_clear() -> None:
    bench = riding()
    bench.do(cmd.ReportRestart())
    assert bench.at("pin").ride == "wanted"
    assert bench.no(START) == "interlock"
    assert proposals(bench) == []
    bench.do(cmd.JoinPlace(place="front", operator="op-front"))
    bench.do(cmd.Acknowledge())
    assert bench.no(START) == "interlock"  # it is held still
    bench.verb(CellVerb.UNHOLD)
    assert START in proposals(bench)
    bench.do(START)


def test_a_problem_that_a_person_reports_calls_the_arm_back_before_it_does_anything_else() -> None:
    bench = Bench(cell(cameras={"wrist": WRIST})).running(variant(LOAD, PIN, LID, LAST))
    bench.finish("load")
    bench.start("pin", "front")
    bench.do(bench.confirm("pin"))
    bench.do(START)
    late = broken_off(bench)
    failed, *_ = bench.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front"))
    assert react(bench.state, failed) == [Cancel("u1/pin/")]
    assert bench.state.ending == {"u1/pin/1/look1/ride1"}
    assert bench.no(cmd.StartStep(unit="u1", step="lid", actors=(ROBOT,))) == "ending"
    assert types(bench.do(late)) == "outcome_ignored"
    assert bench.state.ending == frozenset()
    bench.start("lid", "robot")


def test_a_unit_that_is_scrapped_on_the_way_to_its_look_leaves_the_arm_to_come_to_a_stand() -> None:
    bench = riding()
    late = broken_off(bench)
    bench.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT))
    assert bench.state.ending == {"u1/pin/1/look1/ride1"}
    bench.do(late)
    assert bench.state.ending == frozenset()


def test_not_to_see_it_asks_once_more_and_then_a_person() -> None:
    bench = riding()
    assert types(bench.do(bench.seen("pin", "cannot_see"))) == "check_ended check_requested"
    assert bench.at("pin").ride == "wanted"
    bench.do(START)
    bench.do(bench.seen("pin", "cannot_see"))
    assert bench.at("pin").status == "attention"
    bench.do(bench.choice("pin", "recheck"))
    assert bench.at("pin").ride == "wanted"
    bench.do(START)
    bench.do(bench.seen("pin"))
    assert bench.at("pin").status == "done"


def blocked() -> Bench:
    """A pin in its seat that the arm hides from the camera above, with nothing to do there."""
    what = PIN.model_copy(update={"look": None})
    bench = Bench(cell(cameras={"top": TOP})).running(variant(LOAD, what, LID, LAST))
    bench.finish("load")
    bench.start("pin", "robot")
    bench.do(bench.skill("pin"))
    bench.do(cmd.EndCheck(effect=bench.at("pin").effect, unit="u1", step="pin", attempt=1, blocked=True))
    return bench


def test_an_arm_in_the_way_with_nothing_to_do_goes_home_before_the_camera_looks() -> None:
    bench = blocked()
    assert bench.at("pin").ride == "wanted"
    assert proposals(bench)[0] == START
    (started,) = bench.do(START)
    assert react(bench.state, started) == [RideAndLook("u1/pin/1/look1/ride1", "u1", "pin", 1)]
    assert bench.no(cmd.StartStep(unit="u1", step="lid", actors=(ROBOT,))) == "lane"
    bench.do(bench.seen("pin"))
    assert bench.at("pin").status == "done"
    assert bench.replayed() == bench.state


def test_after_it_went_home_the_camera_looks_again_without_it() -> None:
    bench = blocked()
    bench.do(START)
    *_, asked = bench.do(bench.seen("pin", "cannot_see"))
    assert react(bench.state, asked) == [Look("u1/pin/1/look2", "u1", "pin", 1)]


def test_the_arm_that_would_go_out_of_the_way_is_held_as_any_other() -> None:
    bench = blocked()
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD))
    assert bench.no(START) == "interlock"
    bench.do(cmd.ReportRestart())
    assert bench.at("pin").ride == ""  # it is looked at from where the cameras stand, without moving


def test_motions_of_a_look_pass_the_gate_only_while_it_is_under_way() -> None:
    bench = wanted()
    motion = cmd.ProposeMotion(effect="u1/pin/1/look1/ride1", motion="m", text="look at pin")
    assert bench.no(motion) == "stale"
    bench.do(START)
    assert types(bench.do(motion)) == "motion_intended"
    bench.do(cmd.EndMotion(effect=motion.effect, motion="m", outcome="succeeded"))
    bench.do(bench.seen("pin"))
    assert bench.no(cmd.ProposeMotion(effect=motion.effect, motion="m2", text="go home")) == "stale"


def test_a_motion_of_a_look_that_waits_for_approval_does_not_outlive_it() -> None:
    bench = riding()
    bench.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    bench.do(cmd.ProposeMotion(effect="u1/pin/1/look1/ride1", motion="m", text="look at pin"))
    bench.do(broken_off(bench))
    assert bench.state.motions == {}


@pytest.mark.parametrize(
    ("cameras", "again"), [({"wrist": WRIST, "top": TOP}, {"load", "pin"}), ({"wrist": WRIST}, {"load"})]
)
def test_a_last_look_moves_nothing(cameras: dict[str, object], again: set[str]) -> None:
    """What only the wrist can see is not looked at again: nothing would bring the camera there."""
    bench = Bench(cell(cameras=cameras)).running(
        variant(LOAD, PIN, step("last", ["pin"], by="human", check=["person"]))
    )
    bench.finish("load")
    bench.finish("pin", "robot")
    bench.start("last", "front")
    events = bench.do(bench.confirm("last"))
    looks = [effect for event in events for effect in react(bench.state, event)]
    assert {look.step for look in looks if isinstance(look, Look)} == again
    assert not any(isinstance(look, RideAndLook) for look in looks)
    bench.look_again()
    assert "u1" not in bench.state.units


def test_the_journal_gives_the_same_state_again() -> None:
    bench = riding()
    bench.do(broken_off(bench))
    bench.do(START)
    bench.do(bench.seen("pin"))
    assert bench.replayed() == bench.state
