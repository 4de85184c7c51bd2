"""How a depth camera over ROS 2 is reached: its topics, its lens, and who says where it sits."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from orchestrator.core.parts import wrong
from orchestrator.core.ros2_spec import Name
from orchestrator.core.variant import Frozen


def _frame(value: str) -> str:
    if not value or value.startswith("/") or value != value.strip():
        raise wrong(f"'{value}' is no frame of tf2.", "Write its name without a leading /: world.")
    return value


Frame = Annotated[str, AfterValidator(_frame)]


class Ros2CameraSpec(Frozen):
    """A depth camera's place in the graph; topics are relative to the robot's namespace.

    `depth` is its sensor_msgs/Image (16UC1 in mm, or 32FC1 in m), or `points` its organised sensor_msgs/PointCloud2;
    `info` the lens (sensor_msgs/CameraInfo), beside them where nothing is said. `rectified` says that the pictures of a
    lens that distorts have been rectified. With `tf`, the frame of tf2 that is the cell's world, the camera sits where
    tf2 has it when it takes its picture: the frame that its messages name, or `frame`. A picture may take `wait_s`.
    Pictures are read best effort, unless `reliable`.
    """

    depth: Name | None = None
    points: Name | None = None
    info: Name | None = None
    rectified: bool = False
    tf: Frame | None = None
    frame: Frame | None = None
    wait_s: Annotated[float, Field(gt=0, le=15)] = 5.0
    reliable: bool = False

    @model_validator(mode="after")
    def _one(self) -> Ros2CameraSpec:
        if (self.depth is None) == (self.points is None):
            raise wrong("A camera over ROS 2 has one topic, depth or points.", "Write depth, or points, and not both.")
        if self.frame is not None and self.tf is None:
            raise wrong("frame is for a camera that tf2 places.", "Write tf: world as well, or leave frame out.")
        return self

    @property
    def topic(self) -> str:
        """The topic of its pictures."""
        return self.depth or self.points or ""

    @property
    def lens(self) -> str:
        """The topic of its lens."""
        beside, slash, _ = self.topic.rpartition("/")
        return self.info or f"{beside}{slash}camera_info"
