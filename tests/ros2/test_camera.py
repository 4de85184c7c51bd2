"""What every camera adapter promises, held by the ROS 2 camera: the suite of `tests/contract`, unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import test_camera as suite
from tests.contract.running import on
from tests.ros2.camera_rig import DoubleCamera, RosCameraKind
from tests.ros2.found import why_not

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

globals().update({name: value for name, value in vars(suite).items() if name.startswith("test_")})


@pytest.fixture(
    params=["double", pytest.param("depth", marks=pytest.mark.ros2), pytest.param("points", marks=pytest.mark.ros2)]
)
def on_camera(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine on a ROS 2 camera above an empty table."""
    if request.param == "double":
        return on(DoubleCamera(), tmp_path)
    if reason := why_not():
        pytest.skip(reason)
    topic = {request.param: f"top/{request.param}"}
    return on(RosCameraKind(request.getfixturevalue("camera_driver"), **topic), tmp_path)
