"""Why the cell stands or waits, and what would let it go on, as screens show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decide.lull import lulls
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import CellState
from orchestrator.core.transient import TRANSIENTS
from orchestrator.engine import phrases
from orchestrator.wire import Condition

if TYPE_CHECKING:
    from orchestrator.core.state import State


_MOST = 3  # reasons that are said at once
_SAID = {"restarted": "Tandem was restarted."}  # reasons that are one word in the journal


def waits_for(state: State) -> tuple[str, ...]:
    """Return what a cell that suspended by itself waits for now, in sentences; empty for any other."""
    if state.cell != CellState.SUSPENDED or not state.suspended:
        return ()
    return tuple(dict.fromkeys(text for one in lulls(state, state.t)[:_MOST] for text in one.said))


def to_refill(state: State) -> tuple[str, ...]:
    """Return the bins that a suspended cell waits for."""
    if state.cell != CellState.SUSPENDED or not state.suspended:
        return ()
    return tuple(dict.fromkeys(one.bin for one in lulls(state, state.t) if one.bin))


def condition(state: State) -> Condition:
    """Return what the cell waits for, its first reason, and what went wrong since."""
    row = TRANSIENTS.get(state.cell)
    reasons = waits_for(state) or (_SAID.get(state.cell_reason, state.cell_reason),)
    return Condition(
        waits=phrases.told(row.says, *([row.then] if row.then else [])) if row is not None else {},
        reason=phrases.told(*reasons) if any(reasons) else {},
        trouble=tuple(phrases.told(sentence) for sentence in state.cell_trouble),
        not_moving=tuple(phrases.told(reason) for reason in why_not(state)),
    )
