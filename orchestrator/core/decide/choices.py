"""What a person may choose when a step needs a decision, take out, or confirm; screens offer exactly this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decide import overdue
from orchestrator.core.decide.progress import built_on, undo_trouble
from orchestrator.core.machine import StepStatus
from orchestrator.core.state import OVER, ROBOT
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.commands import Choice
    from orchestrator.core.state import State, StepState


def choices(state: State, unit_id: str, step_id: str) -> tuple[tuple[Choice, str], ...]:
    """Return each choice with the step that it reopens ("" unless it is a rework)."""
    found = state.step(unit_id, step_id)
    if found is None:
        return ()
    step, current = found
    unit = state.units[unit_id]
    if current.status != StepStatus.ATTENTION:
        return tuple(overdue.offered(state, unit, step))
    out: list[tuple[Choice, str]] = []
    if unit.rewind is not None and step_id in unit.rewind.todo:
        return (("scrap", ""), ("abort", ""))  # it is being taken back anyway
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    held = fact is not None and fact.holder == GRIPPER
    begun = current.code != "too_late"  # a window that has closed stays closed
    settled = built_on(state, unit_id, step_id)
    if begun and not settled:
        out.append(("retry", ""))
    if begun and "camera" in step.check and not held:
        out.append(("recheck", ""))
    if begun and not settled and step.robot is not None and step.human is not None and not step.together:
        out.append(("other_actor", ""))
    if begun and step.undo is not False and not (settled and undo_trouble(state, unit_id, step_id)):
        out.append(("rework", step_id))
    out += [("rework", name) for name in _reworkable(state, unit_id, step_id) if unit.steps[name].status in OVER]
    if not step.critical:
        if not settled:
            out.append(("skip", ""))
        if not held:  # what the gripper holds is not at its place
            out.append(("force", ""))
    return (*out, ("scrap", ""), ("abort", ""))


def unmeasured(current: StepState) -> bool:
    """Whether nothing tells of a result that may be forced: who forces it says what shows that it is right."""
    measured = current.attempts[-1].measured if current.attempts else None
    return measured is None or measured.verdict == "cannot_see"


def leftovers(state: State) -> tuple[str, ...]:
    """Return the parts that a person may say to have taken out, each with all that sits on it: what scrap has left."""
    return tuple(part for part in state.leftovers() if not in_the_way(state, part))


def in_the_way(state: State, part: str) -> bool:
    """Whether the robot is at work where a part stands, or has not come to a stand."""
    if state.ending:
        return True
    doing, fact = state.doing(ROBOT), state.world.get(part)
    instead = fact.perhaps.pose if fact is not None and fact.perhaps is not None else None
    for pose in (state.world.pose(part), *([instead] if instead else [])):
        zone = state.spec.zone_of(pose.p) if pose else None
        if doing is not None and (zone is None or f"zone:{zone}" in doing[2].resources):
            return True
    return False


def brought(state: State, unit_id: str, step_id: str) -> bool:
    """Whether the part of a together step is in the gripper or handed over, so that the person can do their share.

    True as well for steps that nothing has to be brought for, and once the robot's share has ended.
    """
    found = state.step(unit_id, step_id)
    if found is None or not found[0].together or found[0].result.part is None or "skill" not in found[1].wants:
        return True
    fact = state.world.get(f"{unit_id}/{found[0].result.part}")
    return fact is not None and (fact.holder == GRIPPER or fact.holder.startswith("place:"))


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
