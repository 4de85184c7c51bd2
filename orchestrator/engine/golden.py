"""Learning from good units: where a camera finds them, how much single shots scatter, and which shots don't count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.core.errors import BadInput
from orchestrator.core.golden import Golden

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.core.geometry import Vector
    from orchestrator.core.golden import Lesson
    from orchestrator.core.ports import Check, CheckRequest

    Floats = npt.NDArray[np.float64]

LEAST_SHOTS = 5
MOST_LEFT_OUT = 0.25  # share of shots that may not count: where more don't, the units were not good, or not seen well
OUTLYING = 3.5  # robust standard deviations (B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle Outliers", 1993)
MAD = 1.4826  # times the median absolute deviation is a normal distribution's standard deviation
BIASED_M, BIASED_RAD = 0.001, math.radians(1)  # more is no bias: the mesh, its frame or the cell file is wrong
NO_POSE = ("missing", "flipped", "wrong")
AXES = ("along x", "along y", "along z", "about x", "about y", "about z")


@dataclass(frozen=True, slots=True)
class Sample:
    """One shot of a good unit: its name, and the deviation from the nominal pose with its uncertainty (m, rad)."""

    name: str
    values: tuple[float, ...]
    sigma: tuple[float, ...]


def sample(name: str, request: CheckRequest, check: Check) -> Sample | str:
    """Return what a judged shot can teach, or why nothing."""
    if check.verdict in NO_POSE:
        return f"the verdict is {check.verdict}"
    if check.deviation is None:
        return f"no pose was found: {check.reason}" if check.reason else "no pose was found"
    off = check.deviation
    if request.taught is not None:  # counted from what was taught before: back to the nominal pose
        before = request.taught.offset
        off_xyz = (before.pose @ off.pose).p
        values = (*off_xyz, *(a + b for a, b in zip(off.rot_rad, before.rot_rad, strict=True)))
    else:
        values = (*off.xyz_m, *off.rot_rad)
    open_axes = {AXES.index(axis) for axis in check.not_judged if axis in AXES}
    return Sample(
        name,
        tuple(0.0 if axis in open_axes else value for axis, value in enumerate(values)),
        (*check.uncertainty_m, *check.uncertainty_rad),
    )


def learn(
    of: Lesson, samples: Sequence[Sample], refused: dict[str, str] | None = None, *, t: float = 0.0, by: str = ""
) -> Golden:
    """Learn from shots of good units; those that lie apart from the others are left out, with the reason.

    `refused` are shots that could not be taken, by name, with the reason.

    Raises:
        BadInput: there are too few (too_few), too many that don't count (not_good), or good units are found so far
            from their nominal pose that something else is wrong (too_far).
    """
    left_out = dict(refused or {})
    values = np.array([one.values for one in samples], dtype=np.float64).reshape(-1, 6)
    claimed = np.array([one.sigma for one in samples], dtype=np.float64).reshape(-1, 6)
    apart = _apart(values, claimed) if len(values) else {}
    left_out |= {samples[index].name: why for index, why in apart.items()}
    kept = [index for index in range(len(samples)) if index not in apart]
    if len(kept) < LEAST_SHOTS:
        raise BadInput(
            f"{len(kept)} shots of '{of.step}' by {of.camera} count, and {LEAST_SHOTS} are needed.{_reasons(left_out)}",
            remedy="Take more shots of good units, of several units if you can.",
            code="too_few",
        )
    if len(left_out) > MOST_LEFT_OUT * (len(kept) + len(left_out)):
        raise BadInput(
            f"{len(left_out)} of {len(kept) + len(left_out)} shots of '{of.step}' don't count.{_reasons(left_out)}",
            remedy="See that the units are good and the camera's view is clear, then teach again.",
            code="not_good",
        )
    good = values[kept]
    mean, scatter = good.mean(axis=0), good.std(axis=0, ddof=1)
    limits = np.array([BIASED_M] * 3 + [BIASED_RAD] * 3)
    worst = int(np.argmax(np.abs(mean) / limits))
    if abs(mean[worst]) > limits[worst]:
        unit, scale = ("mm", 1000.0) if worst < 3 else ("°", math.degrees(1))
        raise BadInput(
            f"Good units of '{of.step}' are found {mean[worst] * scale:+.2f} {unit} off {AXES[worst]}; up to "
            f"{limits[worst] * scale:g} {unit} can be a bias.",
            remedy="Mend the mesh, its frame, the cell file or the calibration, or see whether the units are good.",
            code="too_far",
        )
    known = scatter / math.sqrt(len(kept))
    return Golden(
        of=of,
        offset_m=_three(mean[:3], 7),
        offset_rad=_three(mean[3:], 6),
        scatter_m=_three(scatter[:3], 7),
        scatter_rad=_three(scatter[3:], 6),
        mean_m=_three(known[:3], 7),
        mean_rad=_three(known[3:], 6),
        shots=tuple(samples[index].name for index in kept),
        left_out=left_out,
        made_t=t,
        by=by,
    )


def _apart(values: Floats, claimed: Floats) -> dict[int, str]:
    """Return the shots that lie apart from the others on some axis, with the axis in words."""
    middle = np.median(values, axis=0)
    spread = np.maximum(MAD * np.median(np.abs(values - middle), axis=0), np.median(claimed, axis=0))
    out = {}
    for index, row in enumerate(values):
        far = np.abs(row - middle) / np.maximum(spread, 1e-9)
        axis = int(np.argmax(far))
        if far[axis] > OUTLYING:
            unit, scale = ("mm", 1000.0) if axis < 3 else ("°", math.degrees(1))
            away = (row[axis] - middle[axis]) * scale
            out[index] = f"it lies {away:+.2f} {unit} {AXES[axis]} from the others, {far[axis]:.1f} of their sigma"
    return out


def _reasons(left_out: dict[str, str]) -> str:
    return "".join(f" {name}: {why.rstrip('.')}." for name, why in left_out.items())


def _three(values: Floats, digits: int) -> Vector:
    x, y, z = (round(float(v), digits) + 0.0 for v in values)
    return (x, y, z)
