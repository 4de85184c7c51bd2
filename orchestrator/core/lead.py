"""How long what the arm will do is shown before it begins, so that whoever works there can see it coming."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.state import MotionState, State


def lead_s(state: State) -> float:
    """Return how long (s) a motion that begins from a standstill is shown first: 0 where nobody has signed in."""
    return state.spec.lead_s if state.places else 0.0


def begins_t(motion: MotionState) -> float | None:
    """Return when (s, UTC) the arm begins; None while a person has yet to let it."""
    return motion.t + motion.lead_s if motion.approved else None
