"""Retreat: bringing an arm that stands in a held cell out of where it is, before anything else is decided.

This module holds what is kept of it, and why it may not begin or go on now; the rules are in `decide/retreat`.
`cell.arm.retreat()` of a skill is another thing: the end of its own planned sequence, in a cell that runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.interlock import MOVING, RETREATS, SAFETY_SAYS, UNCLEAR, why_not
from orchestrator.core.machine import CellState, Mode
from orchestrator.core.pauses import THE_CELL, THE_ROBOT, target, why_paused
from orchestrator.core.reason import Reason
from orchestrator.core.state import ANYWHERE, RETREAT, ROBOT
from orchestrator.core.waits import ZONE, zones_held

if TYPE_CHECKING:
    from orchestrator.core.commands import Command
    from orchestrator.core.state import State

RETREATS_FROM = frozenset({CellState.HELD, CellState.STOPPED})  # nothing moves by itself, and units stay where they are
_CELL_WORDS = {
    CellState.ABORTED: "The cell is aborted: clear it, then the arm may retreat.",
    CellState.IDLE: "The cell is idle: the arm retreats in a held or stopped cell.",
    CellState.COMPLETED: "The cell has completed its orders: the arm retreats in a held or stopped cell.",
}


def is_retreat(effect: str) -> bool:
    """Tell whether an effect of this id is a retreat."""
    return effect.startswith(RETREAT)


def stops_retreat(state: State, command: Command) -> bool:
    """Tell whether a command is the word that a retreat shall end: said as such, or as a pause of what moves."""
    if command.type == "pause":
        return state.retreat is not None and target(command) in {THE_CELL, THE_ROBOT}
    return command.type == "stop_retreat"


def why_no_motion(state: State, effect: str) -> tuple[str, ...]:
    """Return every reason, in words, why this effect may not move the robot now: a retreat has a list of its own."""
    return why_not_retreat(state, effect) if is_retreat(effect) else why_not(state)


def why_not_retreat(state: State, retreat: str = "") -> tuple[str, ...]:
    """Return every reason, in words, why the arm may not retreat now; `retreat` is the asker's own.

    A peopled zone that its way keeps out of is none; one in which people have been since it was previewed is.
    """
    reasons: list[str] = []
    if state.cell not in RETREATS_FROM:
        words = _CELL_WORDS.get(state.cell, f"The cell is {state.cell}: hold it, and wait until it has settled.")
        reasons.append(Reason("retreat_cell", words, state=state.cell))
    if state.mode != Mode.PRODUCTION:
        reasons.append(Reason("mode", f"The cell is in {state.mode} mode: switch to production.", mode=state.mode))
    if state.safety not in MOVING:
        reasons.append(SAFETY_SAYS[state.safety])
    if not state.acknowledged:
        reasons.append(UNCLEAR)
    if state.manual is not None:
        words = f"{state.manual.by} moves the robot by hand: wait until it stands."
        reasons.append(Reason("by_hand", words, who=state.manual.by))
    if state.ending or any(motion.effect != retreat for motion in state.motions.values()):
        reasons.append(Reason("not_standing", "The robot has not come to a stand yet: wait a moment."))
    if state.retreat is not None and state.retreat.id != retreat:
        reasons.append(RETREATS)
    elif state.retreat is not None and state.retreat.stopped:
        reasons.append(Reason("retreat_stopped", "Somebody has stopped this retreat: ask for it again."))
    reasons += why_paused(state)
    for place in (place for place, names in state.unclear.items() if ANYWHERE in names):
        words = f"Somebody of {place} may still have their hands in the cell: look, and say so."
        reasons.append(Reason("unclear_anywhere", words, place=place))
    if state.retreat is not None and state.retreat.id == retreat:
        reasons += zone_reasons(state, peopled(state) - {ANYWHERE, *state.retreat.peopled})
    return tuple(reasons)


def peopled(state: State) -> frozenset[str]:
    """Return the zones, as resources, that people are at work in or may still be in."""
    return frozenset(zones_held(state)).union(*state.unclear.values())


def with_the_arm(state: State) -> tuple[str, ...]:
    """Return the names of those who were at the robot's last attempt together with it, where that was broken off.

    Their hands may be at what the gripper holds.
    """
    attempts = [
        current.attempts[-1]
        for unit in state.units.values()
        for current in unit.steps.values()
        if current.attempts and ROBOT in current.attempts[-1].actors
    ]
    last = max(attempts, key=lambda attempt: attempt.started_t, default=None)
    if last is None or last.outcome == "done":
        return ()
    there = (actor for actor in last.actors if actor != ROBOT)
    return tuple(state.places[actor].operator if actor in state.places else actor for actor in there)


def zone_reasons(state: State, zones: frozenset[str]) -> tuple[str, ...]:
    """Say of zones, as resources, who is at work in them or may still be."""
    held, out = zones_held(state), []
    for name in sorted(zones):
        zone = name.removeprefix(ZONE)
        if name in held:
            who, unit, step = held[name]
            words = f"{who} is at work in zone {zone} ({unit} {step}): wait until it is free."
            out.append(Reason("zone", words, zone=zone, who=who, unit=unit, step=step))
        for place in (place for place, names in state.unclear.items() if name in names):
            words = f"Somebody of {place} may still be at {zone}: look, and say so."
            out.append(Reason("unclear", words, zone=zone, place=place))
    return tuple(out)


def retreats(state: State) -> bool:
    """Tell whether the arm has been let retreat, and may."""
    retreat = state.retreat
    if retreat is None or why_not_retreat(state, retreat.id):
        return False
    return any(motion.approved for motion in state.motions.values() if motion.effect == retreat.id)
