"""What people have paused: the cell, a lane, an order. Speed zero on the same plan; past a limit it becomes a hold.

A pause is known by what it is of: `cell`, `lane/robot`, `lane/front`, `order/A`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import CELL, CellVerb, OrderVerb
from orchestrator.core.reason import Reason
from orchestrator.core.records import replace
from orchestrator.core.state import ROBOT, PauseState

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State, StepState

THE_CELL = "cell"
THE_ROBOT = f"lane/{ROBOT}"
RUNS = frozenset(CELL[CellVerb.HOLD])  # where there is something to pause


def target(command: cmd.Pause | cmd.Resume) -> str:
    """Return what a pause is of, as the state knows it."""
    return THE_CELL if command.what == "cell" else f"lane/{command.name}"


def stops_robot(state: State, command: cmd.Command) -> bool:
    """Tell whether a command, once granted, brings the robot's speed to zero."""
    if command.type == "pause":
        key = target(command)
    elif command.type == "change_order" and command.verb == OrderVerb.PAUSE:
        key = f"order/{command.order}"
    else:
        return False
    tentative = replace(state, pauses={**state.pauses, key: PauseState("", state.t)})
    return state.cell in RUNS and key in robot_pauses(tentative)


def lane_pauses(state: State, actors: tuple[str, ...]) -> tuple[str, ...]:
    """Return the pauses that keep actors from beginning anything, whichever order it is of."""
    return tuple(key for key in (THE_CELL, *(f"lane/{actor}" for actor in actors)) if key in state.pauses)


def step_pauses(state: State, unit: str, current: StepState) -> tuple[str, ...]:
    """Return the pauses under which a step's time stands still."""
    order = f"order/{state.units[unit].order}"
    return (*lane_pauses(state, current.actors), *((order,) if order in state.pauses else ()))


def robot_pauses(state: State) -> tuple[str, ...]:
    """Return the pauses that keep the robot's speed at zero now.

    Of an order, or of a person's place, only while the robot is at a step of that order, or one that both share.
    """
    if not state.pauses:
        return ()
    doing = state.doing(ROBOT)
    mine = step_pauses(state, doing[0].id, doing[2]) if doing is not None else ()
    return tuple(dict.fromkeys((*lane_pauses(state, (ROBOT,)), *mine)))


def hold_at(state: State) -> float | None:
    """Return when a pause becomes a hold (s, UTC): the first of those that keep the robot's speed at zero."""
    if state.cell not in RUNS:
        return None
    since = [state.pauses[key].t for key in robot_pauses(state)]
    return min(since) + state.spec.pause_s if since else None


def said(key: str) -> Reason:
    """Return what a pause is of, and how it ends, in words."""
    kind, _, name = key.partition("/")
    lane = "the robot" if name == ROBOT else f"place {name}"
    whose = {"order": f"order {name}", "lane": lane}.get(kind, "the cell")
    return Reason("paused", f"Paused: resume {whose}.", what=kind, name=name)


def why_paused(state: State) -> tuple[str, ...]:
    """Return in words which pauses keep the robot's speed at zero now."""
    return tuple(said(key) for key in robot_pauses(state))


def timed(state: State, t: float) -> State:
    """Let the time of steps under a pause stand still from now on, and that of others go on. Called after any change.

    A step's `paused_s` is how long it stood before, `paused_t` since when it stands now.
    """
    for unit, step_id, current in tuple(state.busy()):
        stands = bool(step_pauses(state, unit.id, current))
        if stands == (current.paused_t is not None):
            continue
        new = (
            replace(current, paused_t=t)
            if stands
            else replace(current, paused_t=None, paused_s=current.paused_s + t - (current.paused_t or t))
        )
        units = state.units
        steps = {**units[unit.id].steps, step_id: new}
        state = replace(state, units={**units, unit.id: replace(units[unit.id], steps=steps)})
    return state


def halted(state: State, t: float) -> State:
    """Return the state of a cell that runs no more: what was paused of cell and robot is a hold, or less, by now."""
    kept = {key: pause for key, pause in state.pauses.items() if key not in {THE_CELL, THE_ROBOT}}
    return timed(replace(state, pauses=kept), t) if len(kept) < len(state.pauses) else state
