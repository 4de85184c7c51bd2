"""Which question a step asks: an answer that was pressed for an earlier one is not an answer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import StepStatus

if TYPE_CHECKING:
    from orchestrator.core.state import StepState


def asks(current: StepState) -> str:
    """Return what tells a question of an attempt from its others: what is wrong, by which look, or since when it waits.

    >>> from orchestrator.core.state import StepState
    >>> asks(StepState(status=StepStatus.ATTENTION, code="displaced", looks=2))
    'displaced/2/0'
    """
    if current.status != StepStatus.ATTENTION:
        return f"overdue/{current.overdue_t:.3f}"
    return f"{current.code}/{current.looks}/{current.doubted_t or 0:g}"
