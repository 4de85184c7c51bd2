"""The ROS 2 robot over a real middleware, against servers in another process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.robot_ros2 import STALE_S, RosRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.core.ports import Safety
from orchestrator.core.ros2_spec import Ros2GripperSpec, Ros2SafetySpec, Ros2Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestrator.adapters.ros2.link import Link
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Box

ROOT = Path(__file__).parents[2]
SETTINGS = Ros2Settings(
    wrench="wrench",
    gripper=Ros2GripperSpec(joint="finger_joint", open=0.0425, closed=0.0),
    safety=Ros2SafetySpec(source="topic", release="release"),
)
START_S = 30.0
BUFFERS = (  # as launch/README has it for large pictures
    "<CycloneDDS><Domain><Internal><SocketReceiveBufferSize min='default' max='64MB'/></Internal></Domain></CycloneDDS>"
)
ALONE = ("ROS_DOMAIN_ID", "GZ_PARTITION", "IGN_PARTITION")  # what keeps graphs apart: of ROS 2, of Gazebo, of Fortress


def alone(graph: int = 0) -> None:
    """Keep the graph of this process, and of those that it starts, to this machine and to itself.

    Another `graph` is one without servers that have died there: for 10 s they are taken for alive.
    """
    own = str(100 + (os.getpid() + graph) % 100)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ.setdefault("CYCLONEDDS_URI", BUFFERS)
    os.environ.update(dict.fromkeys(ALONE, own))


@contextlib.contextmanager
def apart(graph: int) -> Iterator[None]:
    """Be alone in another graph for a while."""
    before = {name: os.environ.get(name) for name in (*ALONE, "ROS_AUTOMATIC_DISCOVERY_RANGE")}
    alone(graph)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


class ServerProcess:
    """Servers in a process of their own; started again where they have died."""

    def __init__(self, *arguments: str, module: str = "tests.ros2.servers") -> None:
        self._arguments, self._module = arguments, module
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Any = None

    def start(self) -> None:
        """Have them running, at home and well-behaved."""
        if self._process is None or self._process.poll() is not None:
            self._launch()
        self.call("reset")

    def call(self, name: str, *args: Any, **keywords: Any) -> Any:
        """Run a command of `servers.Servers` there."""
        self._connection.send((name, args, keywords))
        return self._connection.recv()

    def kill(self) -> None:
        """End them as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End them."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.wait(START_S)

    def _launch(self) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-m", self._module, str(theirs.fileno()), *self._arguments]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        try:
            assert self._connection.recv() == "ready"
        except EOFError:
            code = self._process.wait(START_S)
            raise AssertionError(f"{self._module} ended as it started, with code {code}: see what it said") from None


class RosRig:
    """The ROS 2 robot on servers."""

    span_s = creep_rad = lag = late_s = 0.0

    def __init__(
        self, folder: Path, servers: ServerProcess, settings: Ros2Settings = SETTINGS, *, wait: bool = True
    ) -> None:
        from orchestrator.adapters.ros2.node import RosLink

        servers.start()
        self._servers = servers
        self.clock = WallClock()
        self._link = RosLink(settings, self.clock)
        link = self._beyond(self._link, folder, settings)
        self._ros = RosRobot(
            link, self.clock, MeshStore(folder), arm=UR5E, settings=settings, seed=1, moveit=self._link.moveit
        )
        self.robot = self._ros
        self.close = self._ros.close
        safe = (Safety.NORMAL,) if wait else tuple(Safety)  # or is told by somebody else
        self._heard(lambda: not self._ros._readings.lacking and self._ros.safety.value in safe)

    def _beyond(self, link: Link, folder: Path, settings: Ros2Settings) -> Link:
        """Return the link that the robot gets: this one, or one around it."""
        return link

    def _heard(self, true: Callable[[], bool]) -> None:
        """Let the robot hear until something is so; the loop stands still meanwhile."""
        ends_s = time.monotonic() + START_S
        while not true():
            assert time.monotonic() < ends_s
            time.sleep(0.002)
            self._link.crossing.drain()

    def trip(self, safety: Safety = Safety.PROTECTIVE_STOP) -> None:
        told = Safety(self._servers.call("trip", safety.value))
        self._heard(lambda: self._ros._told_safety is told)

    def lose_safety(self) -> None:
        self._servers.call("set", silent=True)
        time.sleep(STALE_S + 0.2)
        self._link.crossing.drain()
        self._ros.look()
        self._ros.look()

    def regain_safety(self) -> None:
        self._servers.call("set", silent=False)
        self.trip(Safety.NORMAL)
        self._heard(lambda: self._ros.safety.value is Safety.NORMAL)

    def deafen(self, motion: Any) -> None:
        self._servers.call("deafen")

    def misbehave(self, **flags: Any) -> None:
        if flags.pop("deaf", False):
            self._servers.call("deafen")
        self._servers.call("set", **flags)

    def slow(self, speed: float) -> None:
        self._servers.call("set", speed=speed)

    def hear(self) -> None:
        self._servers.call("hear")

    def die(self) -> None:
        self._servers.kill()

    def put(self, kind: str, shape: Box, pose: Pose) -> str:
        return str(self._servers.call("put", kind, shape, pose))

    def take(self, body: str) -> None:
        self._servers.call("take", body)


class RosKind:
    """The ROS 2 robot over a real middleware; its time is the wall's."""

    def __init__(self, servers: ServerProcess) -> None:
        self._servers = servers

    def run(self, main: Callable[[], Any]) -> Any:
        return asyncio.run(main())

    def make(self, folder: Path) -> RosRig:
        return RosRig(folder, self._servers)
