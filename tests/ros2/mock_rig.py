"""The ROS 2 robot under real controllers, on mock hardware or in Gazebo: what is around the arm is rehearsed."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.ros2.readings import Readings
from orchestrator.adapters.ros2.rehearsal import Rehearsal
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.geometry import IDENTITY
from tests.ros2.found import why_not
from tests.ros2.launching import launched, signalled
from tests.ros2.rig import SETTINGS, RosKind, RosRig, ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.adapters.ros2.link import Link
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Box
    from orchestrator.core.ros2_spec import Ros2Settings

ENDS_S = 30.0
UNFELT = SETTINGS.model_copy(update={"wrench": None})
GAZEBO = ("ros_gz_sim", "ros_gz_bridge", "gz_ros2_control")


def why_not_mock() -> str:
    """Return why nothing can be tried on mock hardware here, "" where it can."""
    return why_not() or (
        "" if find_spec("controller_manager") else "ros2_control's controller_manager is not installed"
    )


def why_not_gazebo() -> str:
    """Return why nothing can be tried in Gazebo here, "" where it can."""
    if reason := why_not_mock():
        return reason
    from ament_index_python.packages import get_packages_with_prefixes

    lacking = [package for package in GAZEBO if package not in get_packages_with_prefixes()]
    return f"no Gazebo was found: {', '.join(lacking)} not installed" if lacking else ""


class Hardware:
    """A launch file's arm with its controllers, and who tells its safety state."""

    def __init__(self, folder: Path, file: str, *said: str) -> None:
        self._said = (folder / "said.txt").open("w", encoding="utf-8")
        self._launched = launched(folder / "install", file, *said, out=self._said)
        self.guard = ServerProcess(module="tests.ros2.mock_guard")
        try:
            self.guard.start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it as Ctrl+C does."""
        self.guard.close()
        signalled(self._launched, signal.SIGINT)
        try:
            self._launched.wait(ENDS_S)
        finally:
            signalled(self._launched, signal.SIGKILL)
            self._said.close()


class MockRig(RosRig):
    """The robot on it, in a simulated world."""

    late_s = 0.025  # three of the controller's cycles: one to tell, one to hear, one to come
    span_s = 0.02  # a reading is where the cycle before wanted the arm, so a speed by stamps is off by their jitter

    def __init__(self, folder: Path, guard: ServerProcess, settings: Ros2Settings = UNFELT) -> None:
        super().__init__(folder, guard, settings)

    def _beyond(self, link: Link, folder: Path, settings: Ros2Settings) -> Link:
        self._world = World(MeshStore(folder))
        readings = Readings(settings.joints, settings.gripper, UR5E.gripper.stroke_m, simulated=settings.use_sim_time)
        return Rehearsal(link, self._world, readings, arm=UR5E, base=IDENTITY, seed=1)

    def deafen(self, motion: Any) -> None:
        pytest.skip("ros2_control's controller always answers a cancel")

    def put(self, kind: str, shape: Box, pose: Pose) -> str:
        return self._world.add(kind, shape, pose, source="rack")

    def take(self, body: str) -> None:
        self._world.remove(body)


class GazeboRig(MockRig):
    """That robot in Gazebo."""

    span_s = 0.1  # stamps come by /clock, in steps; a jog stutters, as each trajectory begins at an arm that lags
    lag = 0.15  # on two cores Gazebo's time was seen to go at 0.92 to 0.97 of the wall's, and more slowly now and then
    creep_rad = 1e-3  # forces hold it up; readings call more than twice that a second a motion (STILL_RAD_S)


class MockKind(RosKind):
    """That robot; its time is the wall's."""

    def make(self, folder: Path) -> MockRig:
        return MockRig(folder, self._servers)


class GazeboKind(RosKind):
    """The robot in Gazebo; its time is Gazebo's, the test's is the wall's."""

    def make(self, folder: Path) -> GazeboRig:
        return GazeboRig(folder, self._servers, UNFELT.model_copy(update={"use_sim_time": True}))
