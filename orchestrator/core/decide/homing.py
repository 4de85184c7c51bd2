"""Rules for the way home after a failure, where people approve the robot's motions one by one.

What failed is a question at once. The arm goes home beside it: proposed, approved and refused like any motion, and the
robot begins nothing before it has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.state import home_effect

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.decide.verdict import Rejected
    from orchestrator.core.state import State


def wanted(state: State, command: cmd.EndSkill | cmd.EndCheck) -> list[ev.Event]:
    """Return that the arm shall go home; nothing where who failed left it where it may stay, or the unit has left.

    `state` is the one after all that follows from the failure.
    """
    if command.way_home is None or command.unit not in state.units:
        return []
    effect = home_effect(command.unit, command.step, command.attempt)
    ids = {"unit": command.unit, "step": command.step, "attempt": command.attempt}
    return [ev.HomeWanted.model_validate({**ids, "effect": effect, "supervised": command.way_home})]


def ended(state: State, command: cmd.EndHome, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Note how the way home ended."""
    if command.effect not in state.ending:
        return [ev.OutcomeIgnored(effect=command.effect, what="end_home", why="no such way home")]
    return [ev.HomeEnded(effect=command.effect, outcome=command.outcome, code=command.code, message=command.message)]
