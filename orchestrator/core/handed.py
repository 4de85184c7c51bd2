"""What a person or the gripper had last and goes to others: whether its part is in already, which nobody has said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.state import ROBOT
from orchestrator.core.world import LOST

if TYPE_CHECKING:
    from orchestrator.core.state import State, StepState
    from orchestrator.core.variant import Step

UNKNOWN_END = frozenset({"interrupted", "cannot_see"})  # codes of failures that don't tell how far the robot came


def leaves_unsaid(step: Step, current: StepState) -> bool:
    """Whether an attempt that ends now was a person's alone, who has not said that its part is in its place."""
    by_hand = bool(current.actors) and ROBOT not in current.actors
    return by_hand and "confirm" in current.wants and step.result.part is not None


def in_a_handover(current: StepState) -> bool:
    """Whether robot and person were at a step together, and the person has not said that their share is done."""
    return ROBOT in current.actors and len(current.actors) > 1 and "confirm" in current.wants


def lost(state: State, unit_id: str, step: Step) -> bool:
    """Whether a step's part was in the gripper, is there no longer, and the ledger does not know where it is."""
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    return fact is not None and fact.holder == LOST


def must_be_said(step: Step, current: StepState) -> bool:
    """Whether only a person can say if what was in hand is in its place: no camera looks there, or it saw nothing."""
    unseen = "camera" not in step.check or current.code == "cannot_see"
    return (current.unsaid or leaves_unsaid(step, current)) and unseen


def goes_on(state: State, unit_id: str, step_id: str, choice: str) -> bool:
    """Whether by a choice others go on with what was in hand, or the robot with what it had itself.

    A person who tries again sees what is there.
    """
    step, current = state.variant_of(unit_id).by_id[step_id], state.units[unit_id].steps[step_id]
    robots = bool(current.attempts) and ROBOT in current.attempts[-1].actors
    own = current.unsaid and (robots or lost(state, unit_id, step))
    return choice in {"other_actor", "skip"} or (choice == "retry" and own)


def wants_word(state: State, unit_id: str, step_id: str, choice: str, rework: str = "") -> str:
    """Return the part that a person must say is not in its place for a choice to be taken, "" where there is none.

    Where a result is taken back the robot puts its part in anew without a look, so no part may be left in there.
    """
    unit, variant = state.units[unit_id], state.variant_of(unit_id)
    if choice == "rework":
        back = (rework, *variant.dependants(rework)) if rework in variant.by_id else ()
        steps = [(variant.by_id[name], unit.steps[name]) for name in back]
        parts = (step.result.part for step, current in steps if current.unsaid or leaves_unsaid(step, current))
        return next((part for part in parts if part is not None), "")
    step, current = variant.by_id[step_id], unit.steps[step_id]
    said = goes_on(state, unit_id, step_id, choice) and must_be_said(step, current)
    return step.result.part or "" if said else ""
