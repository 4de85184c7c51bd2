"""Why the cell stands or waits, and what would let it go on, as screens show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.reason import coded
from orchestrator.core.transient import TRANSIENTS
from orchestrator.core.waits import reasons
from orchestrator.engine import phrases
from orchestrator.wire import Condition, Reason

if TYPE_CHECKING:
    from orchestrator.core.state import State


_SAID = {"restarted": "Tandem was restarted."}  # reasons that are one word in the journal


def condition(state: State) -> Condition:
    """Return what the cell waits for, its first reason, and what went wrong since."""
    row = TRANSIENTS.get(state.cell)
    reason = _SAID.get(state.cell_reason, state.cell_reason)
    return Condition(
        waits=phrases.told(row.says, *([row.then] if row.then else [])) if row is not None else {},
        reason=phrases.told(reason) if reason else {},
        trouble=tuple(phrases.told(sentence) for sentence in state.cell_trouble),
        not_moving=tuple(_said(reason) for reason in reasons(state)),
    )


def _said(reason: str) -> Reason:
    code, parameters = coded(reason)
    return Reason(code=code, parameters=dict(parameters), text=phrases.told(reason))
