"""What a person may take back from their own card: the last step that they did, while it is still to be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.machine import StepStatus
from orchestrator.wire import Button

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.state import State

    Granted = Callable[[State, cmd.Command], bool]


def own(state: State, place: str, granted: Granted) -> tuple[Button, ...]:
    """Return the button that takes back what the person at a place did last; asked once more, () where it can't be.

    A step that has a part says with it that the part is out again, as the robot may put the next one there at once.
    """
    person = state.places.get(place)
    if person is None:
        return ()
    mine = [
        (current.ended_t or 0.0, unit.id, step)
        for unit in state.units.values()
        for step in state.variant_of(unit.id).steps
        if (current := unit.steps[step.id]).status == StepStatus.DONE
        and current.attempts
        and place in current.attempts[-1].actors
        and current.attempts[-1].operator == person.operator
    ]
    if not mine:
        return ()
    _, unit_id, step = sorted(mine, key=lambda one: one[0])[-1]
    part_out = step.result.part is not None
    attempt = state.units[unit_id].steps[step.id].attempt
    command = cmd.UndoStep(unit=unit_id, step=step.id, attempt=attempt, part_out=part_out)
    if not granted(state, command):
        return ()
    label = "undo_step_empty" if part_out else "undo_step"
    return (Button(label=label, command=command.model_dump(mode="json", exclude={"reason"}), danger=True),)
