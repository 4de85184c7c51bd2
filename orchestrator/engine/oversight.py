"""What screens show of supervision: levels to choose from, motions to approve, steps that wait for a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import AUTONOMY, StepStatus
from orchestrator.core.readiness import WORD_AND_TIME, blockers, crews
from orchestrator.core.state import OVER
from orchestrator.core.supervision import breakpoint_at, holds_anything, not_by
from orchestrator.wire import Button

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.state import MotionState, State, UnitState
    from orchestrator.core.variant import Step


def autonomy_buttons(state: State) -> tuple[Button, ...]:
    """Return a button for each other level of autonomy that there is a way to."""
    levels = [row[state.autonomy] for row in AUTONOMY.values() if state.autonomy in row]
    return tuple(
        Button(label=f"autonomy_{level}", command={"type": "set_autonomy", "autonomy": str(level)})
        for level in sorted(levels)
    )


def approve_button(state: State, motion: MotionState, label: str = "approve") -> Button:
    """Return what lets a previewed motion go, for everybody whose approval would count."""
    command = {"type": "approve_motion", "motion": motion.id}
    return Button(label=label, command=command, not_by=not_by(state, motion))


def motion_buttons(state: State, motion: MotionState) -> tuple[Button, ...]:
    """Return what a person may say to a previewed motion; nothing once it goes ahead or was refused."""
    if motion.approved or motion.refused:
        return ()
    return (
        approve_button(state, motion),
        Button(label="refuse", command={"type": "refuse_motion", "motion": motion.id}, needs_reason=True),
    )


def held_steps(state: State, actor: str) -> Iterator[tuple[UnitState, Step]]:
    """Yield the steps that an actor would begin now, were it not for a person's word."""
    if not holds_anything(state):
        return
    for unit in state.units.values():
        for step in state.variant_of(unit.id).steps:
            current = unit.steps[step.id]
            if current.status != StepStatus.READY:
                continue
            for crew in crews(state, step, current.barred):
                why = blockers(state, unit, step, crew, state.t) if actor in crew else ()
                codes = {reason.code for reason in why}
                if "release" in codes <= WORD_AND_TIME:  # no event tells that a window has opened
                    yield unit, step
                    break


def breakpoint_button(state: State, unit: UnitState, step: Step) -> tuple[Button, ...]:
    """Return what sets a breakpoint before a step in all units of its order, or clears the one that is there."""
    if unit.steps[step.id].status in OVER:
        return ()
    there = breakpoint_at(state, unit, step)
    kind = "clear_breakpoint" if there else "set_breakpoint"
    name, where = there or (step.group, "")
    return (Button(label=kind, command={"type": kind, "order": unit.order, "step": name, "unit": where}),)


def release_button(unit: UnitState, step: Step) -> Button:
    """Return the word next for a step, good for its next attempt."""
    attempt = unit.steps[step.id].attempt
    command = {"type": "release_step", "unit": unit.id, "step": step.id, "attempt": attempt}
    return Button(label="release_step", command=command)
