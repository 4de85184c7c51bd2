"""Rules for looking again: what was seen in its place before is looked at once more, and may be found elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.machine import StepMove, move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core import commands as cmd
    from orchestrator.core.state import UnitState
    from orchestrator.core.variant import Step


def request(unit: UnitState, steps: Sequence[Step]) -> list[ev.Event]:
    """Ask the camera to look at results again."""
    out: list[ev.Event] = []
    for n, step in enumerate(steps, start=unit.rechecks + 1):
        attempt = unit.steps[step.id].attempt
        effect = f"{unit.id}/{step.id}/{attempt}/recheck{n}"
        out.append(ev.RecheckRequested(unit=unit.id, step=step.id, attempt=attempt, effect=effect))
    return out


def ended(command: cmd.EndCheck) -> ev.Event:
    """Note what the camera said the second time."""
    return ev.RecheckEnded(
        unit=command.unit,
        step=command.step,
        attempt=command.attempt,
        effect=command.effect,
        measured=command.measured,
        error=command.error,
    )


def doubt(unit: UnitState, step: Step, code: str, message: str, remedy: str) -> ev.Event:
    """Return the question that a result becomes which was seen in its place before and is not there now."""
    current = unit.steps[step.id]
    move("step", current.status, StepMove.DOUBT)
    return ev.StepDoubted(
        unit=unit.id, step=step.id, attempt=current.attempt, code=code, message=message, remedy=remedy
    )
