"""What a structured-light camera makes of true distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Image = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DepthNoise:
    """How a camera errs. Lengths in metres; `NO_NOISE` is a perfect one.

    The depth of a triangulating camera errs by an amount that grows with the square of the distance
    (K. Khoshelham and S. O. Elberink, "Accuracy and resolution of Kinect depth data", Sensors 12, 2012):
    `sigma_m` is one sigma at 1 m, seen head-on; slanted surfaces are noisier by 1 / cosine, up to threefold.
    Depth comes in steps of `step_m`. Surfaces seen at a cosine below `grazing` lose ever more pixels, all of them at
    none; of the pixels beside a jump in depth of more than `edge_m`, the share `flying` is lost or floats between.
    """

    sigma_m: float = 0.00014
    step_m: float = 0.0001
    nearest_m: float = 0.3
    farthest_m: float = 2.0
    grazing: float = 0.2
    edge_m: float = 0.008
    flying: float = 0.5

    def spoil(self, depth: Image, cosine: Image, random: np.random.Generator) -> Image:
        """Return the measured image of true `depth` and viewing `cosine`, both (height, width); 0 is unseen."""
        out = np.where((depth < self.nearest_m) | (depth > self.farthest_m), np.float32(0), depth)
        if self.grazing > 0:
            slanted = np.flatnonzero((cosine < self.grazing) & (out > 0))
            lost = random.random(len(slanted), dtype=np.float32) > cosine.flat[slanted] / self.grazing
            out.flat[slanted[lost]] = 0
        if self.flying > 0:
            self._fly(depth, out, random)
        if self.sigma_m > 0:
            noise = random.standard_normal(depth.shape, dtype=np.float32)
            out += np.where(out > 0, noise * self.sigma_m * out**2 / np.maximum(cosine, np.float32(1 / 3)), 0)
        if self.step_m > 0:
            out = np.round(out / np.float32(self.step_m)) * np.float32(self.step_m)
        return np.asarray(out, dtype=np.float32)

    def _fly(self, depth: Image, out: Image, random: np.random.Generator) -> None:
        """Lose or displace pixels of `out` beside edges of `depth`: their beam meets both surfaces."""
        beside = np.zeros_like(depth)  # the depth across the edge, 0 where there is none
        for axis in (0, 1):
            jump = np.abs(np.diff(depth, axis=axis)) > self.edge_m
            first = tuple(slice(None, -1) if a == axis else slice(None) for a in (0, 1))
            second = tuple(slice(1, None) if a == axis else slice(None) for a in (0, 1))
            beside[first] = np.where(jump, depth[second], beside[first])
            beside[second] = np.where(jump, depth[first], beside[second])
        edge = np.flatnonzero((beside > 0) & (out > 0))
        draw = random.random((2, len(edge)), dtype=np.float32)
        mixed = out.flat[edge] + draw[1] * (beside.flat[edge] - out.flat[edge])
        lost, flown = draw[0] < self.flying / 2, draw[0] < self.flying
        out.flat[edge] = np.where(lost, np.float32(0), np.where(flown, mixed, out.flat[edge]))


STRUCTURED_LIGHT = DepthNoise()
NO_NOISE = DepthNoise(sigma_m=0, step_m=0, nearest_m=0, farthest_m=np.inf, grazing=0, flying=0)
