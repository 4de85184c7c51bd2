"""Rules for looking again: what was seen in its place before is looked at once more, and may be found elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.doubt import doubtful
from orchestrator.core.machine import StepMove, move
from orchestrator.core.rechecks import moved_datum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State, UnitState
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


def datum_doubted(state: State, unit_id: str, measured: cmd.Measured | None) -> list[ev.Event]:
    """Return what follows where a part was seen relative to one that is not in its own place any more."""
    unit = state.units[unit_id]
    step = moved_datum(state, unit, measured)
    fact = state.world.get(f"{unit_id}/{step.result.part}") if step is not None else None
    if step is None or fact is None or measured is None or measured.datum_offset_mm is None:
        return []
    off = math.hypot(*measured.datum_offset_mm)
    seen = doubtful(fact)
    message = f"{step.result.part} is seen {off:.1f} mm beside its place, where it was: it or the camera was moved."
    remedy = "Look at the part and check it again; where it has not moved, check the camera's calibration."
    return [seen, doubt(unit, step, "moved", message, remedy)]


def doubt(unit: UnitState, step: Step, code: str, message: str, remedy: str) -> ev.Event:
    """Return the question that a result becomes which was seen in its place before and is not there now."""
    current = unit.steps[step.id]
    move("step", current.status, StepMove.DOUBT)
    return ev.StepDoubted(
        unit=unit.id, step=step.id, attempt=current.attempt, code=code, message=message, remedy=remedy
    )
