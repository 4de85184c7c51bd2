"""A depth camera over ROS 2: its pictures, its lens, and where it sat when it took them."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.robot_ros2 import RosRobot
from orchestrator.adapters.ros2.cameras import CameraGraph
from orchestrator.adapters.ros2.depth import depth_of_cloud, depth_of_image
from orchestrator.adapters.ros2.flange import FlangeLog
from orchestrator.adapters.ros2.lens import lens_of
from orchestrator.core.camera import OFF_DEG, OFF_MM
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import deviation
from orchestrator.core.ports import Shot

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from orchestrator.adapters.ros2.exposure import Exposures
    from orchestrator.adapters.ros2.feed import Arrival, Feed
    from orchestrator.core.cell import CameraSpec, CellSpec
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Clock, Intrinsics, Robot

VIEW_DEG = 1.0  # by how much the cell file's field of view may differ from the lens's


class RosCamera:
    """`Camera` over a feed. `flange` tells where the flange was at a time (s, UTC), for a camera that is on it.

    A picture counts where it was taken after it was asked for, so nothing that lies about on the way is evidence.
    """

    def __init__(
        self,
        name: str,
        spec: CameraSpec,
        feed: Feed,
        clock: Clock,
        exposures: Exposures,
        flange: Callable[[float], Pose] | None = None,
    ) -> None:
        assert spec.ros2 is not None
        self.name = name
        self._spec = spec
        self._ros2 = spec.ros2
        self._feed = feed
        self._clock = clock
        self._exposures = exposures
        self._flange = flange

    async def shoot(self) -> Shot:
        """Wait for a picture that is taken from now on.

        Raises VisionError where there is none within the camera's `wait_s`: codes no_picture (nobody publishes, or what
        comes is old), no_lens, bad_picture (of another kind or size), other_clock, and no_pose.
        """
        asked = self._clock.now()
        arrival, stamp = await self._taken_after(asked)
        message, run = arrival.message, asyncio.get_running_loop().run_in_executor
        lens = self._lens(message)
        if self._ros2.depth is not None:
            depth = await run(None, self._said, depth_of_image, message)
        else:
            depth = await run(None, self._said, lambda cloud: depth_of_cloud(cloud, lens), message)
        return Shot(self.name, depth, lens, await self._pose(message, stamp), stamp)

    async def _taken_after(self, asked: float) -> tuple[Arrival, float]:
        """Return the first picture that comes with a lens and was taken at `asked` (s, UTC) or later, and when."""
        wait_s = self._ros2.wait_s
        last: tuple[str, str, str] | None = None  # why the last one does not count: code, words, what helps
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    arrival = await self._feed.next()
                    try:
                        at = arrival.message.header.stamp
                        stamp = self._exposures.taken(at.sec + 1e-9 * at.nanosec, arrival.came)
                    except VisionError as error:
                        last = (error.code, error.message, error.remedy)
                        continue
                    if self._feed.info is None:
                        last = ("no_lens", *self._feed.trouble(self._ros2.lens))
                    elif stamp < asked:
                        old_s = arrival.came.t - stamp
                        words = f"The newest picture is {old_s:.1f} s old; none was taken within {wait_s:g} s."
                        last = ("no_picture", words, "See the camera and its clock.")
                    else:
                        return arrival, stamp
        except TimeoutError:
            code, words, remedy = last or ("no_picture", *self._feed.trouble(self._ros2.topic))
            raise self._refused(words, remedy, code) from None

    def _lens(self, message: Any) -> Intrinsics:
        """Return the lens that a picture was taken through. Raises VisionError where it is another picture's."""
        info, spec = self._feed.info, self._spec
        lens: Intrinsics = self._said(lambda info: lens_of(info, rectified=self._ros2.rectified), info)
        size = (message.width, message.height)
        if size != (lens.width, lens.height):
            raise self._refused(
                f"The picture has {size[0]} x {size[1]} pixels, its lens is told for {lens.width} x {lens.height}.",
                "Name the info topic of this very picture.",
                "no_lens",
            )
        if info.header.frame_id and message.header.frame_id and info.header.frame_id != message.header.frame_id:
            raise self._refused(
                f"The picture is of the frame {message.header.frame_id}, its lens of {info.header.frame_id}.",
                "Name the info topic of this very picture.",
                "no_lens",
            )
        view = math.degrees(2 * math.atan(lens.width / 2 / lens.fx))
        if size != spec.size_px or abs(view - spec.view_deg) > VIEW_DEG:
            raise self._refused(
                f"The camera has {size[0]} x {size[1]} pixels and sees {view:.1f}° wide; the cell file says "
                f"{spec.size_px[0]} x {spec.size_px[1]} and {spec.view_deg:g}°.",
                f"Write size_px: [{size[0]}, {size[1]}] and view_deg: {view:.1f} there.",
                "no_lens",
            )
        return lens

    async def _pose(self, message: Any, stamp: float) -> Pose:
        """Return where the camera was. Raises VisionError (code no_pose)."""
        at = self._spec.at
        if not self._spec.fixed:
            assert self._flange is not None
            try:
                return self._flange(stamp) @ at
            except VisionError as error:
                raise self._refused(error.message, error.remedy, error.code) from error
        if self._ros2.tf is None:
            return at
        frame = self._ros2.frame or message.header.frame_id.removeprefix("/")
        if not frame:
            raise self._refused("Its pictures name no frame.", "Write the camera's optical frame: frame.", "no_pose")
        try:
            pose = await self._feed.placed(self._ros2.tf, frame, message.header.stamp)
        except VisionError as error:
            raise self._refused(error.message, error.remedy, error.code) from error
        off = deviation(at, pose)
        off_mm, off_deg = 1000 * off.distance_m, math.degrees(math.hypot(*off.rot_rad))
        if off_mm > OFF_MM or off_deg > OFF_DEG:
            raise self._refused(
                f"tf2 has it {off_mm:.0f} mm and {off_deg:.0f}° from where the cell file has it.",
                "Correct its at in the cell file, or the transform.",
                "no_pose",
            )
        return pose

    def _said(self, read: Callable[[Any], Any], given: Any) -> Any:
        """Return what is read of something; what is wrong with it is said of this camera."""
        try:
            return read(given)
        except VisionError as error:
            raise self._refused(error.message, error.remedy, error.code) from error

    def _refused(self, words: str, remedy: str, code: str) -> VisionError:
        return VisionError(f"{self.name}: {words}", remedy=remedy, code=code)


class RosCameras:
    """The cameras of one cell that speak ROS 2, by name."""

    def __init__(self, spec: CellSpec, clock: Clock, robot: RosRobot) -> None:
        settings = spec.adapters.robot_ros2
        assert settings is not None
        over = {name: (camera, camera.ros2) for name, camera in spec.cameras.items() if camera.ros2 is not None}
        self._graph = CameraGraph(
            {name: ros2 for name, (_, ros2) in over.items()},
            clock,
            namespace=settings.namespace,
            use_sim_time=settings.use_sim_time,
        )
        self._flange = FlangeLog(robot.state, len(robot.arm.steps))
        self.cameras = {
            name: RosCamera(name, camera, self._graph.feeds[name], clock, self._graph.exposures, self._flange.at)
            for name, (camera, _) in over.items()
        }

    @classmethod
    def of(cls, spec: CellSpec, clock: Clock, robot: Robot) -> Self | None:
        """Open the cameras that a cell file has over ROS 2; None where there are none.

        Raises SetupError where ROS 2, or tf2 for a camera that it places, is not to be had.
        """
        if not isinstance(robot, RosRobot) or all(camera.ros2 is None for camera in spec.cameras.values()):
            return None
        return cls(spec, clock, robot)

    async def close(self) -> None:
        """Listen no more."""
        self._flange.close()
        await self._graph.close()
