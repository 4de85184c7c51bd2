"""State from events: never refuses, and gives the same again."""

from __future__ import annotations

import json

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.errors import JournalError
from orchestrator.core.events import EVENT, decode, subject
from orchestrator.core.fold import fold
from orchestrator.core.machine import CellState, OrderState
from orchestrator.core.state import initial
from tests.unit.core_builders import SUPERVISOR, TORQUE, Bench, cell, ladder, step, variant

LOAD = step("load", part="body", at="nest", by="robot", on_fail=ladder("retry", "ask"))
TIGHT = step("tight", ["load"], check=[], values=TORQUE, tool="driver", on_fail=ladder("retry", "ask"))
WHOLE = variant(LOAD, TIGHT, step("last", ["tight"], by="human", check=["two_people"]))


def _eventful() -> Bench:
    """A run with a failure, an answer, an undo, a restart and a whole unit."""
    bench = Bench().running(WHOLE, quantity=2)
    bench.start("load", "robot")
    bench.do(bench.moved("body", "grasped", "gripper", bin="rack"))
    bench.do(bench.skill("load", "failed", code="slipped"))
    bench.start("load", "robot")
    bench.do(bench.moved("body", "placed", "nest_1"))
    bench.do(bench.skill("load"))
    bench.do(bench.seen("load", "displaced", offset_mm=(1, 2, 3)))
    bench.do(bench.choice("load", "recheck"))
    bench.do(bench.moved("body", "placed", "nest_1"))
    bench.do(bench.seen("load"))
    bench.finish("tight", "front", values={"torque_Nm": 12.0})
    bench.do(cmd.UndoStep(unit="u1", step="tight", part_out=True), SUPERVISOR)
    bench.finish("tight", "robot", values={"torque_Nm": 12})
    bench.finish("last")
    bench.do(cmd.StartUnit(order="A"))
    bench.do(cmd.ReportRestart())
    return bench


def test_reading_the_journal_again_gives_the_same_state() -> None:
    bench = _eventful()
    assert {event.type for _, event in bench.log} >= {"step_undone", "unit_ended", "step_answered", "check_ended"}
    assert bench.replayed() == bench.state
    assert bench.state.seq == len(bench.log)


def test_every_event_is_the_same_after_a_trip_through_json() -> None:
    for _, event in _eventful().log:
        text = event.model_dump_json()
        assert EVENT.validate_json(text) == event
        assert EVENT.validate_json(text).model_dump_json() == text


def test_folding_never_changes_the_state_that_it_is_given() -> None:
    bench = Bench().running(WHOLE)
    before, copy = bench.state, bench.replayed()
    bench.finish("load")
    assert before == copy


@pytest.mark.parametrize(
    "event",
    [
        ev.OrderChanged(order="X", state=OrderState.RUNNING),
        ev.UnitStarted(unit="u9", order="X", n=1, nests={}),
        ev.UnitEnded(unit="u9", order="X", state="done", record={}),
        ev.StepStarted(unit="u9", step="x", attempt=1, actors=("robot",)),
        ev.SkillEnded(unit="u9", step="x", attempt=1, effect="e", outcome="succeeded"),
        ev.StepConfirmed(unit="u1", step="x", attempt=1, place="front", operator="o"),
        ev.StepConfirmed(unit="u1", step="load", attempt=1, place="front", operator="o"),
        ev.CheckRequested(unit="u9", step="x", attempt=1, effect="e"),
        ev.CheckEnded(unit="u1", step="load", attempt=1, effect="e"),
        ev.AttestRequested(unit="u9", step="x", attempt=1),
        ev.AttestGiven(unit="u9", step="x", attempt=1, operator="o"),
        ev.StepDone(unit="u1", step="last", attempt=0, evidence=()),
        ev.StepFailed(unit="u1", step="last", attempt=1, code="x", message="x", answer="retry", rung=1),
        ev.StepAnswered(unit="u9", step="x", attempt=1, choice="retry", by="o"),
        ev.StepUndone(unit="u1", step="load", because="x"),
        ev.PartMoved(unit="u9", part="u9/x", kind="x", what="placed", holder="u9/y"),
        ev.MotionEnded(effect="e", motion="m", outcome="succeeded"),
        ev.PlaceLeft(place="roof"),
        ev.BinRefilled(bin="cup", count=3),
        ev.CellChanged(state=CellState.COMPLETED),
        ev.OutcomeIgnored(what="x", why="y"),
        ev.CommandDenied(by="x", role="worker", command="y"),
    ],
    ids=lambda event: event.type,
)
def test_no_event_is_refused_however_odd(event: ev.Event) -> None:
    state = Bench().running(WHOLE).state
    after = fold(state, event, 5.0, 99)
    assert (after.seq, after.t) == (99, 5.0)
    fold(initial(cell()), event, 5.0, 1)


def test_attempts_are_kept_one_by_one_with_what_became_of_them() -> None:
    bench = Bench().running(WHOLE)
    bench.start("load", "robot")
    bench.wait(3)
    bench.do(bench.skill("load", "failed", code="slipped", message="It slipped."))
    bench.start("load", "robot")
    bench.do(bench.skill("load"))
    bench.wait(1)
    bench.do(bench.seen("load"))
    first, second = bench.at("load").attempts
    assert (first.n, first.outcome, first.code, first.message) == (1, "failed", "slipped", "It slipped.")
    assert first.ended_t == first.started_t + 3
    assert (second.n, second.outcome, second.code) == (2, "done", "")
    assert second.measured is not None


def test_a_payload_of_an_unknown_form_is_an_error_with_a_remedy() -> None:
    good = json.loads(ev.PlaceLeft(place="front").model_dump_json())
    assert decode(json.dumps(good).encode(), 4) == ev.PlaceLeft(place="front")
    with pytest.raises(JournalError, match="Event 4 of the journal has an unknown form") as caught:
        decode(json.dumps({**good, "colour": "red"}).encode(), 4)
    assert caught.value.remedy


def test_an_event_knows_what_it_is_about() -> None:
    assert subject(ev.UnitStarted(unit="u1", order="A", n=1, nests={})) == "u1"
    assert subject(ev.OrderChanged(order="A", state=OrderState.ENDED)) == "A"
    assert subject(ev.PlaceLeft(place="front")) == ""
