"""What every robot adapter promises, held by the ROS 2 robot where MoveIt plans: the suite of `tests/contract`."""

from __future__ import annotations

import pytest

from tests.contract import test_robot as suite
from tests.contract.running import on_robot
from tests.ros2.moveit_double import MoveItDoubleKind
from tests.ros2.moveit_rig import MoveItKind, why_no_moveit

globals().update(
    {name: value for name, value in vars(suite).items() if name.startswith("test_") or name == "no_orphans"}
)


@pytest.fixture(params=["double", pytest.param("ros2", marks=pytest.mark.ros2)])
def on_rig(request, tmp_path):
    """Run a coroutine on a robot whose plans are MoveIt's, and hold it to leaving no task behind."""
    if request.param == "double":
        return on_robot(MoveItDoubleKind(), tmp_path)
    if reason := why_no_moveit():
        pytest.skip(reason)
    return on_robot(MoveItKind(request.getfixturevalue("servers"), request.getfixturevalue("move_group")), tmp_path)
