"""OpenCV, loaded when first needed."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from orchestrator.core.errors import SetupError


@cache
def opencv() -> Any:
    """Return cv2, held to one thread: the cell's event loop has its own work. Raises SetupError where it is missing."""
    try:
        cv2: Any = importlib.import_module("cv2")
    except ImportError as error:
        raise SetupError("Calibration needs OpenCV, which is missing.", remedy="Install Tandem again.") from error
    cv2.setNumThreads(1)
    return cv2
