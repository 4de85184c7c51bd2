"""What waits for a person's word before it begins: steps at a breakpoint, or where the autonomy asks for each."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from orchestrator.core.machine import ASKS_MOTION, ASKS_STEP
from orchestrator.core.records import replace
from orchestrator.core.signature import about
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from orchestrator.core.state import MotionState, State, UnitState
    from orchestrator.core.variant import Step

Holds = Literal["", "single_step", "breakpoint"]


def held_back(state: State, unit: UnitState, step: Step, actors: tuple[str, ...] = (ROBOT,)) -> Holds:
    """Return what keeps these actors from a step until a person says next; "" where nothing does."""
    if unit.steps[step.id].released:
        return ""
    if breakpoint_at(state, unit, step) is not None:
        return "breakpoint"
    if state.autonomy in ASKS_STEP and ROBOT in actors and step.robot is not None:
        return "single_step"
    return ""


def breakpoint_at(state: State, unit: UnitState, step: Step) -> tuple[str, str] | None:
    """Return the breakpoint that a step waits at: its name, and the unit that it is for ("" for all); None without."""
    order = state.orders[unit.order]
    for name in (step.id, step.group):
        for where, names in ((unit.id, unit.breakpoints), ("", order.breakpoints)):
            if name in names:
                return name, where
    return None


def holds_anything(state: State) -> bool:
    """Tell whether any step could wait for a word at all."""
    in_orders = any(order.breakpoints for order in state.orders.values())
    return state.autonomy in ASKS_STEP or in_orders or any(unit.breakpoints for unit in state.units.values())


def wants_approval(state: State, motion: MotionState) -> bool:
    """Tell whether a motion was let through without asking anybody, and would not be any more."""
    return motion.approved and not motion.needs and state.autonomy in ASKS_MOTION


def unreleased(state: State) -> State:
    """Take back every word that let a step begin which has not begun: something has changed since it was given.

    Breakpoints stay.
    """
    units = dict(state.units)
    for unit in state.units.values():
        steps = {
            name: replace(step, released=False, released_by="") for name, step in unit.steps.items() if step.released
        }
        if steps:
            units[unit.id] = replace(unit, steps={**unit.steps, **steps})
    return replace(state, units=units) if units != state.units else state


def released_by(state: State, motion: MotionState) -> str:
    """Return who let the step of a motion begin, where the cell asks for another person's approval; "" else."""
    unit, step, _ = about(state, motion.effect) if state.spec.approvals.four_eyes else ("", "", 0)
    return state.units[unit].steps[step].released_by if unit else ""


def not_by(state: State, motion: MotionState) -> tuple[str, ...]:
    """Return whose approval of a motion would not count: of who gave theirs already, and of who let its step begin."""
    released = released_by(state, motion)
    return (*motion.approved_by, released) if released else motion.approved_by


def without_approver(state: State, operator: str) -> State:
    """Take back what somebody approved who is not there any more, as far as it has not gone ahead."""
    motions = dict(state.motions)
    for motion in state.motions.values():
        if not motion.approved and operator in motion.approved_by:
            left = tuple(name for name in motion.approved_by if name != operator)
            motions[motion.id] = dataclasses.replace(motion, approved_by=left)
    return replace(state, motions=motions) if motions != state.motions else state
