"""Rules for the screens at worker places: a lost one pauses the steps that need it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.decide.verdict import Rejected
    from orchestrator.core.state import State


def report(state: State, command: cmd.ReportDevice, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Follow whether the screen at a place has a line.

    Without one nothing new begins there; a step that robot and person are at together comes to a stand, keeps what the
    gripper holds, and goes on from there once a screen is back; the robot's other steps go on. A person who is at work
    goes on working, too: what they confirm is taken when the line is back.
    """
    lost = command.place in state.screens_lost
    if command.there:
        return [ev.ScreenBack(place=command.place)] if lost else []
    if lost or command.place not in state.places:
        return []
    return [ev.ScreenLost(place=command.place)]
