"""How far off a part is, and how far that is known, axis by axis in its own frame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.core.geometry import Deviation, Vector, deviation
from orchestrator.core.ports import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.vision.datum import Fix
    from orchestrator.adapters.vision.hypotheses import Votes
    from orchestrator.adapters.vision.place import Place
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import CheckRequest, Verdict

PROCESS_SIGMAS = 3.0  # of a process in control are within the tolerance: its capability Cp is 1
FARTHEST_SIGMAS = 4.0
AXES = ("along x", "along y", "along z", "about x", "about y", "about z")


def measured(
    request: CheckRequest, votes: Votes, place: Place, by: Fix, scores: dict[str, float], settings: VisionSettings
) -> Check:
    """Compare the part's pose with its tolerance, axis by axis, with a guard band on both sides (ISO 14253-1).

    Inside is what is inside by the guard, outside what is outside by it; between them the camera is too uncertain to
    say. Axes that the part is free about, or that this view can't tell, are not judged.
    """
    part, found = request.part, votes.found
    off = deviation(found.pose, request.target, part.symmetry_z)
    known = sigmas_of(votes, place, by, settings)
    if request.taught is not None:
        least = (*request.taught.least_m, *request.taught.least_rad)
        known = [max(sigma, seen) for sigma, seen in zip(known, least, strict=True)]
    limits = (*request.within_m, *request.within_rad)
    free = (False,) * 3 + votes.hypothesis.solid.free_axes
    outside, unsure, unseen, left = [], [], [], []
    for axis, (value, limit, sigma) in enumerate(zip((*off.xyz_m, *off.rot_rad), limits, known, strict=True)):
        if free[axis] or (axis == 5 and part.symmetry_z == 0):
            left.append(AXES[axis])
        elif not found.observable[axis]:
            unseen.append(AXES[axis])
        elif abs(value) > limit + settings.guard * sigma:
            outside.append(_amount(axis, value, limit, sigma))
        elif abs(value) > limit - settings.guard * sigma:
            unsure.append(_amount(axis, value, limit, sigma))
    blind = f"Not judged, as it can't be told from here: {', '.join(unseen)}." if unseen else ""
    verdict: Verdict
    if outside:
        verdict, reason = "displaced", f"{part.id} is off: {'; '.join(outside)}. {blind}"
    elif unsure:
        verdict, reason = "cannot_see", f"Too uncertain for the tolerance: {'; '.join(unsure)}. {blind}"
    else:
        verdict, reason = "ok", blind
    return Check(
        verdict=verdict,
        deviation=Deviation(rounded(off.xyz_m, 6), rounded(off.rot_rad, 5)),
        uncertainty_m=rounded(known[:3], 6),
        uncertainty_rad=rounded(known[3:], 5),
        reason=reason.strip(),
        scores=scores,
        not_judged=(*left, *unseen),
    )


def sigmas_of(votes: Votes, place: Place, by: Fix, settings: VisionSettings) -> list[float]:
    """Return what is not known of the part's pose per axis (m, rad): by the fit, by its datum, by the model itself."""
    solid, scene = votes.hypothesis.solid, place.scene
    blur_m = settings.floor_pixels * scene.grain * scene.pixel_m  # of outlines, which tell what lies across the view
    matrix = (scene.view.camera.inverse() @ votes.found.pose).matrix()
    ahead = [abs(float(matrix[2, axis])) for axis in range(3)]
    floors_m = [math.hypot(settings.floor_m, blur_m * math.sqrt(max(0.0, 1 - a * a))) for a in ahead]
    floors_rad = [math.hypot(settings.floor_rad, blur_m / max(solid.radius, 0.004) * a) for a in ahead]
    floors = (*floors_m, *floors_rad)
    inflate = settings.inflate + settings.inflate_grain * (scene.grain - 1)
    datum = by.sigma(votes.found.pose, solid.centre)
    return [
        math.hypot(inflate * float(fit), floor, float(base))
        for fit, floor, base in zip(votes.found.sigma, floors, datum, strict=True)
    ]


def _amount(axis: int, value: float, limit: float, sigma: float) -> str:
    unit, scale = ("mm", 1000.0) if axis < 3 else ("°", math.degrees(1))
    return f"{value * scale:+.2f} ± {sigma * scale:.2f} {unit} {AXES[axis]} (allowed {limit * scale:.2f})"


def rounded(values: Sequence[float], digits: int) -> Vector:
    """Return a vector with so many digits behind the point, and no negative zeros."""
    x, y, z = (round(float(v), digits) + 0.0 for v in values)
    return (x, y, z)


def faults(request: CheckRequest, votes: Votes, place: Place, by: Fix, settings: VisionSettings) -> int:
    """Count what must have gone wrong for a hypothesis to be the case: another thing than the part, out of its place.

    Out of place is what is surely outside of the tolerance about where it would stand as the part should.
    """
    out = any(
        value > limit + settings.guard * sigma
        for value, limit, sigma in _off(request, votes, place, by, settings).values()
    )
    return (votes.hypothesis.kind != "part") + out


def likelier(request: CheckRequest, one: Votes, other: Votes, place: Place, by: Fix, settings: VisionSettings) -> float:
    """Return by how much (log likelihood) one hypothesis leads another because it stands nearer to its own place.

    Whatever was put there was put into its place, with the spread that a process in control has: the tolerance is
    `PROCESS_SIGMAS` of it. What the measuring adds to that spread takes its point away, an axis in which both are off
    alike tells nothing, and beyond
    `FARTHEST_SIGMAS` nothing is less likely: what goes wrong does so by any amount.
    """
    mine, its = (_off(request, votes, place, by, settings) for votes in (one, other))
    lead = 0.0
    for axis in mine.keys() & its.keys():
        (near, limit, known), (far, _, knew) = mine[axis], its[axis]
        if abs(far - near) > settings.guard * max(known, knew):
            spread = limit / PROCESS_SIGMAS
            shares = (value / math.hypot(spread, sigma) for value, sigma in ((far, knew), (near, known)))
            there, here = (min(share, FARTHEST_SIGMAS) ** 2 for share in shares)
            lead += (there - here) / 2
    return lead


def _off(
    request: CheckRequest, votes: Votes, place: Place, by: Fix, settings: VisionSettings
) -> dict[int, tuple[float, float, float]]:
    """Return how far off its own place a hypothesis is, the tolerance and one sigma, by axis, of those that count."""
    idea, found = votes.hypothesis, votes.found
    off = deviation(found.pose, idea.pose, idea.symmetry_z)
    free = (False,) * 3 + idea.solid.free_axes
    known = sigmas_of(votes, place, by, settings)
    limits = (*request.within_m, *request.within_rad)
    axes = zip((*off.xyz_m, *off.rot_rad), limits, known, strict=True)
    return {
        axis: (abs(value), limit, sigma)
        for axis, (value, limit, sigma) in enumerate(axes)
        if not free[axis] and not (axis == 5 and idea.symmetry_z == 0)
    }


def kept_within(request: CheckRequest, votes: Votes) -> Pose:
    """Return the pose nearest to a hypothesis' own that is within the tolerance about where it should stand."""
    idea, found = votes.hypothesis, votes.found
    off = deviation(found.pose, idea.pose, idea.symmetry_z)
    free = (False,) * 3 + idea.solid.free_axes
    limits = (*request.within_m, *request.within_rad)
    kept = [
        value if free[axis] else max(-limit, min(limit, value))
        for axis, (value, limit) in enumerate(zip((*off.xyz_m, *off.rot_rad), limits, strict=True))
    ]
    symmetric = off.pose.inverse() @ idea.pose.inverse() @ found.pose
    return idea.pose @ Deviation((kept[0], kept[1], kept[2]), (kept[3], kept[4], kept[5])).pose @ symmetric
