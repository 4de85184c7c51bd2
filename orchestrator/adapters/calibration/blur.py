"""How sharp a picture is where the board's corners are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.calibration.detect import Detection

REACH_PX = 8  # how far from a corner its edges are looked at
MOST_BLUR_PX = 1.5  # wider edges put corners beside their places; soon after, no marker can be read any more


def blur_px(picture: npt.NDArray[np.uint8], found: Detection) -> float:
    """Return one sigma of how far the edges at the corners are smeared, by the median over the corners, in pixels.

    An edge smeared by sigma climbs at most by its contrast / (sigma sqrt(2 pi)) a pixel; across its smear, that is,
    so of the two directions at a corner the one that climbs less counts.
    """
    grey = np.asarray(picture if picture.ndim == 2 else picture.mean(axis=2), dtype=np.float64)
    height, width = grey.shape
    out = []
    for x, y in np.rint(found.pixels).astype(int):
        top, left = max(0, y - REACH_PX), max(0, x - REACH_PX)
        near = grey[top : min(height, y + REACH_PX + 1), left : min(width, x + REACH_PX + 1)]
        low, high = np.percentile(near, (5, 95))
        climb = min(float(np.abs(np.diff(near, axis=axis)).max()) for axis in (0, 1))
        out.append((high - low) / (math.sqrt(2 * math.pi) * max(climb, 1e-6)))
    return float(np.median(out))
