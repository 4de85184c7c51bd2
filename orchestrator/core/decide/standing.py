"""Rules for how the cell comes to a stand: the first reason stays, what will not stand in time is stopped harder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.machine import CellState, move
from orchestrator.core.transient import TRANSIENTS

if TYPE_CHECKING:
    from orchestrator.core.state import State

_DOWN = frozenset({CellState.SUSPENDING, CellState.HOLDING, CellState.STOPPING, CellState.ABORTING})
_MOST = 20  # sentences of trouble that are kept


def halted(
    state: State, to: CellState, reason: str, *, by: str = "", acknowledged: bool | None = None
) -> ev.CellChanged:
    """Return a change of the cell; on the way down the first reason stays, and what came since is added to it."""
    if to not in _DOWN or state.cell not in _DOWN or not state.cell_reason:
        return ev.CellChanged(state=to, reason=reason, by=by, acknowledged=acknowledged)
    trouble = _more(state, (reason,))
    return ev.CellChanged(state=to, reason=state.cell_reason, trouble=trouble, by=by, acknowledged=acknowledged)


def escalated(state: State, trouble: tuple[str, ...]) -> list[ev.Event]:
    """Return what follows on a transient state that waited in vain; a person must then say that the cell is clear."""
    verb = TRANSIENTS[state.cell].escalates
    if verb is None:
        return []
    after = move("cell", state.cell, verb)
    if state.cell in _DOWN and state.cell_reason:
        return [
            ev.CellChanged(state=after, reason=state.cell_reason, trouble=_more(state, trouble), acknowledged=False)
        ]
    return [ev.CellChanged(state=after, reason=trouble[0], trouble=trouble[1:], acknowledged=False)]


def _more(state: State, sentences: tuple[str, ...]) -> tuple[str, ...]:
    known = (state.cell_reason, *state.cell_trouble)
    return (*state.cell_trouble, *(text for text in sentences if text and text not in known))[:_MOST]
