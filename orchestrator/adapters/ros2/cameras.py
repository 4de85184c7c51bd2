"""The cell's cameras in the ROS graph: a node, context and thread of their own, so that no picture delays a reading.

QoS: pictures and lenses are read as sensor data, best effort, volatile and one deep: the newest is all that counts, and
such a reader hears best-effort and reliable publishers alike. Pictures stay as the bytes that came until one is asked
for. tf2's buffer is tf2_ros's own, 10 s long. rclpy is imported when it is opened.
"""

from __future__ import annotations

import asyncio
import importlib
import math
import time
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.crossing import Crossing
from orchestrator.adapters.ros2.exposure import BySimulator, ByWall, Came
from orchestrator.adapters.ros2.feed import Arrival
from orchestrator.adapters.ros2.spinning import SpunNode
from orchestrator.core.errors import SetupError, VisionError
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.adapters.ros2.exposure import Exposures
    from orchestrator.core.ports import Clock
    from orchestrator.core.ros2_camera import Ros2CameraSpec

KEPT_S = 10.0  # of tf2's transforms
TF_S = 1.0  # how long a transform may come later than the picture
ASK_AGAIN_S = 0.02  # between two questions to tf2's buffer


class CameraGraph:
    """Feeds of a cell's cameras by name. `namespace` is before topics that don't begin with /.

    Raises SetupError where ROS 2, or tf2 for a camera that it places, is not to be had.
    """

    def __init__(
        self, specs: Mapping[str, Ros2CameraSpec], clock: Clock, *, namespace: str = "", use_sim_time: bool = False
    ) -> None:
        try:
            importlib.import_module("rclpy")  # first: it is what the message shall name
            from sensor_msgs.msg import CameraInfo, Image, PointCloud2

            tf2 = _Transforms() if any(spec.tf is not None for spec in specs.values()) else None
            self._spun = SpunNode("tandem_cameras", "The cameras'")
        except ImportError as error:
            raise SetupError(
                f"ROS 2 is not to be had here for cameras ({error.name} is missing; `tandem doctor` says what else).",
                remedy="Source a ROS 2 installation, Jazzy or newer, before Tandem is started.",
            ) from error
        self.exposures: Exposures = ByWall()
        self._clock = clock
        self._crossing = Crossing()
        self._closed = False
        self._node = self._spun.node
        self._tf2 = tf2
        if tf2 is not None:
            tf2.listen(self._node)
        if use_sim_time:
            self._follow_simulator()

        def within(name: str) -> str:
            return name if name.startswith("/") or not namespace else f"{namespace}/{name}"

        self.feeds = {
            name: TopicFeed(
                self._node,
                clock,
                self._crossing,
                tf2,
                Image if spec.depth is not None else PointCloud2,
                CameraInfo,
                spec,
                {spec.topic: within(spec.topic), spec.lens: within(spec.lens)},
            )
            for name, spec in specs.items()
        }
        self._spun.start()

    async def close(self) -> None:
        """End node and thread. Idempotent. Raises RobotError where the thread does not end."""
        if self._closed:
            return
        self._closed = True
        self._crossing.close()
        await self._spun.stop()
        if self._tf2 is not None:
            self._tf2.close()
        self._spun.leave()

    def _follow_simulator(self) -> None:
        from rosgraph_msgs.msg import Clock as Tick

        by_simulator = BySimulator()

        def hear(message: Any) -> None:
            by_simulator.tick(message.clock.sec + 1e-9 * message.clock.nanosec, self._clock.now())

        self.exposures = by_simulator
        self._node.create_subscription(Tick, "/clock", hear, _newest(reliable=False))


class TopicFeed:
    """One camera's topics, as `Feed` says. `topics` are the cell file's names with those in the graph."""

    def __init__(
        self,
        node: Any,
        clock: Clock,
        crossing: Crossing,
        tf2: _Transforms | None,
        kind: Any,
        lens: Any,
        spec: Ros2CameraSpec,
        topics: Mapping[str, str],
    ) -> None:
        self.info: Any = None
        self._node, self._clock, self._crossing = node, clock, crossing
        self._tf2 = tf2
        self._kind = kind
        self._topics = topics
        self._types = {spec.topic: kind.__name__, spec.lens: lens.__name__}
        self._waiting: list[asyncio.Future[tuple[bytes, Came]]] = []
        quality = _newest(reliable=spec.reliable)
        node.create_subscription(kind, topics[spec.topic], self._on_picture, quality, raw=True)
        node.create_subscription(lens, topics[spec.lens], self._on_info, quality)

    async def next(self) -> Arrival:
        """Wait for the next picture that comes in."""
        from rclpy.serialization import deserialize_message

        loop = asyncio.get_running_loop()
        news: asyncio.Future[tuple[bytes, Came]] = loop.create_future()
        self._waiting.append(news)
        try:
            raw, came = await news
        finally:
            if news in self._waiting:
                self._waiting.remove(news)
        message = await loop.run_in_executor(None, deserialize_message, raw, self._kind)
        return Arrival(message, came)

    def trouble(self, topic: str) -> tuple[str, str]:
        """Return what is wrong with a topic of this camera from which nothing comes, and what helps."""
        name = self._topics[topic]
        wanted = f"sensor_msgs/msg/{self._types[topic]}"
        there = self._node.get_publishers_info_by_topic(name)
        others = sorted({told.topic_type for told in there if told.topic_type != wanted})
        if not there:
            return f"Nobody publishes {name}.", "Start the camera's driver, or correct its topics in the cell file."
        if len(others) == len({told.topic_type for told in there}):
            words = f"{name} carries {', '.join(others)}; {wanted} is wanted."
            return words, "Correct the camera's topics in the cell file: depth is an Image, points a PointCloud2."
        return (
            f"{name} has a publisher, but nothing comes of it.",
            "See the camera, and whether pictures get through (ros2 topic hz); large ones want larger socket buffers.",
        )

    async def placed(self, parent: str, frame: str, stamp: Any) -> Pose:
        """Return where tf2 has a frame in its parent at a header's stamp. Raises VisionError (code no_pose)."""
        assert self._tf2 is not None
        for _ in range(round(TF_S / ASK_AGAIN_S)):
            if (pose := self._tf2.at(parent, frame, stamp)) is not None:
                return pose
            await asyncio.sleep(ASK_AGAIN_S)
        words, remedy = self._tf2.why_not(parent, frame, stamp)
        raise VisionError(words, remedy=remedy, code="no_pose")

    # ---- on the executor's thread ------------------------------------------------------------------------------

    def _on_picture(self, raw: bytes) -> None:
        if self._waiting:
            came = (raw, Came(self._clock.now(), time.time()))
            self._crossing.call(lambda: self._hand_out(came))

    def _on_info(self, message: Any) -> None:
        self.info = message

    # ---- on the loop -------------------------------------------------------------------------------------------

    def _hand_out(self, came: tuple[bytes, Came]) -> None:
        waiting, self._waiting = self._waiting, []
        for news in waiting:
            if not news.done():
                news.set_result(came)


class _Transforms:
    """What tf2 knows."""

    def __init__(self) -> None:
        import tf2_ros
        from rclpy.duration import Duration

        self._tf2 = tf2_ros
        self._buffer = tf2_ros.Buffer(Duration(seconds=KEPT_S))
        self._listener: Any = None

    def listen(self, node: Any) -> None:
        """Begin to listen to /tf and /tf_static."""
        self._listener = self._tf2.TransformListener(self._buffer, node)

    def close(self) -> None:
        """End that."""
        self._listener.unregister()
        self._listener = None

    def at(self, parent: str, frame: str, stamp: Any) -> Pose | None:
        """Return where a frame was in its parent, None where that is not known (yet)."""
        from rclpy.time import Time

        try:
            told = self._buffer.lookup_transform_core(parent, frame, Time.from_msg(stamp))
        except self._tf2.TransformException:
            return None
        p, q = told.transform.translation, told.transform.rotation
        long = math.hypot(q.w, q.x, q.y, q.z)  # tf2 takes what is a little off unit length
        return Pose((p.x, p.y, p.z), (q.w / long, q.x / long, q.y / long, q.z / long))

    def why_not(self, parent: str, frame: str, stamp: Any) -> tuple[str, str]:
        """Return why it is not known, and what helps."""
        from rclpy.time import Time

        at = Time.from_msg(stamp)
        try:
            newest = self._buffer.get_latest_common_time(parent, frame)
        except self._tf2.TransformException:
            words = f"tf2 knows no way from {parent} to {frame}."
            return words, "Start what publishes the camera's place (/tf, /tf_static), or correct tf and frame."
        late_s = 1e-9 * (at.nanoseconds - newest.nanoseconds)
        if late_s > 0:
            words = f"What tf2 knows of {frame} in {parent} ends {late_s:.1f} s before the picture."
            return words, "See who publishes it, and that it stamps by the same clock as the camera."
        words = f"What tf2 knows of {frame} in {parent} begins after the picture."
        return words, "See the clocks of camera and transforms: use_sim_time for both, or for neither."


def _newest(*, reliable: bool) -> Any:
    """Return the QoS that is read with."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    how = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(depth=1, reliability=how, durability=DurabilityPolicy.VOLATILE)
