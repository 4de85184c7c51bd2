"""What a person had in hand and goes to others: whether its part is in already, which nobody has said yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from orchestrator.core.state import StepState
    from orchestrator.core.variant import Step


def leaves_unsaid(step: Step, current: StepState) -> bool:
    """Whether an attempt that ends now was a person's alone, who has not said that its part is in its place."""
    by_hand = bool(current.actors) and ROBOT not in current.actors
    return by_hand and "confirm" in current.wants and step.result.part is not None


def must_be_said(step: Step, current: StepState) -> bool:
    """Whether only a person can say if what was in hand is in its place: no camera looks at the result."""
    return (current.unsaid or leaves_unsaid(step, current)) and "camera" not in step.check
