"""Rules for what a person had in hand and others go on with: a look comes first, for its part may be in already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.progress import after, done, look_first
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.machine import StepMove, move

if TYPE_CHECKING:
    from orchestrator.core.state import State

NOT_IN = "The camera sees that its part was not put in."


def unsaid(part: str | None) -> Rejected:
    """Refuse to hand over what nobody has looked at, and no camera can."""
    return Rejected("unsaid", f"Nobody has said whether {part} is in its place.", "Look, and say that it is not in.")


def looks_due(state: State, now: float) -> list[ev.Event]:
    """Return the looks that waited until nobody was at what had been in hand any more."""
    out: list[ev.Event] = []
    for unit in state.units.values():
        for name, current in unit.steps.items():
            if current.handed is not None:
                out += look_first(after(state, out, now), unit.id, name)
    return out


def seen(
    state: State, unit_id: str, step_id: str, now: float, verdict: str, message: str, remedy: str
) -> list[ev.Event]:
    """Return what follows where the part is not in its place: others may go on, unless something else lies there."""
    current = state.units[unit_id].steps[step_id]
    handed = current.handed
    assert handed is not None
    goes_on = verdict == "missing" and handed.to == "robot"
    move("step", current.status, StepMove.FAIL if goes_on else StepMove.ASK)
    first = ev.StepFailed(
        unit=unit_id,
        step=step_id,
        attempt=current.attempt,
        code=verdict,
        message=NOT_IN if verdict == "missing" else message,
        remedy="" if verdict == "missing" else remedy,
        answer="again" if goes_on else "ask",
        rung=current.rung,
        barred=current.barred,
    )
    if verdict != "missing" or goes_on:
        return [first]
    rest = done(after(state, [first], now), unit_id, step_id, now, ("skipped",), waived=handed.reason, by=handed.by)
    return [first, *rest]
