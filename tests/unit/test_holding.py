"""A hold while the cell holds: it counts by itself, whoever held first."""

from __future__ import annotations

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb
from tests.unit.core_builders import SUPERVISOR, WORKER, Bench, step, types, variant

HANDS = cmd.ChangeCell(verb=CellVerb.HOLD, reason="My hands are in.")
UNHOLD = cmd.ChangeCell(verb=CellVerb.UNHOLD)


def _held(reason: str = "A part fell.") -> Bench:
    bench = Bench().running(variant(step("load", part="body", at="nest", by="robot")))
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD, reason=reason), SUPERVISOR)
    bench.do(cmd.SettleCell(state="holding"))
    return bench


def test_a_hold_while_held_is_not_released_by_the_word_of_who_held_first() -> None:
    bench = _held()
    assert types(bench.do(HANDS, WORKER)) == "hold_joined"
    assert bench.state.cell == CellState.HELD
    assert bench.no(UNHOLD, SUPERVISOR) == "interlock"
    bench.do(cmd.Acknowledge(n=bench.state.alarms), SUPERVISOR)
    bench.do(UNHOLD, SUPERVISOR)
    assert bench.state.cell_trouble == ()


def test_each_hold_wants_a_word_of_its_own() -> None:
    bench = _held()
    bench.do(HANDS, WORKER)
    shown = bench.state.alarms
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD, reason="Mine, too."), WORKER)
    assert bench.no(cmd.Acknowledge(n=shown), SUPERVISOR) == "stale"


def test_the_reasons_of_every_hold_are_shown() -> None:
    bench = _held()
    bench.do(HANDS, WORKER)
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD), WORKER)
    assert bench.state.cell_reason == "A part fell."
    assert bench.state.cell_trouble == ("My hands are in.", "worker wants the cell held, too.")
    assert bench.replayed() == bench.state


def test_a_hold_without_a_reason_leaves_the_first_place_to_the_one_that_has_one() -> None:
    bench = _held("")
    bench.do(HANDS, WORKER)
    assert (bench.state.cell_reason, bench.state.cell_trouble) == ("My hands are in.", ())


def test_a_hold_while_the_arm_comes_to_a_stand_stays_until_somebody_says_that_the_cell_is_clear() -> None:
    bench = Bench().running(variant(step("load", part="body", at="nest", by="robot")))
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD), SUPERVISOR)
    settling = cmd.SettleCell(state="holding", change=bench.state.cell_changes)
    bench.do(HANDS, WORKER)
    bench.do(settling)  # the arm is waited for no longer by it
    assert bench.state.cell == CellState.HELD
    assert bench.no(UNHOLD, SUPERVISOR) == "interlock"


def test_what_the_engine_has_said_already_is_no_second_hold() -> None:
    bench = _held()
    lost = cmd.ChangeCell(verb=CellVerb.HOLD, reason="the journal could not be written")
    assert types(bench.do(lost)) == "hold_joined"
    bench.do(cmd.Acknowledge())
    assert types(bench.do(lost)) == "nothing"
    assert bench.state.acknowledged


def test_twenty_reasons_are_kept_and_every_hold_counts() -> None:
    bench = _held()
    for n in range(30):
        bench.do(cmd.ChangeCell(verb=CellVerb.HOLD, reason=f"reason {n}"), WORKER)
    assert len(bench.state.cell_trouble) == 20
    bench.do(cmd.Acknowledge())
    bench.do(cmd.ChangeCell(verb=CellVerb.HOLD, reason="one more"), WORKER)
    assert not bench.state.acknowledged
