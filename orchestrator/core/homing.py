"""The way home after a failure, where people approve the robot's motions: the question does not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.folders import Folder, entering, unasked
from orchestrator.core.records import replace
from orchestrator.core.state import home_effect

if TYPE_CHECKING:
    from orchestrator.core.state import State

HOMING: dict[type, Folder] = {}
_on = entering(HOMING)


def without_home(state: State, unit: str) -> State:
    """Nobody waits any more for the way home from a unit that leaves; nothing it proposed goes ahead."""
    if not state.homing.startswith(home_effect(unit)):
        return state
    return replace(state, homing="", motions=unasked(state, state.homing))


@_on(ev.HomeWanted)
def _wanted(state: State, event: ev.HomeWanted, _t: float) -> State:
    return replace(state, homing=event.effect, ending=state.ending | {event.effect})


@_on(ev.HomeEnded)
def _ended(state: State, event: ev.HomeEnded, _t: float) -> State:
    homing = "" if state.homing == event.effect else state.homing
    return replace(state, homing=homing, ending=state.ending - {event.effect}, motions=unasked(state, event.effect))
