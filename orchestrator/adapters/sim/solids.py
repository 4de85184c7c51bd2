"""How heavy a link is that is drawn with primitives: solids of one density, as under the embedded cell's physics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import LinkVisual
    from orchestrator.core.geometry import Pose

    Floats = npt.NDArray[np.float64]

DENSITY_KG_M3 = 1000.0
BARE_KG, BARE_M = 0.1, 0.05  # of a link without a shape: a ball of this mass and radius


@dataclass(frozen=True, slots=True)
class Mass:
    """Mass (kg), centre (m) and inertia about it (kg m2, 3 x 3), in the link's frame."""

    mass_kg: float
    centre_m: Floats
    inertia_kg_m2: Floats


def mass_of(parts: Sequence[tuple[Pose, LinkVisual]]) -> Mass:
    """Return the mass of a link of solids, each with the pose of its frame; where they overlap, both count."""
    solids = [_solid(to @ part.pose, part) for to, part in parts]
    if not solids:
        return Mass(BARE_KG, np.zeros(3), 0.4 * BARE_KG * BARE_M**2 * np.eye(3))
    mass = sum(solid.mass_kg for solid in solids)
    centre = np.sum([solid.mass_kg * solid.centre_m for solid in solids], axis=0) / mass
    inertia = np.zeros((3, 3))
    for solid in solids:  # Steiner's theorem
        off = solid.centre_m - centre
        inertia += solid.inertia_kg_m2 + solid.mass_kg * (off @ off * np.eye(3) - np.outer(off, off))
    return Mass(mass, centre, inertia)


def _solid(at: Pose, part: LinkVisual) -> Mass:
    """Return one primitive's, by the textbook's formulas for solid boxes, cylinders along z and balls."""
    if part.shape == "box":
        x, y, z = part.size_m
        volume, squares = x * y * z, [(y * y + z * z) / 12, (x * x + z * z) / 12, (x * x + y * y) / 12]
    elif part.shape == "cylinder":
        radius, length = part.size_m
        across = (3 * radius**2 + length**2) / 12
        volume, squares = math.pi * radius**2 * length, [across, across, radius**2 / 2]
    else:
        (radius,) = part.size_m
        volume, squares = 4 / 3 * math.pi * radius**3, [0.4 * radius**2] * 3
    mass = DENSITY_KG_M3 * volume
    matrix = np.asarray(at.matrix())
    turn = matrix[:3, :3]
    return Mass(mass, matrix[:3, 3], turn @ np.diag(squares) @ turn.T * mass)
