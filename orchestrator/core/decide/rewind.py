"""Rules for going back to before a step: result after result is taken back by a person, who says so of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.persons import another
from orchestrator.core.decide.progress import after, undone
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.machine import StepMove, StepStatus, move
from orchestrator.core.readiness import resources
from orchestrator.core.rewind import needs_work, plan, trouble, undo_blockers

if TYPE_CHECKING:
    from orchestrator.core.state import State

_LOOK_AGAIN = "Look at the card again: it shows what to do now."


def begin(state: State, command: cmd.Rewind, by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Set out to before a step. Nothing of the unit starts until all that must go is taken back."""
    if state.step(command.unit, command.step) is None:
        message = f"Unit {command.unit} with a step {command.step} is not in work."
        return Rejected("no_step", message, "See the board: it shows the units in work.")
    if why := trouble(state, command.unit, command.step):
        remedy = "Hold the cell, or wait until what runs has ended; or choose a later step."
        return Rejected("no_rewind", f"{command.unit} can't go back to {command.step}: {why}", remedy)
    if not command.reason.strip():
        return Rejected("reason", "Going back needs a reason.", "Write why; it stays in the journal.")
    todo = tuple(undo.step.id for undo in plan(state, command.unit, command.step))
    if command.todo not in {(), todo}:
        message = f"By now {', '.join(todo)} must be taken back."
        return Rejected("stale", message, "Look at what going back means now, then decide again.")
    out: list[ev.Event] = [
        ev.RewindStarted(unit=command.unit, to=command.step, todo=todo, reason=command.reason, by=by.name)
    ]
    return out + _without_work(after(state, out, now), command.unit, by.name, now)


def start(state: State, command: cmd.StartUndo, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Give the next result to be taken back to a person, with its zone."""
    found = state.step(command.unit, command.step)
    if found is None:
        return Rejected("no_step", f"Unit {command.unit} with a step {command.step} is not in work.", _LOOK_AGAIN)
    step, current = found
    unit = state.units[command.unit]
    if why := undo_blockers(state, unit, step, command.place):
        return Rejected(why[0].code, why[0].message, " ".join(reason.message for reason in why[1:]))
    move("step", current.status, StepMove.TAKE)
    return [
        ev.UndoStarted(
            unit=unit.id,
            step=step.id,
            attempt=current.attempt,
            place=command.place,
            resources=resources(state, unit, step),
        )
    ]


def confirm(state: State, command: cmd.ConfirmUndo, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take a person's word that a result is taken back."""
    found = state.step(command.unit, command.step)
    if found is None or not _theirs(state, command):
        return Rejected("stale", f"{command.step} is not being taken back at {command.place}.", _LOOK_AGAIN)
    if (refused := another(state, command.place, command.operator)) is not None:
        return refused
    operator = state.places[command.place].operator
    rewind = state.units[command.unit].rewind
    reason = rewind.reason if rewind is not None else "taken back"
    out = undone(state, command.unit, command.step, reason, operator)
    return out + _without_work(after(state, out, now), command.unit, operator, now)


def stop(state: State, command: cmd.StopRewind, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Go back no further: what is taken back stays so, what a person has half off is a question."""
    unit = state.units.get(command.unit)
    if unit is None or unit.rewind is None:
        return Rejected("stale", f"{command.unit} is not going back.", _LOOK_AGAIN)
    half = [name for name, current in unit.steps.items() if current.status == StepStatus.UNDOING]
    note = command.reason.strip()
    return [
        ev.RewindStopped(unit=unit.id, reason=note, by=by.name),
        *(_doubt(state, unit.id, name, "half_undone", note) for name in half),
    ]


def problem(state: State, command: cmd.ReportProblem) -> list[ev.Event] | Rejected:
    """Take a person's word that a result can't be taken back: the way back ends there, with a question."""
    if not _theirs(state, command):
        return Rejected("stale", f"{command.step} is not being taken back at {command.place}.", _LOOK_AGAIN)
    by = state.places[command.place].operator
    return [
        ev.RewindStopped(unit=command.unit, reason=command.note, by=by),
        _doubt(state, command.unit, command.step, "problem", command.note),
    ]


def _theirs(state: State, command: cmd.ConfirmUndo | cmd.ReportProblem) -> bool:
    current = state.units[command.unit].steps[command.step]
    mine = command.place in current.actors and command.place in state.places
    return current.status == StepStatus.UNDOING and command.attempt == current.attempt and mine


def _without_work(state: State, unit_id: str, by: str, now: float) -> list[ev.Event]:
    """Take back what nobody has to do anything for, as far as that comes next."""
    out: list[ev.Event] = []
    while (rewind := state.units[unit_id].rewind) is not None:
        unit, name = state.units[unit_id], rewind.todo[0]
        if needs_work(state, unit, state.variant_of(unit_id).by_id[name]):
            break
        more = undone(state, unit_id, name, rewind.reason, by)
        more = more or [ev.StepUndone(unit=unit_id, step=name, because=rewind.reason, by=by)]
        out, state = out + more, after(state, more, now)
    return out


def _doubt(state: State, unit_id: str, step_id: str, code: str, note: str) -> ev.Event:
    current = state.units[unit_id].steps[step_id]
    move("step", current.status, StepMove.ASK)
    return ev.StepDoubted(
        unit=unit_id,
        step=step_id,
        attempt=current.attempt,
        code=code,
        message=note or "It was being taken off when the way back was ended.",
        remedy="Look at it: put it right and have it checked, or choose rework.",
    )
