"""A step that needs a person's decision, as screens show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.commands import TakePart
from orchestrator.core.decide.choices import choices, unmeasured
from orchestrator.core.handed import wants_word
from orchestrator.core.overdue import since
from orchestrator.core.questions import asks
from orchestrator.core.rights import LEAD_CHOICES
from orchestrator.engine import late, phrases
from orchestrator.engine.naming import about_part
from orchestrator.engine.offers import granted
from orchestrator.wire import Button, Question

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose
    from orchestrator.core.state import State
    from orchestrator.engine.captions import Captions


_LOOK_FIRST = frozenset({"cannot_see", "moved"})  # where what helps is a new look, and not doing the step once more


def question(captions: Captions, state: State, unit_id: str, step_id: str) -> Question:
    """Return a step that needs a decision, with the choices that the rules allow."""
    current = state.units[unit_id].steps[step_id]
    unit, step = state.units[unit_id], state.variant_of(unit_id).by_id[step_id]
    overdue = late.reached(state, unit, step) == "ask"
    measured = current.attempts[-1].measured if current.attempts and not overdue else None
    first = "recheck" if current.code in _LOOK_FIRST else ""
    buttons = [
        Button(
            label=f"{choice}_empty" if word else choice,
            command={
                "type": "choose",
                "unit": unit_id,
                "step": step_id,
                "attempt": current.attempt,
                "choice": choice,
                "answers": asks(current),
                **({"rework": target} if target else {}),
                **({"part_out": True} if word else {}),
            },
            needs_reason=choice in LEAD_CHOICES,
            needs_shown=choice == "force" and unmeasured(current),
            # asked again: it undoes what was done, or takes what is in a person's hands
            danger=choice in LEAD_CHOICES or choice == "rework" or (overdue and choice == "other_actor"),
        )
        for choice, target in sorted(choices(state, unit_id, step_id), key=lambda one: one[0] != first)
        for word in (wants_word(state, unit_id, step_id, choice, target),)  # the person is the camera
    ]
    held = state.world.held()
    stuck = held is not None and (held.certainty == "doubtful" or current.code == "gripper_not_empty")
    if held is not None and stuck and granted(state, TakePart(part=held.part)):
        buttons.insert(0, about_part(state, "take_part", TakePart(part=held.part)))
    return Question(
        unit=unit_id,
        step=step_id,
        attempt=current.attempt,
        title=captions.title(state, unit_id, step_id),
        reason=late.why(state, unit, step)
        if overdue
        else phrases.reason(current.code, current.message, measured, seat(state, unit_id, step_id), state.spec.names),
        remedy={} if overdue else phrases.helps(current.remedy, state.spec.names),
        offset_mm=measured.offset_mm if measured else None,
        evidence=measured.evidence if measured else "",
        since_t=since(state, unit, step) if overdue else current.doubted_t or current.ended_t or state.t,
        buttons=tuple(buttons),
    )


def seat(state: State, unit: str, step: str) -> Pose | None:
    """Return the frame in which a step's offset is measured; None while its owner's place is not known."""
    return state.result_pose(unit, state.variant_of(unit).by_id[step])
