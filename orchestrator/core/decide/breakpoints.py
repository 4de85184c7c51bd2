"""Rules for breakpoints: which steps wait for a person's word before they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.verdict import Rejected

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import OrderRecord, State, UnitState


def set_(state: State, command: cmd.SetBreakpoint, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Have a step wait; one that is under way goes on, and waits the next time."""
    holder = _holder(state, command)
    if isinstance(holder, Rejected):
        return holder
    if command.step in holder.breakpoints:
        return []
    steps = state.orders[command.order].variant.steps
    names = dict.fromkeys(name for step in steps for name in (step.group, step.id))
    if command.step not in names:
        message = f"Order {command.order} has no step {command.step}."
        return Rejected("no_step", message, f"Its steps: {', '.join(names)}.")
    return [ev.BreakpointSet(order=command.order, step=command.step, unit=command.unit, by=by.name)]


def clear(state: State, command: cmd.ClearBreakpoint, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let a step begin by itself again; what waits at it begins now, if nothing else keeps it."""
    holder = _holder(state, command)
    if isinstance(holder, Rejected):
        return holder
    if command.step not in holder.breakpoints:
        return []
    return [ev.BreakpointCleared(order=command.order, step=command.step, unit=command.unit, by=by.name)]


def _holder(state: State, command: cmd.SetBreakpoint | cmd.ClearBreakpoint) -> OrderRecord | UnitState | Rejected:
    """Return what the breakpoint belongs to: the order, or one of its units in work."""
    if command.order not in state.orders:
        known = ", ".join(state.orders) or "none"
        return Rejected("no_order", f"There is no order {command.order}.", f"Known orders: {known}.")
    if not command.unit:
        return state.orders[command.order]
    unit = state.units.get(command.unit)
    if unit is None or unit.order != command.order:
        known = ", ".join(each.id for each in state.units.values() if each.order == command.order) or "none"
        message = f"Order {command.order} has no unit {command.unit} in work."
        return Rejected("no_unit", message, f"In work: {known}.")
    return unit
