"""Whose look at a result counts where two people must look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.state import StepState
    from orchestrator.core.variant import Step


def may_look(step: Step, current: StepState, operator: str) -> bool:
    """Whether the look of `operator` at a result adds to what is there: nobody is two people."""
    return "two_people" not in step.check or operator not in current.witnesses
