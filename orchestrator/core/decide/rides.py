"""Rules for looks that the arm must move for: when it sets out, and what becomes of one that was broken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.machine import OrderState
from orchestrator.core.rides import ride_blockers
from orchestrator.core.state import ride_effect

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State


def start(state: State, command: cmd.StartLook, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let the arm move for a result that waits for it to be looked at."""
    found = state.step(command.unit, command.step)
    if found is None:
        return Rejected("no_step", f"Unit {command.unit} with a step {command.step} is not in work.", "Look again.")
    _, current = found
    order = state.orders[state.units[command.unit].order]
    if order.state == OrderState.PAUSED:
        return Rejected("order", f"Order {order.id} is paused.", "Resume it first.")
    if why := ride_blockers(state, current):
        return Rejected(why[0].code, why[0].message, " ".join(reason.message for reason in why[1:]))
    effect = ride_effect(command.unit, command.step, current)
    return [ev.LookStarted(unit=command.unit, step=command.step, attempt=current.attempt, effect=effect)]


def blocked(command: cmd.EndCheck) -> ev.Event:
    """Note that the arm is in the way of a look, and shall go home first."""
    return ev.LookBlocked(unit=command.unit, step=command.step, attempt=command.attempt, effect=command.effect)


def broken_off(command: cmd.EndCheck) -> ev.Event:
    """Note that the arm came to a stand before there was a verdict: it sets out again when it may."""
    return ev.LookBrokenOff(unit=command.unit, step=command.step, attempt=command.attempt, effect=command.effect)
