"""Jobs that take the place of `work.check` in the caller and that the real vision process runs: they take memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision import work

if TYPE_CHECKING:
    from orchestrator.adapters.vision.place import Crop
    from orchestrator.core.ports import Check, CheckRequest

_check = work.check
_held: list[bytes] = []


def drips(request: CheckRequest, crop: Crop, calibration: str = "") -> Check:
    """Judge, and keep 200 kB."""
    _held.append(b"1" * 200_000)
    return _check(request, crop, calibration)


def greedy(_request: CheckRequest, _crop: Crop, _calibration: str = "") -> Check:
    """Take memory until there is no more."""
    taken = []
    while True:
        taken.append(np.ones(10_000_000))
