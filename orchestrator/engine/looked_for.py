"""What a camera shall look for: a part where procedure and ledger have it, what stands about, and what it may be."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import deviation
from orchestrator.core.locating import Space
from orchestrator.core.ports import CheckRequest, Expected
from orchestrator.core.world import CELL, GRIPPER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Shot
    from orchestrator.core.state import State
    from orchestrator.core.variant import PartSpec, Step
    from orchestrator.core.world import Sighting

NEAR_M = 0.4  # parts further from the result than this don't matter to its picture
ALIKE = 0.25  # kinds whose boxes differ by less than this share on every axis can be mistaken for each other
LEFT_M, LEFT_RAD = 0.02, 0.5  # how far from where it was to be put a part may lie that a unit has left
SAME_M, SAME_RAD = 0.0002, 0.0003  # within which a camera is taken to stand where it stood
MISTAKEN = 4  # look-alikes that a check tells apart at most


class LookedFor:
    """Results to look for. `kinds` gives every part kind of a product, for telling look-alikes apart."""

    def __init__(self, kinds: Callable[[str], Mapping[str, PartSpec]]) -> None:
        self._kinds = kinds

    def result(self, state: State, effect: str, unit: str, step: Step) -> CheckRequest:
        """Return what a look at a step's result asks. Raises VisionError where there is nothing to look at."""
        result = step.result
        nominal = state.result_pose(unit, step)
        kinds = state.variant_of(unit).parts
        spec = kinds.get(result.kind or "")
        if nominal is None or spec is None or not spec.mesh or result.part is None:
            raise VisionError(
                f"There is nothing to look at for {step.id}.", remedy="Give its part a mesh, or check by a person."
            )
        name = f"{unit}/{result.part}"
        above = {fact.part for fact in state.world.on(name)}
        around = []
        for fact in state.world.facts.values():
            other = state.part_spec(fact.unit, fact.kind)
            pose = state.world.pose(fact.part)
            if fact.part == name or other is None or not other.mesh or pose is None or _held(state, fact.part):
                continue
            if fact.part in above and (fixed := _on_nominal(state, fact.part, name, nominal)) is not None:
                pose = fixed
            if math.dist(pose.p, nominal.p) < NEAR_M:
                around.append(Expected(fact.part, other.mesh, pose, other.symmetry_z))
        return CheckRequest(
            effect=effect,
            part=Expected(name, spec.mesh, nominal, spec.symmetry_z),
            around=tuple(around),
            within_m=result.within_m,
            within_rad=result.within_rad,
            look_alikes=self.alike(state, unit, result.kind or "", nominal),
            datum=_datum(state, name),
        )

    def alike(self, state: State, unit: str, kind: str, pose: Pose) -> tuple[Expected, ...]:
        """Return the kinds that a kind at a pose can be mistaken for."""
        kinds = {**self._kinds(state.variant_of(unit).product), **state.variant_of(unit).parts}
        mine = kinds[kind]
        alike = [
            Expected(name, other.mesh, pose, other.symmetry_z)
            for name, other in sorted(kinds.items())
            if name != kind and other.mesh and other.mesh != mine.mesh and _similar(mine, other)
        ]
        return tuple(alike[:MISTAKEN])


def seen_by(request: CheckRequest, state: State, shot: Shot, calibration: str) -> CheckRequest:
    """Return a request with what is known of each datum that this picture's camera has measured, standing as it does.

    It knows none where it has not measured what all of them stand on: that may have been carried here since. A camera
    on the flange is off by another amount wherever the arm holds it.
    """
    chain = {fact.part: fact.sighting for fact in state.world.chain(request.part.id)}
    known = {
        part: (*seen.sigma_m, *seen.sigma_rad)
        for part, seen in chain.items()
        if seen is not None and _same(seen, shot, calibration)
    }
    if shot.camera not in state.spec.fixed_cameras or [*chain][-1:] != [*known][-1:]:
        return request
    return replace(request, datum=tuple(replace(datum, sigma=known.get(datum.id)) for datum in request.datum))


def _same(seen: Sighting, shot: Shot, calibration: str) -> bool:
    """Tell whether a picture's camera is off as it was in an earlier one: a board may have put it elsewhere since."""
    moved = deviation(shot.pose, seen.camera_at)
    same = (seen.camera, seen.calibration) == (shot.camera, calibration)
    return same and math.hypot(*moved.xyz_m) < SAME_M and math.hypot(*moved.rot_rad) < SAME_RAD


def remains(state: State, effect: str, part: str) -> tuple[CheckRequest, Space]:
    """Return what a look at a part asks that a unit may have left where the ledger has it, and the space it is in.

    Raises VisionError when it has no place or no mesh.
    """
    fact, pose = state.world.get(part), state.world.pose(part)
    spec = state.part_spec(fact.unit, fact.kind) if fact is not None else None
    if pose is None or spec is None or not spec.mesh:
        raise VisionError(f"There is nothing to look at for {part}.", remedy="Look yourself.")
    request = CheckRequest(
        effect=effect,
        part=Expected(part, spec.mesh, pose, spec.symmetry_z),
        around=_around(state, part, pose),
        within_m=(LEFT_M, LEFT_M, LEFT_M),
        within_rad=(LEFT_RAD, LEFT_RAD, LEFT_RAD),
    )
    size = math.dist(spec.low_m, spec.high_m) + 2 * LEFT_M
    return request, Space(pose, (size, size, size))


def _around(state: State, name: str, nominal: Pose) -> tuple[Expected, ...]:
    """Return what else stands near a place, but for what sits on the part that is looked for there."""
    above = {fact.part for fact in state.world.on(name)}
    out = []
    for fact in state.world.facts.values():
        other, pose = state.part_spec(fact.unit, fact.kind), state.world.pose(fact.part)
        if fact.part == name or fact.part in above or pose is None or _held(state, fact.part):
            continue
        if other is not None and other.mesh and math.dist(pose.p, nominal.p) < NEAR_M:
            out.append(Expected(fact.part, other.mesh, pose, other.symmetry_z))
    return tuple(out)


def _held(state: State, part: str) -> bool:
    fact = state.world.get(part)
    while fact is not None and fact.holder != CELL:
        if fact.holder == GRIPPER:
            return True
        fact = state.world.get(fact.holder)
    return False


def _on_nominal(state: State, part: str, base: str, nominal: Pose) -> Pose | None:
    """Where a part on a sub-assembly is when the sub-assembly sits at its nominal pose."""
    pose, carrier = state.world.pose(part), state.world.pose(base)
    return nominal @ carrier.inverse() @ pose if pose and carrier else None


def _datum(state: State, part: str) -> tuple[Expected, ...]:
    """Return what carries a part, directly or not, where a camera has measured that: the part's pose is relative to it.

    Flexible parts and those without a mesh are passed over; the chain ends where a place is not known.
    """
    out = []
    for fact in state.world.chain(part):
        spec, pose = state.part_spec(fact.unit, fact.kind), state.world.pose(fact.part)
        rigid = spec is not None and bool(spec.mesh) and not spec.flexible
        sure = fact.source == "measured" and fact.certainty == "known"
        if fact.part != part and spec is not None and rigid and sure and pose is not None:
            out.append(Expected(fact.part, spec.mesh, pose, spec.symmetry_z))
    return tuple(out)


def _similar(one: PartSpec, other: PartSpec) -> bool:
    sizes = [
        (a_high - a_low, b_high - b_low)
        for a_low, a_high, b_low, b_high in zip(one.low_m, one.high_m, other.low_m, other.high_m, strict=True)
    ]
    return all(abs(a - b) <= ALIKE * max(a, b, 1e-6) for a, b in sizes)
