"""A unit as it should stand when one of its steps is looked at: everything before it placed, nothing off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.errors import VisionError
from orchestrator.core.state import OrderRecord, StepState, UnitState, initial
from orchestrator.core.world import CELL, Fact, World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.locating import Located, LocateRequest
    from orchestrator.core.ports import Check, CheckRequest, Shot
    from orchestrator.core.state import State
    from orchestrator.core.variant import Step, Variant

UNIT = "u1"
ORDER = "nominal"


def nominal(
    variant: Variant,
    step: Step,
    spec: CellSpec,
    nest: int = 0,
    *,
    before: Mapping[str, AbstractSet[str]] | None = None,
) -> State:
    """Return a cell in which unit `u1` waits for this step's result, in the `nest`-th of the nests of each role.

    What surely comes before the step has been placed where it belongs. The step's own part is not there yet.
    `before` is what `earlier_steps` says of the variant, for whoever asks about many of its steps.
    """
    nests = {role: frames[nest % len(frames)] for role, frames in spec.nests.items()}
    before = before or {other.id: _before(variant, other) for other in variant.steps}
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


def as_checked(state: State, variant: Variant, step: Step) -> State:
    """Return a nominal cell at the moment when a camera looks: the step's own part is there, not measured yet.

    What a camera attests counts as measured by it, so that it can be a datum.
    """
    attested = {f"{UNIT}/{other.result.part}" for other in variant.steps if "camera" in other.check}
    facts = {
        part: replace(fact, source="measured") if part in attested else fact for part, fact in state.world.facts.items()
    }
    result, part = step.result, f"{UNIT}/{step.result.part}"
    owner = f"{UNIT}/{result.at.owner}" if result.at is not None and result.at.owner is not None else None
    if result.at is not None and result.kind is not None and owner in facts:
        at = variant.parts[facts[owner].kind].frames.get(result.at.frame)
        if at is not None:
            pose = at @ result.meets.inverse()
            facts[part] = Fact(part, result.kind, owner, result.at.frame, pose, "nominal", "known", 0.0)
    return replace(state, world=World(facts))


def earlier_steps(variant: Variant) -> dict[str, frozenset[str]]:
    """Return for each step the ids of all that surely end before it starts."""
    out: dict[str, frozenset[str]] = {}
    left = list(variant.steps)
    while left:
        later = []
        for step in left:
            first = {wait.step for wait in step.after if wait.step in variant.by_id}
            if first <= out.keys():
                out[step.id] = frozenset(first).union(*(out[name] for name in first))
            else:
                later.append(step)
        if len(later) == len(left):  # a circle
            return out | dict.fromkeys((step.id for step in later), frozenset())
        left = later
    return out


class Nobody:
    """Stands in for cameras and vision where only requests are asked for."""

    async def shoot(self) -> Shot:
        """Take no picture."""
        raise VisionError("Nothing looks here.")

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        """Judge nothing."""
        del request, shot
        raise VisionError("Nothing is judged here.")

    async def locate(self, request: LocateRequest, shot: Shot) -> Located:
        """Find nothing."""
        del request, shot
        raise VisionError("Nothing is looked for here.")

    async def close(self) -> None:
        """End nothing."""


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
