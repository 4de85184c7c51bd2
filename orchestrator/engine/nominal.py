"""A unit as it should stand when one of its steps is looked at: everything before it placed, nothing off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.state import OrderRecord, StepState, UnitState, initial
from orchestrator.core.world import CELL, Fact, World

if TYPE_CHECKING:
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.state import State
    from orchestrator.core.variant import Step, Variant

UNIT = "u1"
ORDER = "nominal"


def nominal(variant: Variant, step: Step, spec: CellSpec, nest: int = 0) -> State:
    """Return a cell in which unit `u1` waits for this step's result, in the `nest`-th of the nests of each role.

    What surely comes before the step has been placed where it belongs. The step's own part is not there yet.
    """
    nests = {role: frames[nest % len(frames)] for role, frames in spec.nests.items()}
    before = {other.id: _before(variant, other) for other in variant.steps}
    earlier = sorted((other for other in variant.steps if other.id in before[step.id]), key=lambda s: len(before[s.id]))
    facts: dict[str, Fact] = {}
    for other in earlier:
        result = other.result
        if result.part is None or result.kind is None or result.at is None:
            continue
        part, owner = f"{UNIT}/{result.part}", f"{UNIT}/{result.at.owner}"
        if result.at.owner is None:
            frame = nests.get(result.at.frame, result.at.frame)
            holder, at = CELL, spec.frames.get(frame)
        else:
            frame, holder = result.at.frame, owner
            at = variant.parts[facts[owner].kind].frames.get(frame) if owner in facts else None
        if at is not None:
            pose = at @ result.meets.inverse()
            facts[part] = Fact(part, result.kind, holder, frame, pose, "nominal", "known", 0.0)
    unit = UnitState(UNIT, ORDER, 1, nests, 0.0, {other.id: StepState() for other in variant.steps})
    order = OrderRecord(ORDER, variant, 1, None, 0.0, started=1)
    return replace(initial(spec), orders={ORDER: order}, units={UNIT: unit}, world=World(facts))


def _before(variant: Variant, step: Step) -> set[str]:
    """Return the ids of all steps that surely end before this one starts."""
    found: set[str] = set()
    edge = [step]
    while edge:
        for wait in edge.pop().after:
            if wait.step not in found:
                found.add(wait.step)
                edge.append(variant.by_id[wait.step])
    return found
