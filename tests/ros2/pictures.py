"""A depth camera's driver over rclpy, in a process of its own: `python -m tests.ros2.pictures`.

It publishes what the embedded camera sees of a world of its own, at 10 Hz, as the test says. Commands come over a local
connection.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rclpy
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock as Tick
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header, String
from tf2_msgs.msg import TFMessage

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.ports import Mesh
from tests.contract.camera_rigs import ABOVE, LENS, UNDER
from tests.ros2 import picture_messages
from tests.ros2.obeying import obey

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Box, Intrinsics

PERIOD_S = 0.1
FRAME = "top_optical_frame"


class Pictures:
    """The camera, and how its driver misbehaves."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._node = node = rclpy.create_node("camera_driver")
        sensor = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._images = node.create_publisher(Image, "top/depth", sensor)
        self._clouds = node.create_publisher(PointCloud2, "top/points", sensor)
        self._infos = node.create_publisher(CameraInfo, "top/camera_info", sensor)
        self._words = node.create_publisher(String, "words/depth", sensor)
        self._ticks = node.create_publisher(Tick, "/clock", sensor)
        self._moving = node.create_publisher(TFMessage, "/tf", 100)
        self._still = node.create_publisher(TFMessage, "/tf_static", latched)
        self.reset()
        threading.Thread(target=self._publish, daemon=True).start()

    # ---- commands ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """See an empty table from above, behave."""
        with self._lock:
            self.encoding, self.big, self.pad, self.nothing = "32FC1", False, 0, float("nan")
            self.behind_s = 0.0  # how old a picture is when it is published
            self.frozen = False  # the stamp stays
            self.stamp_s: float | None = None  # what the stamp is, whatever the time
            self.simulated: tuple[float, float] | None = None  # pace and beginning of a simulator's clock, s
            self.silent = False  # no picture comes
            self.mute = False  # no lens comes
            self.frame = self.lens_frame = FRAME
            self.d = (0.0,) * 5
            self.told: Intrinsics = LENS
            self.place: tuple[str, Pose] | None = None  # where /tf has the camera, in which frame
            self.see()

    def set(self, **flags: Any) -> None:
        """Behave otherwise."""
        with self._lock:
            for name, value in flags.items():
                assert hasattr(self, name)
                setattr(self, name, value)
            self._began_s = time.monotonic()

    def see(
        self,
        parts: tuple[tuple[str, Pose], ...] = (),
        *,
        folder: str = "",
        pose: Pose = ABOVE,
        lens: Intrinsics = LENS,
        box: Box | None = None,
    ) -> None:
        """Look at meshes below a folder where they are, or at a box under the camera."""
        world = World(MeshStore(Path(folder)))
        for mesh, at in parts:
            world.add(mesh, Mesh(mesh), at, source="rack")
        if box is not None:
            world.add("box", box, UNDER, source="rack")
        camera = SimCamera(CameraSetup("top", pose, lens), world, WallClock(), robot=None, seed=1)
        shot = asyncio.run(camera.shoot())
        with self._lock:
            self._depth, self.told = shot.depth_m, lens

    def fix(self, parent: str, frame: str, pose: Pose) -> None:
        """Tell a transform that never changes."""
        self._still.publish(TFMessage(transforms=[_transform(parent, frame, pose, Time())]))

    # ---- what is published -------------------------------------------------------------------------------------

    def _publish(self) -> None:
        due_s = time.monotonic()
        self._began_s = due_s
        while True:
            due_s = max(due_s + PERIOD_S, time.monotonic())
            time.sleep(max(0.0, due_s - time.monotonic()))
            with self._lock:
                self._tick()

    def _tick(self) -> None:
        now_s = time.time()
        if self.simulated is not None:
            pace, begun_s = self.simulated
            now_s = begun_s + pace * (time.monotonic() - self._began_s)
            self._ticks.publish(Tick(clock=_time(now_s)))
        stamp_s = now_s - self.behind_s if self.stamp_s is None else self.stamp_s
        if not self.frozen:
            self._stamp = _time(stamp_s)
        if self.place is not None:
            parent, pose = self.place
            self._moving.publish(TFMessage(transforms=[_transform(parent, FRAME, pose, _time(now_s))]))
        if not self.mute:
            told = CameraInfo(**picture_messages.info(self.told, d=self.d))
            told.header = Header(stamp=self._stamp, frame_id=self.lens_frame)
            self._infos.publish(told)
        self._words.publish(String(data="no picture"))
        if self.silent:
            return
        header = Header(stamp=self._stamp, frame_id=self.frame)
        fields = picture_messages.image(self._depth, self.encoding, big=self.big, pad=self.pad, nothing=self.nothing)
        self._images.publish(Image(header=header, **fields))
        if self._clouds.get_subscription_count():
            cloud = picture_messages.cloud(self._depth, self.told, PointField, big=self.big, pad=self.pad)
            self._clouds.publish(PointCloud2(header=header, **cloud))

    def run(self, connection: Connection) -> None:
        """Serve commands until the other side is gone."""
        obey(self, (self._node,), connection)


def _time(seconds: float) -> Time:
    whole, rest = divmod(round(max(seconds, 0.0) * 1e9), 10**9)
    return Time(sec=whole, nanosec=rest)


def _transform(parent: str, frame: str, pose: Pose, stamp: Time) -> TransformStamped:
    out = TransformStamped(header=Header(stamp=stamp, frame_id=parent), child_frame_id=frame)
    at, turn = out.transform.translation, out.transform.rotation
    at.x, at.y, at.z = pose.p
    turn.w, turn.x, turn.y, turn.z = pose.q
    return out


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("connection", type=int)
    connection = Connection(parser.parse_args().connection)
    rclpy.init()
    Pictures().run(connection)


if __name__ == "__main__":
    main()
