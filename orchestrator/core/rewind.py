"""Going back to before a step: which results must be taken back, in which order, and whether that is work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.machine import MOTION_ALLOWED, OrderState, StepStatus
from orchestrator.core.readiness import Blocker, people_blockers, resources, taken
from orchestrator.core.state import OVER
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.state import State, UnitState
    from orchestrator.core.variant import Step

_STANDS = OVER | {StepStatus.ATTENTION}


@dataclass(frozen=True, slots=True)
class Undo:
    """One result to be taken back. `work`: a person must take something off; else it is only measured again."""

    step: Step
    work: bool
    never: bool = False  # it can't be taken back


def plan(state: State, unit_id: str, step_id: str) -> tuple[Undo, ...]:
    """Return what must be taken back to do a step anew, last built first."""
    unit, variant = state.units[unit_id], state.variant_of(unit_id)
    names = [name for name in (step_id, *variant.dependants(step_id)) if unit.steps[name].status in _STANDS]
    return tuple(_undo(state, unit, variant.by_id[name]) for name in reversed(names))


def trouble(state: State, unit_id: str, step_id: str) -> str:
    """Return why a unit can't go back to before a step, "" where it can."""
    unit, variant = state.units[unit_id], state.variant_of(unit_id)
    if unit.rewind is not None:
        return f"{unit_id} is on its way back to {unit.rewind.to} already."
    if unit.steps[step_id].status not in _STANDS:
        return f"{step_id} is {unit.steps[step_id].status}."
    for name in (step_id, *variant.dependants(step_id)):
        if unit.steps[name].status in {StepStatus.ACTIVE, StepStatus.VERIFYING}:
            return f"{name} is {unit.steps[name].status}."
    return next((f"{undo.step.id} can't be undone." for undo in plan(state, unit_id, step_id) if undo.never), "")


def needs_work(state: State, unit: UnitState, step: Step) -> bool:
    """Whether taking a result back means that a person takes something off, or looks: of a question nobody knows."""
    if unit.steps[step.id].status not in _STANDS:
        return False
    fact = state.world.get(f"{unit.id}/{step.result.part}") if step.result.part else None
    if fact is not None and fact.holder == GRIPPER:
        return False
    open_ = unit.steps[step.id].status == StepStatus.ATTENTION and step.result.part is not None
    if open_ or (fact is not None and fact.certainty != "unknown"):
        return True
    return isinstance(step.undo, str) and unit.steps[step.id].status in OVER


def undo_blockers(state: State, unit: UnitState, step: Step, place: str) -> list[Blocker]:
    """Return every reason why the person at a place can't take a result back now; empty when they can.

    The zone that the result lies in is theirs alone, as for any step: the robot neither works there nor passes.
    """
    if unit.rewind is None or unit.rewind.todo[:1] != (step.id,):
        return [Blocker("not_next", f"{step.id} is not the next to be taken back.")]
    if unit.steps[step.id].status not in _STANDS:
        return [Blocker("not_ready", f"The step is {unit.steps[step.id].status}.")]
    out: list[Blocker] = []
    order = state.orders[unit.order]
    if order.state not in {OrderState.RUNNING, OrderState.STOPPING}:
        out.append(Blocker("order", f"Order {order.id} is {order.state}."))
    if place not in state.places:
        out.append(Blocker("nobody", f"Nobody is signed in at {place}."))
    if state.cell not in MOTION_ALLOWED:
        out.append(Blocker("cell", f"The cell is {state.cell}."))
    if (doing := state.doing(place)) is not None:
        out.append(Blocker("lane", f"{place} is at {doing[0].id} {doing[1]}."))
    if unit.rechecking:
        out.append(Blocker("recheck", f"The camera is looking at {', '.join(unit.rechecking)} once more."))
    below = [*state.world.chain(f"{unit.id}/{step.result.part}")] if step.result.part else []
    if below and below[-1].holder == GRIPPER:  # nobody takes apart what the robot holds
        out.append(Blocker("gripper", f"The gripper holds {below[-1].part}."))
    out += people_blockers(state, step, (place,))
    return out + taken(state, unit.id, step.id, resources(state, unit, step))


def _undo(state: State, unit: UnitState, step: Step) -> Undo:
    over = unit.steps[step.id].status in OVER
    return Undo(step, needs_work(state, unit, step), never=over and step.undo is False)
