"""Rules for pausing the cell or a lane, for going on, and for what becomes of a pause that lasts too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.retreat import stopped
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.interlock import why_not_but_paused
from orchestrator.core.machine import CellState
from orchestrator.core.pauses import RUNS, hold_at, robot_pauses, target
from orchestrator.core.retreat import stops_retreat
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State


def pause(state: State, command: cmd.Pause, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Bring the cell or a lane to speed zero; twice is once. A retreat is stopped by it."""
    key = target(command)
    if trouble := _unknown(state, command):
        return trouble
    if key in state.pauses:
        return []
    if stops_retreat(state, command):
        return stopped(state, by)
    if (command.what == "cell" or command.name == ROBOT) and state.cell not in RUNS:
        return Rejected("cell", f"The cell is {state.cell}: nothing moves by itself.", "There is nothing to pause.")
    return [ev.Paused(target=key, by=by.name, reason=command.reason)]


def resume(state: State, command: cmd.Resume, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Go on, where the robot may move again if this lets it."""
    key = target(command)
    if key not in state.pauses:
        return _unknown(state, command) or []
    return not_resumed(state, key) or [ev.Resumed(target=key, by=by.name)]


def not_resumed(state: State, key: str) -> Rejected | None:
    """Return why a pause may not end now: it keeps the robot's speed at zero, and the robot may not move.

    In a suspended cell nothing moves by that, and nothing goes on before it has ended.
    """
    if state.cell == CellState.SUSPENDED:
        return None
    reasons = why_not_but_paused(state) if key in robot_pauses(state) else ()
    return Rejected("interlock", "The robot may not move now.", " ".join(reasons)) if reasons else None


def expire(state: State, _command: cmd.ExpirePause, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Hold a cell whose robot has been at speed zero for too long; nothing where it is not time."""
    at = hold_at(state)
    if at is None or now < at - 1e-6:
        return []
    return [ev.CellChanged(state=CellState.HOLDING, reason=f"Paused for longer than {state.spec.pause_s:g} s.")]


def _unknown(state: State, command: cmd.Pause | cmd.Resume) -> Rejected | None:
    if command.what == "cell" or command.name in {ROBOT, *state.spec.places}:
        return None
    known = ", ".join((ROBOT, *state.spec.places))
    return Rejected("no_lane", f"There is no lane of {command.name or 'nobody'}.", f"Known lanes: {known}.")
