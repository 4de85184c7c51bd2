"""What the folders of events share: how they are entered into a table, and small changes of a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.core.machine import StepStatus
from orchestrator.core.records import replace
from orchestrator.core.state import (
    ANYWHERE,
    OVER,
    ROBOT,
    MotionState,
    OrderRecord,
    State,
    StepState,
    UnitState,
    skill_effect,
)

Folder = Callable[[State, Any, float], State]


def entering(table: dict[type, Folder]) -> Callable[..., Callable[[Folder], Folder]]:
    """Return a decorator that enters a folder into a table, for the types of events that it takes."""

    def on(*kinds: type) -> Callable[[Folder], Folder]:
        def register(folder: Folder) -> Folder:
            for kind in kinds:
                table[kind] = folder
            return folder

        return register

    return on


def unlooked(unit: UnitState, but: frozenset[str] = frozenset()) -> UnitState:
    """Something was done to a unit: what the camera sees from now on counts, `but` what it has just seen."""
    return replace(unit, rechecking={}, looked_at=but) if unit.rechecking or unit.looked_at != but else unit


def called_off(state: State, unit_id: str, step_id: str, step: StepState) -> State:
    """What moves the arm and nobody waits for any more still has to come to a stand; nothing it proposed goes ahead."""
    if "skill" not in step.wants and step.ride != "under_way":
        return state
    effect = step.effect if step.ride == "under_way" else skill_effect(unit_id, step_id, step.attempt)
    return replace(state, ending=state.ending | {effect}, motions=unasked(state, effect))


def unasked(state: State, effect: str) -> dict[str, MotionState]:
    """The motions without those of an effect that still wait for approval."""
    return {name: motion for name, motion in state.motions.items() if motion.approved or motion.effect != effect}


def unclear(state: State, step: StepState) -> State:
    """Note where somebody may still be: what was in a person's hands has ended, and they have not said so.

    Where it lay in no zone they may be anywhere.
    """
    places = [actor for actor in step.actors if actor != ROBOT and step.wants & {"confirm", "undo"}]
    where = zones(step.resources) or (ANYWHERE,)
    more = {place: tuple(dict.fromkeys((*state.unclear.get(place, ()), *where))) for place in places}
    times = {place: state.unclear_n.get(place, 0) + 1 for place in places}
    unclear_n = {**state.unclear_n, **times}
    return replace(state, unclear={**state.unclear, **more}, unclear_n=unclear_n) if more else state


def zones(resources: tuple[str, ...]) -> tuple[str, ...]:
    """Return the zones alone: while a result is looked at, its place stays reserved; tools and bins are free again."""
    return tuple(name for name in resources if name.startswith("zone:"))


def freed(order: OrderRecord, unit: UnitState, candidates: tuple[str, ...]) -> UnitState:
    """Make ready what waits for nothing any more."""
    steps = dict(unit.steps)
    for name in candidates:
        waiting = steps[name].status in {StepStatus.WAITING, StepStatus.UNDONE}
        if waiting and all(steps[wait.step].status in OVER for wait in order.variant.by_id[name].after):
            steps[name] = replace(steps[name], status=StepStatus.READY)
    return replace(unit, steps=steps)


def with_step(state: State, unit_id: str, step_id: str, step: StepState) -> State:
    """Return the state with another state of a step."""
    unit = state.units[unit_id]
    return with_unit(state, replace(unit, steps={**unit.steps, step_id: step}))


def with_unit(state: State, unit: UnitState) -> State:
    """Return the state with another state of a unit."""
    return replace(state, units={**state.units, unit.id: unit})


def without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a mapping without a key."""
    return {k: v for k, v in mapping.items() if k != key}
