"""A six-axis arm of the UR5e's size with a parallel gripper, drawn in our own primitives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from orchestrator.core.geometry import Pose, Vector
from orchestrator.core.ports import Joints, Tool

Shape = Literal["cylinder", "sphere", "box"]
Role = Literal["body", "joint", "tool", "pad"]

LINKS = (
    "base",
    "shoulder",
    "upper_arm",
    "forearm",
    "wrist_1",
    "wrist_2",
    "wrist_3",
    "palm",
    "finger_left",
    "finger_right",
)
GRIPPER_LINKS = LINKS[7:]


@dataclass(frozen=True, slots=True)
class LinkVisual:
    """A drawable primitive of a link, and what collisions are computed with.

    `size_m` is (radius, length along z) of a cylinder, (radius,) of a sphere, the full edge lengths of a box;
    `pose` is in the link's frame.
    """

    link: str
    shape: Shape
    size_m: tuple[float, ...]
    pose: Pose
    role: Role


@dataclass(frozen=True, slots=True)
class DhRow:
    """A joint and the link after it, in the classic Denavit-Hartenberg convention: metres and radians."""

    a_m: float
    d_m: float
    alpha_rad: float


@dataclass(frozen=True, slots=True)
class ParallelGripper:
    """Two fingers that close along the flange's y, approaching along its z.

    The tool centre point lies midway between the pads, `tip_m` short of the finger tips. Edges are full lengths.
    """

    stroke_m: float = 0.085
    palm_m: Vector = (0.060, 0.105, 0.085)
    finger_m: Vector = (0.020, 0.010, 0.045)
    tip_m: float = 0.003
    speed_m_s: float = 0.15
    mass_kg: float = 0.9

    @property
    def tcp(self) -> Pose:
        """The tool centre point in the flange's frame."""
        return Pose((0.0, 0.0, self.palm_m[2] + self.finger_m[2] - self.tip_m))

    def tool(self) -> Tool:
        """Return the gripper as the robot port names tools."""
        return Tool("parallel_85", self.tcp, self.mass_kg, (0.0, 0.0, self.palm_m[2] / 2))

    def finger_pose(self, opening_m: float, side: int) -> Pose:
        """Return a finger's pose in the flange's frame at an opening in metres; `side` is +1 (left, +y) or -1."""
        return Pose((0.0, side * opening_m / 2, self.palm_m[2]))


def _along(a: Vector, b: Vector) -> Pose:
    """Return the pose midway from `a` to `b` whose z points to `b`."""
    dx, dy, dz = (b[i] - a[i] for i in range(3))
    yaw, tilt = math.atan2(dy, dx), math.atan2(math.hypot(dx, dy), dz)
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
    return Pose(middle) @ Pose.from_rpy((0, 0, 0), (0, 0, yaw)) @ Pose.from_rpy((0, 0, 0), (0, tilt, 0))


def _tube(link: str, a: Vector, b: Vector, radius_m: float) -> tuple[LinkVisual, ...]:
    """Return a rounded tube: a cylinder from `a` to `b` and a sphere at either end."""
    return (
        LinkVisual(link, "cylinder", (radius_m, math.dist(a, b)), _along(a, b), "body"),
        LinkVisual(link, "sphere", (radius_m,), Pose(a), "joint"),
        LinkVisual(link, "sphere", (radius_m,), Pose(b), "joint"),
    )


@dataclass(frozen=True, slots=True)
class ArmModel:
    """Dimensions and limits of the arm; the defaults are the UR5e's.

    Lengths: Universal Robots, "DH parameters for calculations of kinematics and dynamics", table UR5e
    (universal-robots.com, articles, application installation). Speeds (180 deg/s on every joint, typically 1 m/s at
    the tool), payload and range (+-360 deg): UR5e technical details; the elbow is held to +-180 deg, as the arm can't
    fold further. Accelerations and jerks are this model's own choice, well below what the arm's maker allows.
    Joints are ordered base to wrist; the flange is the frame of the last row.
    """

    dh: tuple[DhRow, ...] = (
        DhRow(0.0, 0.1625, math.pi / 2),
        DhRow(-0.425, 0.0, 0.0),
        DhRow(-0.3922, 0.0, 0.0),
        DhRow(0.0, 0.1333, math.pi / 2),
        DhRow(0.0, 0.0997, -math.pi / 2),
        DhRow(0.0, 0.0996, 0.0),
    )
    lower_rad: Joints = (-math.tau, -math.tau, -math.pi, -math.tau, -math.tau, -math.tau)
    upper_rad: Joints = (math.tau, math.tau, math.pi, math.tau, math.tau, math.tau)
    velocity_rad_s: Joints = (math.pi,) * 6
    acceleration_rad_s2: Joints = (8.0, 8.0, 8.0, 12.0, 12.0, 12.0)
    jerk_rad_s3: Joints = (80.0, 80.0, 80.0, 120.0, 120.0, 120.0)
    tcp_speed_m_s: float = 1.0
    payload_kg: float = 5.0
    home_rad: Joints = (0.0, -math.pi / 2, math.pi / 2, -math.pi / 2, -math.pi / 2, 0.0)
    gripper: ParallelGripper = ParallelGripper()

    def visual(self) -> tuple[LinkVisual, ...]:
        """Return the primitives of every link, ordered as `LINKS`; link frames are the Denavit-Hartenberg frames."""
        shoulder, elbow, wrist = self.dh[1].a_m, self.dh[2].a_m, self.dh[3].d_m
        # The upper arm runs beside the shoulder, the forearm back in its plane, as in the real arm, so that it folds.
        beside, back = 0.138, 0.010
        grip = self.gripper
        finger = LinkVisual("finger_left", "box", grip.finger_m, Pose((0, 0, grip.finger_m[2] / 2)), "pad")
        # The inner face of a finger is at its frame, so that the opening is the gap between the pads.
        left = Pose((0.0, grip.finger_m[1] / 2, grip.finger_m[2] / 2))
        right = Pose((0.0, -grip.finger_m[1] / 2, grip.finger_m[2] / 2))
        return (
            LinkVisual("base", "cylinder", (0.085, 0.02), Pose((0, 0, 0.01)), "joint"),
            *_tube("base", (0, 0, 0.075), (0, 0, 0.085), 0.072),
            *_tube("shoulder", (0, 0, -0.01), (0, 0, 0.075), 0.062),
            *_tube("upper_arm", (-shoulder, 0, beside), (0, 0, beside), 0.056),
            *_tube("forearm", (-elbow, 0, back + 0.035), (0, 0, back), 0.045),
            *_tube("wrist_1", (0, -wrist + 0.085, 0), (0, 0, 0), 0.040),
            *_tube("wrist_2", (0, 0.02, 0), (0, 0, 0), 0.040),
            *_tube("wrist_3", (0, 0, -0.040), (0, 0, -0.037), 0.037),
            LinkVisual("palm", "box", grip.palm_m, Pose((0, 0, grip.palm_m[2] / 2)), "tool"),
            LinkVisual(finger.link, finger.shape, finger.size_m, left, finger.role),
            LinkVisual("finger_right", finger.shape, finger.size_m, right, finger.role),
        )

    def after_joint(self, index: int) -> Pose:
        """Return the fixed part of a Denavit-Hartenberg row: from the turned joint frame to the link's frame."""
        row = self.dh[index]
        return Pose((row.a_m, 0.0, row.d_m)) @ Pose.from_rpy((0, 0, 0), (row.alpha_rad, 0, 0))


UR5E = ArmModel()
