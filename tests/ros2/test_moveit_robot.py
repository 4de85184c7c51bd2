"""What every robot adapter promises, held by the ROS 2 robot where MoveIt plans or executes: `tests/contract`."""

from __future__ import annotations

import pytest

from tests.contract import test_robot as suite
from tests.contract.running import on_robot
from tests.ros2.moveit_double import ExecutingDoubleKind, MoveItDoubleKind
from tests.ros2.moveit_rig import MoveItKind, why_no_moveit

globals().update(
    {name: value for name, value in vars(suite).items() if name.startswith("test_") or name == "no_orphans"}
)


@pytest.fixture(
    params=[
        "double",
        "executing double",
        *(pytest.param(name, marks=pytest.mark.ros2) for name in ("ros2", "executing")),
    ]
)
def on_rig(request, tmp_path):
    """Run a coroutine on a robot whose plans are MoveIt's, and hold it to leaving no task behind."""
    if "double" in request.param:
        kind = MoveItDoubleKind() if request.param == "double" else ExecutingDoubleKind()
        return on_robot(kind, tmp_path)
    if reason := why_no_moveit():
        pytest.skip(reason)
    processes = (request.getfixturevalue("servers"), request.getfixturevalue("move_group"))
    return on_robot(
        MoveItKind(*processes, execute="moveit" if request.param == "executing" else "controller"), tmp_path
    )
