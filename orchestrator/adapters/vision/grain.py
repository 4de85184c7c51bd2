"""Over how many pixels the noise of a depth picture is alike, measured in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from orchestrator.adapters.vision.render import Depth, Mask

FAR = 12  # pixels apart at which the noise of any camera is taken for independent
MOST = 12.0
LEAST_PAIRS = 150
JUMP_SIGMA = 8.0  # pixels that differ by more lie on two surfaces, or one of them floats between


def grain(rest: Depth, usable: Mask, sigma: float) -> float:
    """Return the grain of measured minus expected depth (height, width), metres: 1 is independent noise.

    Cameras that match windows err alike over a window. Noise that is the mean over n pixels a side differs, between
    neighbours along a row or column, by 1/n of the mean square by which it differs far apart (the semivariogram,
    G. Matheron, 1963). Differences are not touched by an offset, so a displaced part has the same grain.
    """
    near, far = (_differing(rest, usable, apart, JUMP_SIGMA * sigma) for apart in (1, FAR))
    if near is None or far is None:
        return 1.0
    return float(np.clip(far / max(near, 1e-12), 1.0, MOST))


def _differing(rest: Depth, usable: Mask, apart: int, jump_m: float) -> float | None:
    """Return the mean square difference between pixels so far apart, None where there are too few pairs."""
    pairs = []
    for axis in (0, 1):
        first = tuple(slice(None, -apart) if a == axis else slice(None, None, 2) for a in (0, 1))
        second = tuple(slice(apart, None) if a == axis else slice(None, None, 2) for a in (0, 1))
        change = np.abs(rest[second] - rest[first])[usable[first] & usable[second]]
        pairs.append(change[change < jump_m])
    changes = np.concatenate(pairs)
    return float(np.mean(np.square(changes, dtype=np.float64))) if len(changes) >= LEAST_PAIRS else None
