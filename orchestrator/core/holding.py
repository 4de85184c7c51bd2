"""Holds of a cell that holds already: each reason counts by itself, and each wants a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.folders import Folder, entering
from orchestrator.core.machine import CellState
from orchestrator.core.records import replace

if TYPE_CHECKING:
    from orchestrator.core.state import State

HOLDS_ALREADY = frozenset({CellState.HOLDING, CellState.HELD})
HOLDING: dict[type, Folder] = {}
_on = entering(HOLDING)
_MOST = 20  # sentences that are kept


def known(state: State, reason: str) -> bool:
    """Whether a reason is among those for which the cell stands already."""
    return reason in {state.cell_reason, *state.cell_trouble}


@_on(ev.HoldJoined)
def _joined(state: State, event: ev.HoldJoined, _t: float) -> State:
    state = replace(state, acknowledged=False, alarms=state.alarms + 1)
    if known(state, event.reason):
        return state
    if not state.cell_reason:
        return replace(state, cell_reason=event.reason)
    return replace(state, cell_trouble=(*state.cell_trouble, event.reason)[:_MOST])
