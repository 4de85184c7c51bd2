"""The ROS 2 camera under test: on a double of its feed in this process, and on a driver in another one."""

from __future__ import annotations

import asyncio
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.camera_ros2 import RosCamera
from orchestrator.adapters.camera_sim import CameraSetup, SimCamera
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.ros2.exposure import ByWall, Came
from orchestrator.adapters.ros2.feed import Arrival
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.cell import CameraSpec
from orchestrator.core.errors import VisionError
from tests.contract.camera_rigs import ABOVE, LENS, UNDER
from tests.ros2 import picture_messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Box, Intrinsics
    from tests.ros2.rig import ServerProcess

PERIOD_S = 0.1  # between two pictures
LATENCY_S = 0.03
WAIT_S = 1.5


def camera_spec(lens: Intrinsics = LENS, at: Pose = ABOVE, on: str = "cell", **ros2: Any) -> CameraSpec:
    """Return a camera over ROS 2 as a cell file has it."""
    view_deg = math.degrees(2 * math.atan(lens.width / 2 / lens.fx))
    topics = {} if "points" in ros2 else {"depth": "top/depth"}
    return CameraSpec.model_validate(
        {
            "on": on,
            "at": at,
            "model": "structured_light",
            "size_px": [lens.width, lens.height],
            "view_deg": view_deg,
            "ros2": {"wait_s": WAIT_S, **topics, **ros2},
        }
    )


class FeedDouble:
    """A feed of pictures of a simulated world, at 10 Hz of the loop's time; `flags` change what comes."""

    def __init__(self, clock: VirtualClock, folder: Path) -> None:
        self._clock = clock
        self.world = World(MeshStore(folder))
        self._camera = SimCamera(CameraSetup("top", ABOVE, LENS), self.world, clock, robot=None, seed=1)
        self.silent = False
        self.behind_s = LATENCY_S
        self.frame = self.lens_frame = "top_optical_frame"
        self.told: Any = LENS
        self.places: dict[tuple[str, str], Pose] = {}

    @property
    def info(self) -> Any:
        if self.told is None:
            return None
        roi = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0)
        header = SimpleNamespace(frame_id=self.lens_frame)
        return SimpleNamespace(**picture_messages.info(self.told), roi=roi, header=header)

    async def next(self) -> Arrival:
        now_s = asyncio.get_running_loop().time()
        await asyncio.sleep(PERIOD_S - now_s % PERIOD_S)
        if self.silent:
            await asyncio.get_running_loop().create_future()
        shot = await self._camera.shoot()
        stamp = self._clock.now() + LATENCY_S - self.behind_s
        await asyncio.sleep(LATENCY_S)
        at = SimpleNamespace(sec=int(stamp), nanosec=round(stamp % 1 * 1e9))
        header = SimpleNamespace(stamp=at, frame_id=self.frame)
        message = SimpleNamespace(**picture_messages.image(shot.depth_m), header=header)
        return Arrival(message, Came(self._clock.now(), self._clock.now()))

    def trouble(self, topic: str) -> tuple[str, str]:
        return f"Nobody publishes {topic}.", "Start it."

    async def placed(self, parent: str, frame: str, stamp: Any) -> Pose:
        if (parent, frame) not in self.places:
            raise VisionError(f"tf2 knows no way from {parent} to {frame}.", remedy="Start it.", code="no_pose")
        return self.places[parent, frame]


class DoubleCameraRig:
    """The ROS 2 camera without ROS 2, under virtual time."""

    def __init__(self, folder: Path, flange: Callable[[float], Pose] | None = None, **spec: Any) -> None:
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.feed = FeedDouble(self.clock, folder)
        self.camera = RosCamera("top", camera_spec(**spec), self.feed, self.clock, ByWall(), flange)

    def put(self, shape: Box) -> None:
        self.feed.world.add("box", shape, UNDER, source="rack")

    def clear(self) -> None:
        for body in tuple(self.feed.world):
            self.feed.world.remove(body.id)

    def blind(self) -> None:
        self.feed.silent = True

    def see(self) -> None:
        self.feed.silent = False

    async def close(self) -> None:
        """There is nothing to end."""


class DoubleCamera:
    """That camera."""

    def run(self, main: Callable[[], Any]) -> Any:
        return run_virtual(main)

    def make(self, folder: Path) -> DoubleCameraRig:
        return DoubleCameraRig(folder)


class RosCameraRig:
    """The ROS 2 camera on a driver in another process, which behaves as `flags` say from the beginning."""

    def __init__(
        self, driver: ServerProcess, flags: dict[str, Any] | None = None, *, use_sim_time: bool = False, **spec: Any
    ) -> None:
        from orchestrator.adapters.ros2.cameras import CameraGraph

        driver.start()
        driver.call("set", **(flags or {}))
        self.driver = driver
        self.clock = WallClock()
        said = camera_spec(**spec)
        assert said.ros2 is not None
        self._graph = CameraGraph({"top": said.ros2}, self.clock, use_sim_time=use_sim_time)
        self.camera = RosCamera("top", said, self._graph.feeds["top"], self.clock, self._graph.exposures)

    def put(self, shape: Box) -> None:
        self.driver.call("see", box=shape)

    def clear(self) -> None:
        self.driver.call("see")

    def blind(self) -> None:
        self.driver.call("set", silent=True)

    def see(self) -> None:
        self.driver.call("set", silent=False)

    async def close(self) -> None:
        await self._graph.close()


class RosCameraKind:
    """That camera; its time is the wall's."""

    def __init__(self, driver: ServerProcess, **spec: Any) -> None:
        self._driver, self._spec = driver, spec

    def run(self, main: Callable[[], Any]) -> Any:
        return asyncio.run(main())

    def make(self, folder: Path) -> RosCameraRig:
        return RosCameraRig(self._driver, **self._spec)
