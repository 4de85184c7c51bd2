"""The tables of legal moves."""

from __future__ import annotations

import pytest

from orchestrator.core.machine import (
    CELL,
    STEP,
    TRANSIENT,
    CellState,
    CellVerb,
    IllegalMove,
    OrderState,
    OrderVerb,
    StepMove,
    StepStatus,
    allowed,
    move,
)


def test_packml_has_its_17_states_and_each_can_be_reached_and_left() -> None:
    assert len(CellState) == 17
    reached = {dest for row in CELL.values() for dest in row.values()}
    left = {source for row in CELL.values() for source in row}
    assert reached == left == set(CellState)


@pytest.mark.parametrize("state", CellState)
def test_abort_is_possible_from_everywhere_but_where_it_leads(state: CellState) -> None:
    there = {CellState.ABORTING, CellState.ABORTED}
    assert (CellVerb.ABORT in allowed("cell", state)) == (state not in there)


@pytest.mark.parametrize("state", CellState)
def test_stop_never_weakens_an_abort(state: CellState) -> None:
    stronger = {CellState.ABORTING, CellState.ABORTED, CellState.CLEARING, CellState.STOPPING, CellState.STOPPED}
    assert (CellVerb.STOP in allowed("cell", state)) == (state not in stronger)


def test_every_transient_state_settles_in_one_that_is_not() -> None:
    assert {dest for state, dest in CELL[CellVerb.SETTLE].items()} & TRANSIENT == set()
    assert {state for state in CellState if state.endswith("ing")} == TRANSIENT


@pytest.mark.parametrize("status", StepStatus)
def test_a_step_is_done_only_from_work_or_a_decision(status: StepStatus) -> None:
    source = {StepStatus.ACTIVE, StepStatus.VERIFYING, StepStatus.ATTENTION}
    assert (status in STEP[StepMove.PASS]) == (status in source)


def test_moves_follow_the_table() -> None:
    assert move("cell", CellState.IDLE, CellVerb.START) == CellState.STARTING
    assert move("order", OrderState.RUNNING, OrderVerb.STOP) == OrderState.STOPPING
    assert move("step", StepStatus.READY, StepMove.START) == StepStatus.ACTIVE


def test_an_illegal_move_says_what_is_possible() -> None:
    with pytest.raises(IllegalMove, match="'resume' is not possible while the order is running") as caught:
        move("order", OrderState.RUNNING, OrderVerb.RESUME)
    assert caught.value.remedy == "Possible now: abort, end, pause, stop."
    with pytest.raises(IllegalMove) as caught:
        move("order", OrderState.CLEARED, OrderVerb.START)
    assert caught.value.remedy == "Possible now: nothing."


def test_machines_keep_no_state_from_one_move_to_the_next() -> None:
    for _ in range(2):
        assert move("cell", CellState.HELD, CellVerb.UNHOLD) == CellState.UNHOLDING
        with pytest.raises(IllegalMove):
            move("cell", CellState.IDLE, CellVerb.UNHOLD)
