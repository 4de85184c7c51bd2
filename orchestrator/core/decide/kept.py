"""What a device kept while it had no line: which words are taken later, and under what conditions.

Nothing that lets the robot move is among them: a start, a resume, an approval, a word that the way is clear belong to
the moment in which they are said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.decide.persons import KEPT
from orchestrator.core.decide.steps import said_already
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.events import StepConfirmed
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.events import Event
    from orchestrator.core.state import State, StepState

_AGAIN = "Look at what the cell shows now, and say it again if it is still so."


def refusal(state: State, command: cmd.Command, kept: cmd.Kept) -> Rejected | None:
    """Return why a kept command is not taken; None where its own rule decides.

    It must be about finished work and no older than what it answers; that it is the person's who is signed in at its
    place, `persons.refusal` has seen to.
    """
    if not isinstance(command, KEPT):
        return Rejected("not_kept", f"'{command.type}' counts only in the moment in which it is said.", _AGAIN)
    found = state.step(command.unit, command.step)
    if found is None or command.attempt != found[1].attempt or isinstance(command, cmd.ReportProblem):
        return None
    current = found[1]
    if isinstance(command, cmd.ConfirmStep) and ROBOT in current.actors and "confirm" in current.wants:
        return Rejected("with_robot", f"The robot waits for this word at {command.step} to go on.", _AGAIN)
    if isinstance(command, cmd.ConfirmStep) and kept.operator in current.witnesses:
        said = said_already(current, command)  # their other device was quicker; the next look is another person's
        if said is not None:
            return said
    if kept.t < _asked_t(current):
        return Rejected("stale", f"{command.step} was begun or asked about again after that.", _AGAIN)
    return None


def stamped(events: Sequence[Event], kept: cmd.Kept) -> list[Event]:
    """Return the events of a kept command with the time at which the person said it."""
    return [
        event.model_copy(update={"said_t": kept.t}) if isinstance(event, StepConfirmed) else event for event in events
    ]


def _asked_t(current: StepState) -> float:
    """Since when a person's word on this attempt can mean what it means now (s, UTC)."""
    return current.patient_t if "attest" in current.wants else current.started_t or 0.0
