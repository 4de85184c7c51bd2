"""What lies behind a part where nobody has said what does: the plane that most of its surroundings are on, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.outline import grown

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.vision.render import Depth, Floats, Mask

DRAWS = 60  # of three pixels; where half of the surroundings are on a plane, all of them miss it once in 3,000 times
LEAST_PIXELS = 150
LEAST_SHARE = 0.4  # of the surroundings that must lie on it
SAMPLE = 600
CLOSE_SIGMA, CLOSE_M = 3.0, 0.001  # a pixel is on the plane up to so much noise, and so much unevenness
AROUND_PIXELS = 3  # what is nearer to the part's outline may be the part


def ground(depth: Depth, alone: Depth, unknown: Mask, shape: tuple[int, int], noise_m: float) -> Floats | None:
    """Return the depth (m) of the plane behind a part for every pixel, None where there is none to see.

    All arrays are flat, one value a pixel; `unknown` is where nothing is expected but the part, whose depth is `alone`.
    A plane's inverse depth is linear in the pixel's coordinates. The plane is found by random samples of three pixels
    (RANSAC, M. A. Fischler and R. C. Bolles, 1981; the seed is fixed) and fitted to those that agree.
    """
    part = np.isfinite(alone)
    beside = np.flatnonzero(unknown & (depth > 0) & ~grown(part.reshape(shape), AROUND_PIXELS).ravel())
    if len(beside) < LEAST_PIXELS:
        return None
    some = beside[np.linspace(0, len(beside) - 1, min(SAMPLE, len(beside))).astype(np.int64)]
    seen = depth[some].astype(np.float64)
    near = CLOSE_SIGMA * noise_m * seen**2 + CLOSE_M
    pixels = _coordinates(some, shape)
    draws = np.random.default_rng(0).integers(0, len(some), (DRAWS, 3))
    corners = pixels[draws]
    proper = np.abs(np.linalg.det(corners)) > 1e-6
    if not proper.any():
        return None
    planes = np.linalg.solve(corners[proper], 1 / seen[draws[proper]][..., None])[..., 0]
    with np.errstate(divide="ignore"):
        agree = np.abs(1 / (pixels @ planes.T) - seen[:, None]) < near[:, None]
    on = agree[:, int(agree.sum(axis=0).argmax())]
    for _ in range(2):
        if on.sum() < max(LEAST_SHARE * len(some), 3):
            return None
        plane = np.linalg.lstsq(pixels[on], 1 / seen[on], rcond=None)[0]
        with np.errstate(divide="ignore"):
            on = np.abs(1 / (pixels @ plane) - seen) < near
    inverse = _coordinates(np.arange(len(depth)), shape) @ plane
    behind = np.where(inverse > 1e-3, 1 / np.maximum(inverse, 1e-3), np.inf)
    own = alone[part].astype(np.float64)
    before = behind[part] < own - CLOSE_SIGMA * noise_m * own**2 - CLOSE_M
    return None if before.sum() > 0.1 * len(own) else behind


def _coordinates(pixels: npt.NDArray[np.int64], shape: tuple[int, int]) -> Floats:
    """Return (column, row, 1) of pixels, scaled to about one."""
    rows, columns = np.divmod(pixels, shape[1])
    scale = max(shape)
    return np.stack([columns / scale, rows / scale, np.ones(len(pixels))], axis=1)
