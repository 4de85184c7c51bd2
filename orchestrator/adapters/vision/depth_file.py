"""Depth pictures from files: PNG and TIFF of 16 bits, NPZ, NPY."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.data_file import existing
from orchestrator.core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Depth = npt.NDArray[np.float32]

NAMES = ("depth_m", "depth", "depth_mm")  # of the array in an NPZ that has several
NEAREST_M, FARTHEST_M = 0.03, 30.0  # the range in which depth cameras measure
UNSEEN = 65535  # in 16 bits, what some cameras write where they saw nothing
LARGEST = 64_000_000  # pixels of a picture


def read_depth(path: Path, *, scale: float | None = None) -> Depth:
    """Return a depth picture, (height, width) float32 in metres along the optical axis, 0 where nothing was seen.

    `scale` is a unit of the file in millimetres (BOP's depth_scale). Without it whole numbers are millimetres and
    others metres. NaN, infinity and negative values count as nothing seen, as do 65535 in 16 bits and what is farther
    than any camera measures.

    Raises:
        NotFound: there is no such file.
        BadInput: it is no depth picture, or its depths are out of any camera's range with this scale.
    """
    existing(path)
    if scale is not None and not (math.isfinite(scale) and scale > 0):
        raise BadInput(f"A depth scale of {scale:g} is no scale.", remedy="It is millimetres a unit, above 0: 0.1.")
    raw, named_mm = _raw(path)
    if raw.ndim == 3 and 1 in (raw.shape[0], raw.shape[2]):
        raw = raw.reshape([n for n in raw.shape if n != 1] if raw.size > 1 else (1, 1))
    if raw.ndim != 2 or raw.size == 0 or raw.dtype.kind not in "iuf":
        raise BadInput(f"'{path}' is no depth picture: {_form(raw)}.", remedy="It has one number a pixel.")
    if raw.dtype.itemsize == 1:
        raise BadInput(f"'{path}' has 8 bits a pixel, too few for depth.", remedy="Save it with 16 bits, unscaled.")
    unit_mm = scale if scale is not None else 1.0 if raw.dtype.kind in "iu" or named_mm else 1000.0
    depth = raw.astype(np.float64) * (unit_mm / 1000)
    if raw.dtype == np.uint16:
        depth[raw == UNSEEN] = 0.0
    depth[~np.isfinite(depth) | (depth <= 0)] = 0.0
    seen = depth[depth > 0]
    if seen.size:
        middle = float(np.median(seen))
        if not NEAREST_M <= middle <= FARTHEST_M:
            raise BadInput(
                f"With {unit_mm:g} mm a unit the middle depth of '{path}' is {middle:.4g} m, which no camera measures.",
                remedy="Tell --depth-scale, the millimetres of one unit: 1000 for metres, 1 for millimetres, 0.1 ...",
            )
    depth[depth > FARTHEST_M] = 0.0
    return depth.astype(np.float32)


def _raw(path: Path) -> tuple[npt.NDArray[Any], bool]:
    """Return the file's array as it is, and whether its name says millimetres."""
    kind = path.suffix.lower()
    try:
        if kind in {".png", ".tif", ".tiff"}:
            return _picture(path), False
        if kind == ".npy":
            return np.asarray(np.load(path, allow_pickle=False)), False
        if kind == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                name = _one_of(list(arrays.files), path)
                return np.asarray(arrays[name]), name.endswith("_mm")
    except BadInput:
        raise
    except Exception as error:  # decoders raise anything on files that lie
        raise BadInput(f"'{path}' can't be read: {error}.", remedy="Save it anew.") from error
    raise BadInput(f"'{path}' is of no kind that is read as depth.", remedy="PNG or TIFF of 16 bits, NPZ, NPY.")


def _picture(path: Path) -> npt.NDArray[Any]:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as picture:
            if picture.width * picture.height > LARGEST:
                raise BadInput(f"'{path}' has more than {LARGEST:,} pixels.", remedy="Cut out what matters.")
            if not (picture.mode.startswith("I") or picture.mode == "F"):
                raise BadInput(
                    f"'{path}' is a picture for people ({picture.mode}), not of depth.",
                    remedy="Give the depth picture: one channel of 16 bits.",
                )
            return np.asarray(picture)


def _one_of(names: list[str], path: Path) -> str:
    if len(names) == 1:
        return names[0]
    for name in NAMES:
        if name in names:
            return name
    raise BadInput(f"'{path}' has the arrays {', '.join(names) or 'none'}.", remedy=f"Name one {NAMES[0]}.")


def _form(raw: npt.NDArray[Any]) -> str:
    return f"{' x '.join(str(n) for n in raw.shape) or 'one number'} of {raw.dtype}"
