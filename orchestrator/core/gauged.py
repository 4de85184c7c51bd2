"""Gauge studies that are kept: how much of what one camera says of one result is the measuring itself."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.ports import CheckRequest

POSE_DIGITS = 5  # 10 µm, and as much of a quaternion: what is placed alike is the same view

Six = tuple[float, float, float, float, float, float]


class Gauged(Frozen):
    """A gauge study's result for one camera and result, as it stands in one nest.

    `view` is the digest of everything that the camera was shown (`view_of`), `calibration` the id of its calibration,
    or the digest of the cell file where that counts. `axes` were studied (0 to 2 along, 3 to 5 about x, y, z); `ev` is
    repeatability, `av` reproducibility between cameras, `pv` the parts' own variation: one sigma, m and rad.
    """

    product: str
    step: str
    camera: str
    view: str
    calibration: str
    axes: tuple[int, ...]
    ev: Six
    av: Six
    pv: Six
    units: int
    shots: int
    made_t: float = 0.0  # UTC s

    @property
    def said(self) -> str:
        """What it rests on, in words."""
        return f"a gauge study of {self.units} units x {self.shots} shots"


def view_of(request: CheckRequest, meshes: Mapping[str, str]) -> str:
    """Return the digest of what a check looks at: part, surroundings and datum with their places, but no tolerance.

    `meshes` maps each mesh to its SHA-256. A tolerance may change, and a study of that view counts still.
    """
    rows = [("part", request.part)]
    rows += [("around", thing) for thing in sorted(request.around, key=lambda thing: thing.id)]
    rows += [("datum", thing) for thing in request.datum]
    lines = [
        f"{role} {thing.id} {meshes.get(thing.mesh, thing.mesh)} "
        + " ".join(f"{round(v, POSE_DIGITS) + 0.0:.{POSE_DIGITS}f}" for v in (*thing.pose.p, *thing.pose.q))
        for role, thing in rows
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
