"""Rigs for the ROS 2 robot: a double in this process, and servers over a real middleware where ROS 2 is sourced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.running import on_robot
from tests.ros2.double import DoubleKind
from tests.ros2.found import why_not
from tests.ros2.rig import RosKind, ServerProcess, alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

collect_ignore = [
    "servers.py",
    "fake_ur.py",
    "fake_manager.py",
    "mock_guard.py",
    "pictures.py",
    "move_group.py",
    "move_group_execution.py",
]  # over rclpy, and no modules of tests


@pytest.fixture(scope="session")
def servers() -> Iterator[ServerProcess]:
    """Servers for all tests of this run, started when the first one wants them."""
    alone()
    process = ServerProcess()
    yield process
    process.close()


@pytest.fixture(scope="session")
def camera_driver() -> Iterator[ServerProcess]:
    """A depth camera's driver for all tests of this run."""
    alone()
    process = ServerProcess(module="tests.ros2.pictures")
    yield process
    process.close()


@pytest.fixture(scope="session")
def move_group() -> Iterator[ServerProcess]:
    """A move_group for all tests of this run."""
    alone()
    process = ServerProcess(module="tests.ros2.move_group")
    yield process
    process.close()


@pytest.fixture(params=["double", pytest.param("ros2", marks=pytest.mark.ros2)])
def on_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine on a robot that is ready (unless told not to be), and hold it to leaving no task behind."""
    if request.param == "ros2" and (reason := why_not()):
        pytest.skip(reason)
    kind = DoubleKind() if request.param == "double" else RosKind(request.getfixturevalue("servers"))
    return on_robot(kind, tmp_path)
