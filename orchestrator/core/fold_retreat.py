"""State from the events of a retreat, and of the trail that it may go back along."""

from __future__ import annotations

import dataclasses

from orchestrator.core import events as ev
from orchestrator.core.folders import Folder, entering, unasked
from orchestrator.core.records import replace
from orchestrator.core.state import RetreatEnd, RetreatState, State, Trail

RETREATS: dict[type, Folder] = {}
_on = entering(RETREATS)


@_on(ev.RetreatAsked)
def _asked(state: State, event: ev.RetreatAsked, t: float) -> State:
    return replace(state, retreat=RetreatState(event.retreat, event.by, t, event.peopled), retreated=None)


@_on(ev.RetreatStopped)
def _stopped(state: State, event: ev.RetreatStopped, _t: float) -> State:
    if state.retreat is None or state.retreat.id != event.retreat:
        return state
    retreat = dataclasses.replace(state.retreat, stopped=True)
    return replace(state, retreat=retreat, motions=unasked(state, event.retreat))


@_on(ev.RetreatEnded)
def _ended(state: State, event: ev.RetreatEnded, t: float) -> State:
    """What the arm moved by may have moved with it: what is seen from now on counts."""
    end = RetreatEnd(event.outcome, event.code, event.message, event.remedy, t)
    upset_t = state.upset_t if event.outcome == "rejected" else t
    motions = unasked(state, event.retreat)
    return replace(state, retreat=None, retreated=end, motions=motions, upset_t=upset_t)


@_on(ev.TrailNoted)
def _trail(state: State, event: ev.TrailNoted, _t: float) -> State:
    return replace(state, trail=Trail(event.points, event.stands, event.since))
