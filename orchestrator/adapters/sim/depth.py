"""What a depth camera makes of true distances: noise models by the names that cell files use."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Image = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DepthNoise:
    """How a camera errs. Lengths in metres; the defaults are those of structured light, `NO_NOISE` is a perfect one.

    - Axial noise: the depth of a triangulating camera errs by an amount that grows with the square of the distance
      (K. Khoshelham and S. O. Elberink, "Accuracy and resolution of Kinect depth data", Sensors 12, 2012):
      `sigma_m` is one sigma at 1 m, seen head-on; slanted surfaces are noisier by 1 / cosine, up to threefold.
      With `grain_px` above 1 the noise is the mean over a window of so many pixels a side, scaled back to one sigma:
      neighbours matched over shared windows err alike, by 1 - d / grain at d pixels along a row or column.
    - Quantisation: depth comes in steps of `step_m`, or of `step_m` times depth squared where `by_disparity`, as
      equal steps of disparity give.
    - Range: nothing is seen nearer than `nearest_m` or beyond `farthest_m`.
    - Grazing angles: surfaces seen at a cosine below `grazing` lose ever more pixels, all of them at none.
    - Edges: of the pixels within `edge_px` of a jump in depth of more than `edge_m`, the share `flying` is lost or
      floats between, half of them each: their beam, or their window, meets both surfaces.
    - Light: a pixel is lost the likelier the more the light that comes back falls below `dark` or exceeds `glare`,
      both as shares of what white paper sends back head-on; the projector stands `projector_m` beside the camera.
    - Holes: the share `holes` of all pixels is lost anywhere, in patches of the noise's grain, where no match is found.
    """

    sigma_m: float = 0.00014
    step_m: float = 0.0001
    nearest_m: float = 0.3
    farthest_m: float = 2.0
    grazing: float = 0.2
    edge_m: float = 0.008
    flying: float = 0.5
    edge_px: int = 1
    grain_px: int = 1
    by_disparity: bool = False
    holes: float = 0.0
    dark: float = 0.03
    glare: float = 5.0
    projector_m: float = 0.1

    def spoil(self, depth: Image, cosine: Image, random: np.random.Generator, *, light: Image | None = None) -> Image:
        """Return the measured image of true `depth`, viewing `cosine` and `light` sent back; 0 is unseen.

        All are (height, width). Without `light` nothing is dark or shiny.
        """
        out = np.where((depth < self.nearest_m) | (depth > self.farthest_m), np.float32(0), depth)
        if self.grazing > 0:
            _lose(out, cosine, self.grazing, random)
        if self.flying > 0:
            self._fly(depth, out, random)
        if self.sigma_m > 0:
            noise = self._grains(depth.shape, random)
            out += np.where(out > 0, noise * self.sigma_m * out**2 / np.maximum(cosine, np.float32(1 / 3)), 0)
        if self.holes > 0:
            out[self._grains(depth.shape, random) < NormalDist().inv_cdf(self.holes)] = 0
        if self.step_m > 0:
            out = self._stepped(out)
        if light is not None:  # last, so that a dark part changes its own pixels alone
            _lose(out, light, self.dark, random)
            with np.errstate(divide="ignore"):
                _lose(out, np.reciprocal(light), 1 / self.glare, random)
        return np.asarray(out, dtype=np.float32)

    def _stepped(self, depth: Image) -> Image:
        step = np.float32(self.step_m)
        if not self.by_disparity:
            return np.asarray(np.round(depth / step) * step)
        with np.errstate(divide="ignore"):
            steps = np.round(1 / (depth * step))
        return np.asarray(np.where(depth > 0, 1 / (np.maximum(steps, 1) * step), 0))

    def _grains(self, shape: tuple[int, ...], random: np.random.Generator) -> Image:
        """Return standard normal noise (height, width), each value the mean of a window of white noise."""
        height, width = shape
        n = self.grain_px
        if n <= 1:
            return random.standard_normal(shape, dtype=np.float32)
        white = random.standard_normal((height + n, width + n), dtype=np.float32)
        sums = white.cumsum(axis=0, dtype=np.float64)
        sums = (sums[n:] - sums[:-n]).cumsum(axis=1)
        return np.asarray((sums[:, n:] - sums[:, :-n]) / n, dtype=np.float32)

    def _fly(self, depth: Image, out: Image, random: np.random.Generator) -> None:
        """Lose or displace pixels of `out` beside edges of `depth`: their beam meets both surfaces."""
        beside = np.zeros_like(depth)  # the depth across the edge, 0 where there is none
        for apart in range(self.edge_px, 0, -1):  # the nearest edge counts
            for axis in (0, 1):
                first = tuple(slice(None, -apart) if a == axis else slice(None) for a in (0, 1))
                second = tuple(slice(apart, None) if a == axis else slice(None) for a in (0, 1))
                jump = np.abs(depth[second] - depth[first]) > self.edge_m
                beside[first] = np.where(jump, depth[second], beside[first])
                beside[second] = np.where(jump, depth[first], beside[second])
        edge = np.flatnonzero((beside > 0) & (out > 0))
        draw = random.random((2, len(edge)), dtype=np.float32)
        mixed = out.flat[edge] + draw[1] * (beside.flat[edge] - out.flat[edge])
        lost, flown = draw[0] < self.flying / 2, draw[0] < self.flying
        out.flat[edge] = np.where(lost, np.float32(0), np.where(flown, mixed, out.flat[edge]))


def _lose(out: Image, seen: Image, enough: float, random: np.random.Generator) -> None:
    """Lose pixels of `out` where `seen` is not `enough`: half of them at half as much, all of them at nothing."""
    poor = np.flatnonzero((seen < enough) & (out > 0))
    lost = random.random(len(poor), dtype=np.float32) > seen.flat[poor] / enough
    out.flat[poor[lost]] = 0


STRUCTURED_LIGHT = DepthNoise()
STEREO = DepthNoise(
    sigma_m=0.0025,
    step_m=0.0006,
    farthest_m=4.0,
    edge_px=3,
    grain_px=7,
    by_disparity=True,
    holes=0.005,
    dark=0.02,
    glare=8.0,
    projector_m=0.03,
)
NO_NOISE = DepthNoise(sigma_m=0, step_m=0, nearest_m=0, farthest_m=np.inf, grazing=0, flying=0, dark=0, glare=np.inf)

MODELS = {"structured_light": STRUCTURED_LIGHT, "stereo": STEREO, "perfect": NO_NOISE}
"""The noise models that a cell file's cameras may name.

- structured_light: an industrial camera that projects stripes. 0.14 mm at 1 m on paper, 0.1 mm steps, 0.3 to 2 m.
- stereo: an active stereo camera with a 50 mm base, as mobile robots carry. 2.5 mm at 1 m, which is a disparity error
  of about a tenth of a pixel (sigma_z = z^2 / (f b) sigma_d: L. Keselman, J. I. Woodfill, A. Grunnet-Jepsen and
  A. Bhowmik, "Intel RealSense stereoscopic depth cameras", CVPR workshops 2017), correlated over its 7-pixel matching
  window; disparity in 1/32 pixel, so steps of 0.6 mm at 1 m; edges spoilt over 3 pixels.
- perfect: no error of any kind.

Shares (grazing, flying, holes) and limits of light are this model's own choice, of the order that such cameras show.
"""
