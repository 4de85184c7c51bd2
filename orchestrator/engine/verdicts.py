"""What the cell takes from a check: a verdict that contradicts itself is none, and no picture is newer than it was."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.commands import Measured
from orchestrator.engine.golden import AXES

if TYPE_CHECKING:
    from orchestrator.core.ports import Check, CheckRequest, Shot

BEYOND = 1.05  # of the tolerance: more is no rounding
LEAST_M, LEAST_RAD = 1e-4, 1e-3


def believed(check: Check, request: CheckRequest) -> Check:
    """Return a check as it is, or that nothing was seen where what it says cannot be."""
    if why := _nonsense(check, request):
        return replace(
            check,
            verdict="cannot_see",
            deviation=None,
            uncertainty_m=(0.0, 0.0, 0.0),
            visible=0.0,
            reason=f"The vision contradicts itself: {why} {check.reason}".strip(),
        )
    return check


def measured(check: Check, request: CheckRequest, shot: Shot, calibration: str) -> Measured:
    """Return a check of a picture as the journal keeps it; `calibration` is the id of what its camera goes by."""
    offset = check.deviation
    return Measured(
        verdict=check.verdict,
        offset_mm=_rounded(offset.xyz_m, 1000) if offset else None,
        turn_deg=_rounded(offset.rot_rad, 180 / math.pi) if offset else None,
        uncertainty_mm=_rounded(check.uncertainty_m, 1000),
        visible=round(check.visible, 3),
        reason=check.reason,
        evidence=check.evidence,
        shot_t=min(check.shot_stamp or shot.stamp, shot.stamp),
        datum=check.datum,
        datum_offset_mm=_rounded(check.datum_offset.xyz_m, 1000) if check.datum_offset else None,
        uncertainty_deg=_rounded(check.uncertainty_rad, 180 / math.pi),
        camera=shot.camera,
        calibration=calibration,
        camera_at=shot.pose.rounded(),
        taught=request.taught is not None,
    )


def _nonsense(check: Check, request: CheckRequest) -> str:
    offset = check.deviation
    off = (*offset.xyz_m, *offset.rot_rad) if offset else ()
    if not all(map(math.isfinite, (*check.uncertainty_m, *check.uncertainty_rad, check.visible, *off))):
        return "a number in it is none."
    if min(*check.uncertainty_m, *check.uncertainty_rad) < 0 or not -1e-6 <= check.visible <= 1 + 1e-6:
        return "an uncertainty or a share is out of its range."
    if check.verdict != "ok" or not off:
        return ""
    least = (*(max(BEYOND * m, m + LEAST_M) for m in request.within_m),)
    least += (*(max(BEYOND * rad, rad + LEAST_RAD) for rad in request.within_rad),)
    judged = [axis not in check.not_judged for axis in AXES]
    beyond = [axis for axis, told, far, most in zip(AXES, judged, off, least, strict=True) if told and abs(far) > most]
    return f"it says ok, and that the part is out of its tolerance ({', '.join(beyond)})." if beyond else ""


def _rounded(values: tuple[float, float, float], scale: float) -> tuple[float, float, float]:
    x, y, z = (round(value * scale, 3) + 0.0 for value in values)
    return (x, y, z)
