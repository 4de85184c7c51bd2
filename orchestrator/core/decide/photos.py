"""Rules for pictures that people take of results: which are kept, and what a word on a result needs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.persons import another
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.machine import StepStatus

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State, StepState
    from orchestrator.core.variant import Step

MOST = 8  # pictures of one attempt: a person takes one, and another where it is no good
_AT_IT = frozenset({StepStatus.ACTIVE, StepStatus.VERIFYING, StepStatus.READY})  # ready: a late word may need one


def wanted(step: Step, current: StepState) -> bool:
    """Whether a person's next word on this attempt needs a picture.

    Beside a robot that is at it still the word says only that the person's share is done: the result is yet to come.
    """
    return "photo" in step.check and not current.photo and not _robot_at_it(step, current)


def _robot_at_it(step: Step, current: StepState) -> bool:
    return step.together and "skill" in current.wants


def keep(state: State, command: cmd.KeepPhoto, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Note that the store holds a picture of an attempt. The same picture again changes nothing."""
    found = state.step(command.unit, command.step)
    if found is None:
        message = f"Unit {command.unit} with a step {command.step} is not in work."
        return Rejected("no_step", message, "Look at the card again: it shows what to do now.")
    step, current = found
    person = state.places.get(command.place)
    if person is None:
        return Rejected("nobody", f"Nobody is signed in at {command.place}.", "Sign in at this place first.")
    if (refused := another(state, command.place, command.operator)) is not None:
        return refused
    if "photo" not in step.check:
        return Rejected("no_photo_check", f"{step.id} asks for no picture.", "Confirm it without one.")
    if command.attempt != current.attempt or current.status not in _AT_IT:
        message = f"{step.id} is {current.status}, attempt {current.attempt}."
        return Rejected("stale", message, "Look at the card again: it shows what to do now.")
    if _robot_at_it(step, current):
        message = f"The robot is at {step.id} still: a picture would not show the result."
        return Rejected("not_yet", message, "Take the picture once the robot has let go.")
    if command.sha256 in current.photos:
        return []
    if len(current.photos) >= MOST:
        message = f"There are {MOST} pictures of this attempt at {step.id} already."
        return Rejected("too_many_photos", message, "Confirm with one of them, or report a problem.")
    return [
        ev.PhotoKept(
            unit=command.unit,
            step=step.id,
            attempt=current.attempt,
            place=command.place,
            operator=person.operator,
            sha256=command.sha256,
            width=command.width,
            height=command.height,
            size_bytes=command.size_bytes,
        )
    ]


def missing(step: Step, current: StepState, command: cmd.ConfirmStep, *, late: bool) -> Rejected | None:
    """Return why a word on a result can't be taken for want of its picture; None where nothing is amiss.

    One picture does for an attempt: whoever looks second looks at the result, not through the camera. A late word
    begins an attempt of its own and needs one.
    """
    if "photo" not in step.check:
        if not command.photo:
            return None
        return Rejected("no_photo_check", f"{step.id} asks for no picture.", "Confirm it without one.")
    if not command.photo:
        if not late and not wanted(step, current):
            return None
        return Rejected("missing_photo", f"The picture of {step.id} is missing.", "Take a picture, then confirm.")
    if command.photo not in current.photos:
        message = f"No such picture of this attempt at {step.id} is kept."
        return Rejected("unknown_photo", message, "Take the picture again, then confirm.")
    return None
