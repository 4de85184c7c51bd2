"""What a person may choose when a step needs a decision; screens offer exactly this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decide.progress import undo_trouble
from orchestrator.core.state import OVER
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.commands import Choice
    from orchestrator.core.state import State


def choices(state: State, unit_id: str, step_id: str) -> tuple[tuple[Choice, str], ...]:
    """Return each choice with the step that it reopens ("" unless it is a rework)."""
    found = state.step(unit_id, step_id)
    if found is None:
        return ()
    step, current = found
    unit = state.units[unit_id]
    out: list[tuple[Choice, str]] = []
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    held = fact is not None and fact.holder == GRIPPER
    begun = current.code != "too_late"  # a window that has closed stays closed
    if begun:
        out.append(("retry", ""))
    if begun and "camera" in step.check and not held:
        out.append(("recheck", ""))
    if begun and step.robot is not None and step.human is not None and not step.together:
        out.append(("other_actor", ""))
    if begun and step.undo is not False:
        out.append(("rework", step_id))
    out += [("rework", name) for name in _reworkable(state, unit_id, step_id) if unit.steps[name].status in OVER]
    if not step.critical:
        out.append(("skip", ""))
        if not held:  # what the gripper holds is not at its place
            out.append(("force", ""))
    out.append(("scrap", ""))
    return tuple(out)


def _reworkable(state: State, unit_id: str, step_id: str) -> list[str]:
    """The steps that this one builds on directly, and those that its ladder names, where they can be undone."""
    variant = state.variant_of(unit_id)
    step = variant.by_id[step_id]
    named = {rung.step for ladder in step.on_fail.values() for rung in ladder if rung.do == "rework"}
    near = [wait.step for wait in step.after]
    near += [
        other.id
        for other in variant.steps
        if (other.group in named or other.id in named) and step_id in variant.dependants(other.id)
    ]
    return [name for name in dict.fromkeys(near) if not undo_trouble(state, unit_id, name)]
