"""What a camera over ROS 2 needs of the middleware: pictures as they come in, the lens, and what tf2 knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from orchestrator.adapters.ros2.exposure import Came
    from orchestrator.core.geometry import Pose


@dataclass(frozen=True, slots=True)
class Arrival:
    """A picture's message (Image or PointCloud2), and when it came."""

    message: Any
    came: Came


class Feed(Protocol):
    """One camera's topics."""

    @property
    def info(self) -> Any:
        """The newest CameraInfo, None before there was one."""

    async def next(self) -> Arrival:
        """Wait for the next picture that comes in, however long that takes."""

    def trouble(self, topic: str) -> tuple[str, str]:
        """Return what is wrong with a topic of this camera from which nothing comes, and what helps."""

    async def placed(self, parent: str, frame: str, stamp: Any) -> Pose:
        """Return where tf2 has a frame in its parent at a header's stamp.

        Raises VisionError (code no_pose) where tf2 does not know that, now or a moment later.
        """
