"""Rules for retreat: asked for, previewed, approved by people, stopped by anybody, and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import standing
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.machine import CELL, CellVerb, move
from orchestrator.core.retreat import RETREATS_FROM, peopled, why_not_retreat
from orchestrator.core.state import RETREAT

if TYPE_CHECKING:
    from orchestrator.core.state import State


def ask(state: State, _command: cmd.Retreat, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let a way out be planned and shown. Nothing moves by this."""
    if reasons := why_not_retreat(state):
        return Rejected("interlock", "The arm may not retreat now.", " ".join(reasons))
    zones = tuple(sorted(peopled(state)))
    return [ev.RetreatAsked(retreat=f"{RETREAT}{state.seq + 1}", by=by.name, peopled=zones)]


def propose(state: State, command: cmd.ProposeMotion) -> list[ev.Event] | Rejected:
    """Show the way out that was planned: people approve it at every level of autonomy."""
    if state.retreat is None or state.retreat.id != command.effect or state.retreat.stopped:
        return Rejected("stale", "Nobody waits for this motion any more.", "Ask for the retreat again.")
    if reasons := why_not_retreat(state, command.effect):
        return Rejected("interlock", "The arm may not retreat now.", " ".join(reasons))
    if command.motion in state.motions:
        return Rejected("duplicate", f"Motion {command.motion} is known already.")
    return [
        ev.MotionProposed(
            effect=command.effect,
            motion=command.motion,
            text=command.text,
            plan=command.plan,
            duration_s=command.duration_s,
            preview=command.preview,
            end=command.end,
            needs=state.spec.approvals.motions,
        )
    ]


def stop(state: State, _command: cmd.StopRetreat, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Have the arm stand where it is, or drop what was only previewed. It was stopped by the very asking."""
    return stopped(state, by)


def stopped(state: State, by: cmd.Who) -> list[ev.Event]:
    """Note that somebody wants a retreat to end."""
    if state.retreat is None or state.retreat.stopped:
        return []
    return [ev.RetreatStopped(retreat=state.retreat.id, by=by.name)]


def end(state: State, command: cmd.EndRetreat, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Note how a retreat ended; one that was called off says why."""
    if state.retreat is None or state.retreat.id != command.retreat:
        return [ev.OutcomeIgnored(effect=command.retreat, what="end_retreat", why="no such retreat")]
    message, remedy = command.message, command.remedy
    called_off = command.outcome == "canceled" or command.code == "interlock"
    if called_off and (reasons := why_not_retreat(state, command.retreat)):
        message, remedy = reasons[0], " ".join(reasons[1:])
    ended = ev.RetreatEnded(
        retreat=command.retreat, outcome=command.outcome, code=command.code, message=message, remedy=remedy
    )
    return [ended, *unsure(state, command.outcome, message)]


def unsure(state: State, outcome: str, message: str) -> list[ev.Event]:
    """Where nobody knows whether the arm stands, the cell is brought to a stand harder, and escalates by its table."""
    if outcome != "unknown" or state.cell not in RETREATS_FROM:
        return []
    verb = CellVerb.STOP if state.cell in CELL[CellVerb.STOP] else CellVerb.ABORT
    why = message or "The arm did not say how its retreat ended."
    return [standing.halted(state, move("cell", state.cell, verb), why, acknowledged=False)]


def note_trail(state: State, command: cmd.NoteTrail, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Keep the way that the arm has come, where it stands and nothing was let through that would move it."""
    moves = state.motions or state.ending or state.manual is not None or state.retreat is not None
    if state.cell not in RETREATS_FROM or moves or not command.points:
        return []
    if any(index >= len(command.points) for index in command.stands):
        return Rejected("bad_input", "A stand lies beyond the end of the trail.")
    known = state.trail
    if known is not None and (known.points, known.stands) == (command.points, command.stands):
        return []
    return [ev.TrailNoted(points=command.points, stands=command.stands, since=command.since)]
