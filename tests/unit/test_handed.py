"""What a person had in hand goes to the robot, or is left out, only once it is known whether its part is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb
from orchestrator.core.ports import Safety
from orchestrator.core.questions import asks
from orchestrator.core.variant import Wait
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, Refused, ladder, step, types, variant
from tests.unit.test_decide_overdue import ALLOWED_S, bench, offered, pass_by
from tests.unit.test_lost_at_work import buttons

if TYPE_CHECKING:
    from collections.abc import Callable

CLEAR = cmd.ClearPlace(place="front")
CHOOSE = TypeAdapter(cmd.Choose)


def _given() -> Bench:
    b = _in_hand()
    pass_by(b, ALLOWED_S)
    b.do(cmd.GiveStep(unit="u1", step="pin", attempt=1, place="front"), WORKER)
    return b


def _chosen(choice: str) -> Bench:
    b = _in_hand()
    pass_by(b, 3 * ALLOWED_S)
    b.do(b.choice("pin", choice, reason="nobody comes"), SUPERVISOR)
    assert b.at("pin").effect == ""  # as long as somebody may be at it, its part may still be put in
    b.do(CLEAR, WORKER)
    return b


def _reported(choice: str) -> Bench:
    b = _in_hand()
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front"), WORKER)
    b.do(b.choice("pin", choice, reason="let it be"), SUPERVISOR)
    return b


def _by_ladder(rung: str) -> Bench:
    b = bench(by="robot human")
    b = Bench().running(variant(b.step("load"), b.step("pin").model_copy(update={"on_fail": {"*": ladder(rung)}})))
    b.finish("load")
    b.start("pin", "front")
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front", code="dropped"), WORKER)
    assert b.at("pin").effect == ""  # they may still be at it
    b.do(CLEAR, WORKER)
    return b


def _in_hand() -> Bench:
    b = bench(by="robot human")
    b.start("pin", "front")
    return b


TO_THE_ROBOT: dict[str, Callable[[], Bench]] = {
    "given": _given,
    "chosen": lambda: _chosen("other_actor"),
    "reported": lambda: _reported("other_actor"),
    "by the ladder": lambda: _by_ladder("other_actor"),
}
LEFT_OUT: dict[str, Callable[[], Bench]] = {
    "chosen": lambda: _chosen("skip"),
    "reported": lambda: _reported("skip"),
    "by the ladder": lambda: _by_ladder("skip"),
}


@pytest.mark.parametrize("how", TO_THE_ROBOT)
def test_the_robot_begins_once_the_camera_has_seen_that_nothing_is_in(how: str) -> None:
    b = TO_THE_ROBOT[how]()
    assert b.at("pin").status == "verifying"
    b.do(b.seen("pin", "missing"))
    (start,) = Schedule()(b.state, b.t)[0]
    assert start == cmd.StartStep(unit="u1", step="pin", actors=("robot",))
    b.do(start)
    assert b.replayed() == b.state


@pytest.mark.parametrize("how", [*TO_THE_ROBOT, *LEFT_OUT])
def test_what_the_camera_sees_in_its_place_is_done_whoever_put_it_there(how: str) -> None:
    b = {**LEFT_OUT, **TO_THE_ROBOT}[how]()
    b.do(b.seen("pin"))
    assert b.at("pin").status == "done"
    assert (b.state.world.facts["u1/pin"].holder, b.at("pin").waived) == ("u1/body", "")
    assert b.replayed() == b.state


@pytest.mark.parametrize("verdict", ["displaced", "flipped", "wrong", "cannot_see"])
@pytest.mark.parametrize("how", [*TO_THE_ROBOT, *LEFT_OUT])
def test_whatever_else_the_camera_says_is_a_question_whatever_the_ladder_says(how: str, verdict: str) -> None:
    b = {**LEFT_OUT, **TO_THE_ROBOT}[how]()
    b.do(b.seen("pin", verdict))
    if verdict == "cannot_see":
        b.do(b.seen("pin", verdict))
    assert (b.at("pin").status, b.at("pin").code) == ("attention", verdict)
    b.do(b.choice("pin", "retry"), WORKER)
    with pytest.raises(Refused, match="unsaid"):
        b.start("pin", "robot")
    b.start("pin", "back")


@pytest.mark.parametrize("how", LEFT_OUT)
def test_what_is_left_out_is_left_out_once_the_camera_has_seen_that_it_is_not_in(how: str) -> None:
    b = LEFT_OUT[how]()
    b.do(b.seen("pin", "missing"))
    assert b.at("pin").status == "skipped"
    assert b.at("pin").waived
    assert b.replayed() == b.state


def test_a_retry_after_a_persons_problem_is_for_people_until_somebody_has_looked() -> None:
    b = _in_hand()
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front"), WORKER)
    b.do(b.choice("pin", "retry"), WORKER)
    with pytest.raises(Refused, match="unsaid"):
        b.start("pin", "robot")
    b.start("pin", "back")


def test_a_part_that_a_person_says_to_have_taken_off_may_be_put_in_by_the_robot() -> None:
    b = _in_hand()
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front"), WORKER)
    rework = b.choice("pin", "rework", rework="pin")
    assert b.no(rework, WORKER) == "unsaid"
    b.do(rework.model_copy(update={"part_out": True}), WORKER)
    b.start("pin", "robot")


@pytest.mark.parametrize("target", ["pin", "load"])
def test_rework_of_what_a_person_may_have_built_on_wants_the_same_word(target: str) -> None:
    """The robot puts in the next one without a look, so that nothing may be left where it goes."""
    b = by_touch()
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front"), WORKER)
    (button,) = [each for each in buttons(b, "pin") if each.command.get("rework") == target]
    assert (button.label, button.command["part_out"]) == ("rework_empty", True)
    assert b.no(b.choice("pin", "rework", rework=target), WORKER) == "unsaid"
    b.do(CHOOSE.validate_python(button.command), WORKER)
    b.start(target, "robot")


def test_rework_of_what_is_known_to_be_in_needs_no_word_that_it_is_not() -> None:
    b = Bench().running(variant(step("pin", part="body", at="nest", by="robot")))
    b.start("pin", "robot")
    b.do(b.skill("pin"))
    b.do(b.seen("pin", "displaced"))
    assert "rework" in {each.label for each in buttons(b, "pin")}
    b.do(b.choice("pin", "rework", rework="pin"), WORKER)


def by_touch() -> Bench:
    """The pin is put in where no camera looks."""
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", check=["person"])
    b = Bench().running(variant(load, pin))
    b.finish("load")
    b.start("pin", "front")
    return b


def test_where_no_camera_looks_whoever_gives_a_step_away_says_that_its_part_is_not_in() -> None:
    b = by_touch()
    pass_by(b, ALLOWED_S)
    give = cmd.GiveStep(unit="u1", step="pin", attempt=1, place="front")
    assert b.no(give, WORKER) == "unsaid"
    b.do(give.model_copy(update={"part_out": True}), WORKER)
    b.start("pin", "robot")


@pytest.mark.parametrize("choice", ["other_actor", "skip"])
def test_where_no_camera_looks_whoever_decides_says_that_the_part_is_not_in(choice: str) -> None:
    b = by_touch()
    pass_by(b, 3 * ALLOWED_S)
    assert choice in offered(b)
    assert b.no(b.choice("pin", choice, reason="left"), SUPERVISOR) == "unsaid"
    b.do(b.choice("pin", choice, reason="left", part_out=True), SUPERVISOR)
    if choice == "other_actor":
        b.do(CLEAR, WORKER)
        b.start("pin", "robot")
    else:
        assert b.at("pin").status == "skipped"


def test_where_no_camera_looks_no_ladder_hands_it_to_the_robot() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", ["load"], part="pin", at="body/seat", check=["person"], on_fail=ladder("other_actor"))
    b = Bench().running(variant(load, pin))
    b.finish("load")
    b.start("pin", "front")
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front", code="dropped"), WORKER)
    assert b.at("pin").status == "attention"


def test_what_the_robot_met_something_at_is_a_question_and_never_simply_run_again() -> None:
    b = bench(by="robot")
    b.start("pin", "robot")
    ids = {"effect": "u1/pin/1/skill", "motion": "m"}
    b.do(cmd.ProposeMotion.model_validate(ids))
    b.do(cmd.ReportSafety(safety=Safety.PROTECTIVE_STOP))
    b.do(cmd.EndMotion.model_validate({**ids, "outcome": "canceled"}))
    b.do(cmd.SettleCell(state=b.state.cell))
    b.do(cmd.Acknowledge(), WORKER)
    b.do(cmd.ReportSafety(safety=Safety.NORMAL))
    assert types(b.do(b.skill("pin", "canceled"))) == "skill_ended step_failed"
    assert (b.at("pin").status, b.at("pin").code) == ("attention", "protective_stop")
    b.verb(CellVerb.UNHOLD)
    assert Schedule()(b.state, b.t)[0] == ()
    b.do(b.choice("pin", "retry"), WORKER)
    b.wait(1)
    b.start("pin", "robot")
    b.verb(CellVerb.HOLD)
    b.do(b.skill("pin", "canceled"))
    assert b.at("pin").status == "ready"  # a mere hold is no fault of its own


def test_an_answer_is_for_the_question_that_was_shown() -> None:
    b = bench()
    b.start("pin", "front")
    pass_by(b, 3 * ALLOWED_S)
    force = b.choice("pin", "force", reason="she is just slow", answers=asks(b.at("pin")))
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front", note="the seat is cracked"), WORKER)
    assert b.no(force, SUPERVISOR) == "stale"
    b.do(force.model_copy(update={"answers": asks(b.at("pin"))}), SUPERVISOR)


def test_an_answer_to_what_one_look_saw_is_none_to_what_the_next_saw() -> None:
    b = bench(by="robot")
    b.start("pin", "robot")
    b.do(b.skill("pin"))
    b.do(b.seen("pin", "cannot_see"))
    b.do(b.seen("pin", "cannot_see"))
    retry = b.choice("pin", "retry", answers=asks(b.at("pin")))
    b.do(b.choice("pin", "recheck", answers=asks(b.at("pin"))), WORKER)
    b.do(b.seen("pin", "cannot_see"))
    assert b.no(retry, WORKER) == "stale"


def starved(b: Bench, *bins: str) -> None:
    for name in bins:
        b.do(cmd.RefillBin(bin=name, count=0))


def test_a_step_is_not_given_to_a_robot_that_has_nothing_to_do_it_with() -> None:
    b = _in_hand()
    starved(b, "tray")
    pass_by(b, ALLOWED_S)
    give = cmd.GiveStep(unit="u1", step="pin", attempt=1, place="front")
    assert b.no(give, WORKER) == "starved"
    b.do(cmd.RefillBin(bin="tray", count=6))
    b.do(give, WORKER)


def test_a_given_step_that_the_robot_can_not_begin_comes_back_to_people() -> None:
    b = _given()
    b.do(b.seen("pin", "missing"))
    starved(b, "tray")
    assert pass_by(b, 2 * ALLOWED_S) == ["remind", "ask"]
    assert "retry" in offered(b)
    b.do(b.choice("pin", "retry"), WORKER)
    b.start("pin", "front")


def test_what_only_the_robot_is_left_for_and_nobody_knows_of_is_a_question() -> None:
    b = _in_hand()
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front"), WORKER)
    b.do(b.choice("pin", "retry"), WORKER)
    b.do(cmd.LeavePlace(place="front"))
    b.do(cmd.LeavePlace(place="back"))
    assert pass_by(b, 2 * ALLOWED_S) == ["remind", "ask"]
    b.do(b.choice("pin", "rework", rework="pin", part_out=True), WORKER)
    b.start("pin", "robot")


def test_a_step_whose_window_has_closed_is_not_taken_over() -> None:
    load = step("load", part="body", at="nest", by="robot")
    pin = step("pin", [Wait(step="load", max_s=60)], part="pin", at="body/seat", by="human")
    b = Bench().running(variant(load, pin))
    b.finish("load")
    b.start("pin", "front")
    pass_by(b, 2 * ALLOWED_S)
    assert b.no(cmd.TakeStep(unit="u1", step="pin", attempt=1, place="back"), WORKER) == "too_late"
    assert b.at("pin").actors == ("front",)
