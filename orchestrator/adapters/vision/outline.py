"""Where depth jumps in a picture, and masks made wider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from orchestrator.adapters.vision.render import Depth, Mask


def outline(front: Depth, jump_m: float, *, slopes: bool = True) -> Mask:
    """Return the pixels of a (height, width) depth picture on both sides of each jump in depth.

    A surface seen so aslant that it falls by as much from pixel to pixel counts as well unless `slopes` is false.
    """
    edge = np.zeros(front.shape, dtype=bool)
    down, across = (_steps(front, axis, slopes=slopes) >= jump_m for axis in (0, 1))
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    return edge


def _steps(front: Depth, axis: int, *, slopes: bool) -> Depth:
    """Return how far depth falls or rises from each pixel to the next; without slopes, beyond the steps beside."""
    step = np.abs(np.diff(front, axis=axis))
    if slopes or step.shape[axis] < 2:
        return np.asarray(step)
    first, last = np.take(step, [0], axis=axis), np.take(step, [-1], axis=axis)
    inner = [slice(None)] * 2
    inner[axis] = slice(None, -1)
    before = np.concatenate([first, step[tuple(inner)]], axis=axis)
    inner[axis] = slice(1, None)
    after = np.concatenate([step[tuple(inner)], last], axis=axis)
    return np.asarray(step - np.minimum(before, after))


def grown(mask: Mask, pixels: int) -> Mask:
    """Return a (height, width) mask widened by some pixels in each direction."""
    out = mask.copy()
    for _ in range(pixels):
        wide = out.copy()
        wide[1:] |= out[:-1]
        wide[:-1] |= out[1:]
        out = wide.copy()
        out[:, 1:] |= wide[:, :-1]
        out[:, :-1] |= wide[:, 1:]
    return out
