"""Where hands may still be, since what they were at was taken away: the robot stays out until somebody has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.core.rides import arm_blockers
from orchestrator.core.state import ANYWHERE
from orchestrator.engine.handling import peopled
from orchestrator.engine.late import clearing
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, Refused, cell, ladder, step, variant
from tests.unit.test_decide_overdue import ALLOWED_S, bench, pass_by

if TYPE_CHECKING:
    from collections.abc import Callable

LOAD = step("load", part="body", at="nest", by="robot")


def proposed(b: Bench) -> list[str]:
    return [command.type for command in Schedule()(b.state, b.t)[0]]


@pytest.mark.parametrize("choice", ["other_actor", "skip", "force"])
def test_the_arm_does_not_pass_either_where_a_step_was_taken_from_somebody(choice: str) -> None:
    b = bench(by="robot human")
    b.start("pin", "front")
    assert peopled(b.state) == {"zone:west"}
    pass_by(b, 3 * ALLOWED_S)
    b.do(b.choice("pin", choice, reason="nobody comes"), SUPERVISOR)
    assert peopled(b.state) == {"zone:west"}
    b.do(cmd.ClearPlace(place="front"), SUPERVISOR)
    assert peopled(b.state) == set()


@pytest.mark.parametrize("code", ["problem", "dropped"])
@pytest.mark.parametrize("ladder_", [("other_actor", "ask"), ("retry", "ask"), ("skip",)])
def test_what_a_person_reports_of_their_step_leaves_its_place_unclear(ladder_: tuple[str, ...], code: str) -> None:
    pin = step("pin", ["load"], part="pin", at="body/seat", by="robot human", on_fail={code: ladder(*ladder_)})
    b = Bench().running(variant(LOAD, pin, step("last", ["pin"], by="human")))
    b.finish("load")
    b.start("pin", "front")
    b.do(cmd.ReportProblem(unit="u1", step="pin", attempt=1, place="front", code=code), WORKER)
    assert peopled(b.state) == {"zone:west"}
    starts = [command for command in Schedule()(b.state, b.t)[0] if isinstance(command, cmd.StartStep)]
    assert not any("robot" in start.actors for start in starts)
    b.do(cmd.ClearPlace(place="front"), WORKER)
    assert peopled(b.state) == set()
    assert b.replayed() == b.state


def test_the_arm_moves_for_no_look_while_somebody_may_be_in_its_way() -> None:
    b = bench()
    b.start("pin", "front")
    pass_by(b, 3 * ALLOWED_S)
    b.do(b.choice("pin", "skip", reason="left out"), SUPERVISOR)
    assert [why.code for why in arm_blockers(b.state)] == ["unclear"]
    b.do(cmd.ClearPlace(place="front"), SUPERVISOR)
    assert arm_blockers(b.state) == []


def test_an_order_that_is_aborted_under_somebodys_hands_leaves_its_nest_unclear() -> None:
    b = Bench(cell(nests={"nest": ["nest_1"]})).running(variant(step("load", part="body", at="nest", by="human")))
    b.start("load", "front")
    b.do(cmd.StoreOrder(order="B", quantity=1, variant=variant(LOAD)))
    b.do(cmd.ChangeOrder(order="B", verb=OrderVerb.START))
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    b.do(cmd.TakePart(part="u1/body"), WORKER)
    b.do(cmd.StartUnit(order="B"))
    assert peopled(b.state) == {"zone:west"}
    assert proposed(b) == []
    with pytest.raises(Refused, match="unclear"):
        b.start("load", "robot", unit="u2")
    b.do(cmd.ClearPlace(place="front"), WORKER)
    assert proposed(b) == ["start_step"]
    assert b.replayed() == b.state


def test_an_order_that_is_aborted_from_one_question_leaves_unclear_where_others_are_at_work() -> None:
    b = Bench().running(variant(step("load", part="body", at="nest", by="human")), quantity=2, units=2)
    b.start("load", "front", unit="u1")
    b.wait(300)
    b.start("load", "back", unit="u2")
    pass_by(b, 3 * ALLOWED_S - 300)
    b.do(b.choice("load", "abort", reason="called off"), SUPERVISOR)
    assert dict(b.state.unclear) == {"front": ("zone:west",), "back": ("zone:east",)}


def test_a_unit_that_ends_as_it_should_leaves_nothing_unclear() -> None:
    b = Bench().running(variant(step("load", part="body", at="nest", by="human")))
    b.finish("load", "front")
    assert b.state.units == {}
    assert dict(b.state.unclear) == {}


@pytest.mark.parametrize("how", ["taken", "aborted"])
def test_hands_that_were_in_no_zone_may_be_anywhere(how: str) -> None:
    pin = step("pin", ["load"], part="pin", at="body/seat", by="robot human")
    b = Bench(cell(zones={})).running(variant(LOAD, pin))
    b.finish("load")
    b.start("pin", "front")
    pass_by(b, 3 * ALLOWED_S)
    if how == "taken":
        b.do(b.choice("pin", "other_actor"), WORKER)
    else:
        b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
        b.running(variant(step("load", part="body", at="press", by="robot")), order="B")
    assert dict(b.state.unclear) == {"front": (ANYWHERE,)}
    assert proposed(b) == []
    b.do(cmd.ClearPlace(place="front"), WORKER)
    if how == "taken":
        b.do(b.seen("pin", "missing"))
    assert proposed(b) == ["start_step"]


def test_a_word_that_a_place_is_clear_is_for_what_was_shown_then() -> None:
    b = bench(by="robot human")
    b.start("pin", "front")
    pass_by(b, 3 * ALLOWED_S)
    b.do(b.choice("pin", "force", reason="it is in"), SUPERVISOR)
    (button,) = clearing(b.state)
    late = cmd.ClearPlace.model_validate(button.command)
    b.do(late, WORKER)
    assert b.do(late, WORKER) == []
    b.do(cmd.ChangeOrder(order="A", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    b.do(cmd.TakePart(part="u1/body"), WORKER)
    b.running(variant(step("load", part="body", at="nest", by="human")), order="B")
    b.start("load", "front", unit="u2")
    b.do(cmd.ChangeOrder(order="B", verb=OrderVerb.ABORT, reason="called off"), SUPERVISOR)
    assert b.no(late, WORKER) == "stale"
    assert dict(b.state.unclear) == {"front": ("zone:west",)}
    (button,) = clearing(b.state)
    b.do(cmd.ClearPlace.model_validate(button.command), WORKER)
    assert dict(b.state.unclear) == {}
    assert b.replayed() == b.state


def handover(**more: Any) -> Bench:
    """The gripper holds the pin out, and somebody is at it with their hands; a body of another unit waits beside."""
    give = step("give", ["load"], part="pin", at="body/seat", together=True, on_fail=ladder("retry", "ask"), **more)
    b = Bench().running(variant(LOAD, give))
    b.finish("load")
    b.start("give", "robot", "front")
    b.do(b.moved("pin", "grasped", "gripper"))
    return b


def held(b: Bench) -> None:
    b.verb(CellVerb.HOLD)
    b.do(b.skill("give", "canceled"))
    b.verb(CellVerb.UNHOLD)


def restarted(b: Bench) -> None:
    b.do(cmd.ReportRestart(holding=True))
    b.do(cmd.JoinPlace(place="front", operator="op"))
    b.do(cmd.Acknowledge())
    b.verb(CellVerb.UNHOLD)
    b.do(b.choice("give", "retry"), WORKER)


@pytest.mark.parametrize(
    "broken_off",
    [
        held,
        restarted,
        lambda b: b.do(b.skill("give", "failed", code="jam")),
        lambda b: b.do(b.skill("give", "canceled")),
    ],
    ids=["held", "restarted", "failed", "its screen lost"],
)
def test_a_handover_that_is_broken_off_begins_anew_once_no_hands_are_in_its_way(
    broken_off: Callable[[Bench], object],
) -> None:
    b = handover()
    broken_off(b)
    assert dict(b.state.unclear) == {"front": ("zone:west",)}
    assert proposed(b) == []
    with pytest.raises(Refused, match="unclear"):
        b.start("give", "robot", "front")
    b.do(cmd.ClearPlace(place="front"), WORKER)
    b.start("give", "robot", "front")
    assert b.replayed() == b.state


def test_nothing_else_goes_where_a_handover_was_broken_off() -> None:
    b = handover()
    held(b)
    assert peopled(b.state) == {"zone:west"}
    assert "unclear" in {why.code for why in arm_blockers(b.state)}


def test_whoever_has_ended_their_share_of_a_handover_is_not_in_its_way() -> None:
    b = handover()
    b.do(b.confirm("give"))
    held(b)
    assert dict(b.state.unclear) == {}
