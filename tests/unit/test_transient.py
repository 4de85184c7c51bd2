"""What transient states wait for, and what follows when they wait in vain."""

from __future__ import annotations

import math

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CELL, TRANSIENT, CellState, CellVerb
from orchestrator.core.ports import Safety
from orchestrator.core.transient import TRANSIENTS, Awaited
from orchestrator.engine import phrases
from orchestrator.engine.performing import SKILL_ENDS_S
from tests.unit.core_builders import Bench, step, variant

ONE = variant(step("load", part="body", at="nest", by="robot"))
HOLD, STOP = cmd.ChangeCell(verb=CellVerb.HOLD, reason="a hand is near"), cmd.ChangeCell(verb=CellVerb.STOP)


def in_vain(bench: Bench, why: str) -> None:
    bench.do(cmd.SettleCell(state=bench.state.cell, trouble=(why,)))


def test_every_transient_state_has_its_row_and_its_words_in_each_language() -> None:
    assert TRANSIENTS.keys() == TRANSIENT
    for row in TRANSIENTS.values():
        for sentence in filter(None, (row.says, row.then)):
            assert phrases.told(sentence)["de"] != sentence


def test_every_state_but_the_last_has_a_limit_and_a_harder_way_that_its_table_allows() -> None:
    for state, row in TRANSIENTS.items():
        if row.escalates is None:
            assert (state, row.limit_s) == (CellState.ABORTING, math.inf)
        else:
            assert state in CELL[row.escalates]
            assert SKILL_ENDS_S < row.limit_s < math.inf


def test_what_brings_the_arm_to_a_stand_waits_for_just_that() -> None:
    assert {s for s, row in TRANSIENTS.items() if Awaited.STAND in row.waits} == {
        CellState.HOLDING, CellState.SUSPENDING, CellState.STOPPING, CellState.ABORTING,
    }  # fmt: skip


def test_a_hold_in_vain_becomes_a_stop_then_an_abort_and_keeps_its_first_reason() -> None:
    bench = Bench().running(ONE)
    bench.do(HOLD)
    in_vain(bench, "The robot does not answer.")
    assert (bench.state.cell, bench.state.cell_reason) == (CellState.STOPPING, "a hand is near")
    assert bench.state.cell_trouble == ("The robot does not answer.",)
    assert not bench.state.acknowledged
    in_vain(bench, "The robot did not stand within 10 s.")
    assert (bench.state.cell, bench.state.cell_reason) == (CellState.ABORTING, "a hand is near")
    assert bench.state.cell_trouble == ("The robot does not answer.", "The robot did not stand within 10 s.")
    bench.do(cmd.SettleCell(state="aborting"))
    assert (bench.state.cell, bench.state.cell_reason) == (CellState.ABORTED, "a hand is near")
    bench.verb(CellVerb.CLEAR)
    assert bench.state.cell_trouble == ()
    assert bench.replayed() == bench.state


def test_a_suspend_in_vain_becomes_a_hold() -> None:
    bench = Bench().running(ONE)
    bench.do(cmd.ChangeCell(verb=CellVerb.SUSPEND, reason="no air"))
    in_vain(bench, "The robot does not answer.")
    assert (bench.state.cell, bench.state.cell_reason) == (CellState.HOLDING, "no air")
    assert not bench.state.acknowledged


def test_an_abort_has_nothing_harder() -> None:
    bench = Bench().running(ONE)
    bench.do(cmd.ChangeCell(verb=CellVerb.ABORT, reason="smoke"))
    in_vain(bench, "The robot does not answer.")
    assert (bench.state.cell, bench.state.cell_trouble) == (CellState.ABORTING, ())


def test_a_start_in_vain_aborts_and_says_why() -> None:
    bench = Bench()
    bench.do(cmd.ChangeCell(verb=CellVerb.START))
    in_vain(bench, "The robot has no power.")
    assert (bench.state.cell, bench.state.cell_reason) == (CellState.ABORTING, "The robot has no power.")


def test_what_waited_for_an_earlier_time_in_the_same_state_changes_nothing() -> None:
    bench = Bench()
    bench.verb(CellVerb.START)
    bench.verb(CellVerb.HOLD)
    bench.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
    late = cmd.SettleCell(state="unholding", trouble=("The robot was not ready.",), change=bench.state.cell_changes)
    bench.verb(CellVerb.HOLD)
    bench.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
    assert bench.do(late) == []
    assert bench.do(late.model_copy(update={"trouble": ()})) == []
    bench.do(cmd.SettleCell(state="unholding", change=bench.state.cell_changes))
    assert bench.state.cell == "execute"
    assert bench.replayed() == bench.state


def test_what_waited_in_vain_for_a_state_that_is_over_changes_nothing() -> None:
    bench = Bench().running(ONE)
    bench.do(HOLD)
    bench.do(STOP)
    late = cmd.SettleCell(state="holding", trouble=("The robot does not answer.",))
    assert bench.do(late) == []
    assert bench.state.cell == CellState.STOPPING


@pytest.mark.parametrize("safety", [Safety.EMERGENCY_STOP, Safety.FAULT])
def test_what_comes_on_the_way_down_is_added_to_the_first_reason(safety: Safety) -> None:
    bench = Bench().running(ONE)
    bench.do(HOLD)
    bench.do(cmd.ReportSafety(safety=safety))
    assert (bench.state.cell, bench.state.cell_reason) == (CellState.ABORTING, "a hand is near")
    assert bench.state.cell_trouble == (safety.replace("_", " "),)


def test_a_new_reason_after_the_cell_has_stood_is_a_new_story() -> None:
    bench = Bench().running(ONE)
    bench.do(HOLD)
    bench.do(cmd.SettleCell(state="holding"))
    bench.do(cmd.ChangeCell(verb=CellVerb.STOP, reason="shift is over"))
    assert bench.state.cell_reason == "shift is over"
