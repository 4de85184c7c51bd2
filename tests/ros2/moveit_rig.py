"""The ROS 2 robot over a real middleware, its plans by a move_group in another process."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from orchestrator.core.moveit_spec import MoveItSpec, PlannerSpec
from tests.ros2.found import why_not
from tests.ros2.rig import SETTINGS, RosKind, RosRig

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ros2.rig import ServerProcess

WITH_MOVEIT = SETTINGS.model_copy(
    update={"planner": PlannerSpec(moveit=MoveItSpec(group="manipulator", hand=("palm",), time_s=3.0))}
)


def why_no_moveit() -> str:
    """Return why tests that need MoveIt's messages can't run in this process, "" where they can."""
    if reason := why_not():
        return reason
    return "" if importlib.util.find_spec("moveit_msgs") else "moveit_msgs is not part of the ROS 2 that is sourced"


class MoveItRig(RosRig):
    """The ROS 2 robot on servers, with a move_group."""

    def __init__(self, folder: Path, servers: ServerProcess, move_group: ServerProcess, execute: str) -> None:
        move_group.start()
        self.move_group = move_group
        super().__init__(folder, servers, WITH_MOVEIT.model_copy(update={"execute": execute}))

    def plan_badly(self, **flags: Any) -> None:
        """Have move_group misbehave."""
        self.move_group.call("set", **flags)


class MoveItKind(RosKind):
    """The ROS 2 robot with MoveIt, over a real middleware; `execute` says who executes its motions."""

    def __init__(self, servers: ServerProcess, move_group: ServerProcess, execute: str = "controller") -> None:
        super().__init__(servers)
        self._move_group, self._execute = move_group, execute

    def make(self, folder: Path) -> MoveItRig:
        return MoveItRig(folder, self._servers, self._move_group, self._execute)
