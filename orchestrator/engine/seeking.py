"""Looking for a part before a pick: a camera says where parts of a kind lie in a bin, and which of them can be held."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.errors import TandemError
from orchestrator.core.geometry import Pose
from orchestrator.core.locating import Fingers, Hold, Kind, LocateRequest, Space
from orchestrator.core.ports import Mesh, SceneObject
from orchestrator.engine.handling import Seen, tallest_m

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.core.cell import BinSpec
    from orchestrator.core.locating import Located, Location
    from orchestrator.core.variant import PartSpec

SURE_M = 0.0013  # one sigma of a place: three of them fit between a part and the open fingers beside it
OVER_M = 0.01  # how far above the tallest a part could stand the space ends in which it is looked for
MOST = 12  # parts that are looked for; what is beyond them waits for the next look

NOT_FOUND, NOT_SURE, NO_FREE_GRASP = "not_found", "not_sure", "no_free_grasp"


def asked(
    effect: str, kind: str, spec: PartSpec, bin_: BinSpec, alike: Iterable[Kind], approach_m: float
) -> LocateRequest:
    """Return the question where parts of a kind lie in a bin. Raises TandemError (no_mesh, no_grasp)."""
    if not spec.mesh:
        raise TandemError(f"{kind} has no mesh.", remedy="Give it one: a camera finds it by its shape.", code="no_mesh")
    if not spec.grasps:
        raise TandemError(
            f"{kind} has no grasp.", remedy="Declare one under parts, or let a person do it.", code="no_grasp"
        )
    assert bin_.size_m is not None
    high_m = tallest_m(spec) + OVER_M
    return LocateRequest(
        effect=effect,
        part=Kind(kind, spec.mesh, spec.symmetry_z),
        space=Space(bin_.at @ Pose((0.0, 0.0, high_m / 2)), (*bin_.size_m, high_m)),
        floor=bin_.at,
        look_alikes=tuple(alike),
        holds=tuple(Hold(name, grasp.pose, grasp.opening_m) for name, grasp in spec.grasps.items()),
        gripper=Fingers(),
        approach_m=approach_m,
        most=MOST,
    )


def chosen(part: str, kind: str, spec: PartSpec, bin_name: str, camera: str, located: Located) -> Seen:
    """Return the part to take, with the others that would do instead, those that are surest first.

    Raises TandemError: not_found, not_sure where every one found may be something or somewhere else, no_free_grasp
    where the gripper gets to none.
    """
    where = f"in {bin_name}"
    if not located.found:
        why = f" {located.reason}" if located.reason else ""
        raise TandemError(
            f"Camera {camera} finds no {kind} {where}.{why}",
            remedy="Refill the bin, or correct how many it holds, then retry.",
            code=NOT_FOUND,
        )
    sure = [location for location in located.found if _sure(location)]
    if not sure:
        first = located.found[0]
        why = first.doubt or f"Its place is known to {max(first.uncertainty_m) * 1000:.1f} mm only (one sigma)."
        raise TandemError(
            f"Camera {camera} is not sure where a {kind} lies {where}. {why}",
            remedy="Shake the bin or lay the parts apart, then retry.",
            code=NOT_SURE,
        )
    free = [(location, holds) for location in sure if (holds := tuple(h for h in location.holds if not h.blocked))]
    if not free:
        why = "; ".join(dict.fromkeys(f"{h.name}: {h.blocked}" for location in sure for h in location.holds))
        raise TandemError(
            f"The gripper gets at none of {len(sure)} {kind} {where}. {why}",
            remedy="Lay one of them the right way up and clear of the others, then retry.",
            code=NO_FREE_GRASP,
        )
    found = [
        Seen(part, kind, location.pose.rounded(), bin_name, holds, _beside(spec, bin_name, location, located))
        for location, holds in free
    ]
    return replace(found[0], instead=tuple(found[1:]))


def _sure(location: Location) -> bool:
    return not location.doubt and max(location.uncertainty_m) <= SURE_M


def _beside(spec: PartSpec, bin_name: str, taken: Location, located: Located) -> tuple[SceneObject, ...]:
    """Return what else lies there, as the arm must keep clear of it."""
    same = [(spec.mesh, other.pose) for other in located.found if other is not taken]
    alike = [(other.mesh, other.pose) for other in located.others]
    return tuple(
        SceneObject(f"in {bin_name} {number}", Mesh(mesh), pose.rounded())
        for number, (mesh, pose) in enumerate((*same, *alike), start=1)
    )
