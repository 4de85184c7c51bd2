"""What an arm is to the simulator, and the UR5e with a parallel gripper, drawn in our own primitives."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

from orchestrator.core.geometry import IDENTITY, Pose, Vector
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

    def visual(self) -> tuple[LinkVisual, ...]:
        """Return the gripper's primitives, ordered as `GRIPPER_LINKS`; the palm's frame is the flange."""
        palm = LinkVisual("palm", "box", self.palm_m, Pose((0, 0, self.palm_m[2] / 2)), "tool")
        # The inner face of a finger is at its frame, so that the opening is the gap between the pads.
        left = Pose((0.0, self.finger_m[1] / 2, self.finger_m[2] / 2))
        right = Pose((0.0, -self.finger_m[1] / 2, self.finger_m[2] / 2))
        return (
            palm,
            LinkVisual("finger_left", "box", self.finger_m, left, "pad"),
            LinkVisual("finger_right", "box", self.finger_m, right, "pad"),
        )


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
    """A serial chain of revolute joints with a gripper at its end: dimensions, limits and shape. SI units.

    Joints are ordered from the base on. `links` names the base and what follows each joint. `mount` is the first
    joint's frame in the base's; each joint turns about its frame's z, and `steps` are the poses of the link's frame in
    the turned joint's frame. A link's frame is the next joint's frame, the last one's the flange: tools point along its
    z. `parts` draw the links, in their frames; `apart` names pairs of links that are never looked at for collision.
    `reach_m` says how far from each joint's axis the arm and a held part reach. `dh` is there for an arm of the UR's
    build alone: its inverse kinematics are analytic.
    """

    links: tuple[str, ...]
    mount: Pose
    steps: tuple[Pose, ...]
    parts: tuple[LinkVisual, ...]
    apart: tuple[tuple[str, str], ...]
    lower_rad: Joints
    upper_rad: Joints
    velocity_rad_s: Joints
    acceleration_rad_s2: Joints
    jerk_rad_s3: Joints
    reach_m: tuple[float, ...]
    home_rad: Joints
    tcp_speed_m_s: float = 1.0
    payload_kg: float = 5.0
    gripper: ParallelGripper = ParallelGripper()
    dh: tuple[DhRow, ...] = ()

    @property
    def drawn(self) -> tuple[str, ...]:
        """The names of all links that are drawn, the gripper's last."""
        return (*self.links, *GRIPPER_LINKS)

    @property
    def neighbours(self) -> tuple[tuple[str, str], ...]:
        """Pairs of links that overlap by construction: each with the next, the last one with the gripper on it."""
        last = self.links[-1]
        return (
            *itertools.pairwise(self.links),
            *((last, link) for link in GRIPPER_LINKS),
            *itertools.combinations(GRIPPER_LINKS, 2),
            *self.apart,
        )

    def visual(self) -> tuple[LinkVisual, ...]:
        """Return the primitives of every link, the gripper's last."""
        return (*self.parts, *self.gripper.visual())

    def after_joint(self, index: int) -> Pose:
        """Return the fixed part after a joint: from the turned joint frame to the link's frame."""
        return self.steps[index]


def _ur5e() -> ArmModel:
    """Return the UR5e.

    Lengths: Universal Robots, "DH parameters for calculations of kinematics and dynamics", table UR5e
    (universal-robots.com, articles, application installation). Speeds (180 deg/s on every joint, typically 1 m/s at
    the tool), payload and range (+-360 deg): UR5e technical details; the elbow is held to +-180 deg, as the arm can't
    fold further. Accelerations and jerks are this model's own choice, well below what the arm's maker allows.
    """
    dh = (
        DhRow(0.0, 0.1625, math.pi / 2),
        DhRow(-0.425, 0.0, 0.0),
        DhRow(-0.3922, 0.0, 0.0),
        DhRow(0.0, 0.1333, math.pi / 2),
        DhRow(0.0, 0.0997, -math.pi / 2),
        DhRow(0.0, 0.0996, 0.0),
    )
    shoulder, elbow, wrist = dh[1].a_m, dh[2].a_m, dh[3].d_m
    # The upper arm runs beside the shoulder, the forearm back in its plane, as in the real arm, so that it folds.
    beside, back = 0.138, 0.010
    return ArmModel(
        links=LINKS[:7],
        mount=IDENTITY,
        steps=tuple(Pose.from_rpy((row.a_m, 0.0, row.d_m), (row.alpha_rad, 0.0, 0.0)) for row in dh),
        parts=(
            LinkVisual("base", "cylinder", (0.085, 0.02), Pose((0, 0, 0.01)), "joint"),
            *_tube("base", (0, 0, 0.075), (0, 0, 0.085), 0.072),
            *_tube("shoulder", (0, 0, -0.01), (0, 0, 0.075), 0.062),
            *_tube("upper_arm", (-shoulder, 0, beside), (0, 0, beside), 0.056),
            *_tube("forearm", (-elbow, 0, back + 0.035), (0, 0, back), 0.045),
            *_tube("wrist_1", (0, -wrist + 0.085, 0), (0, 0, 0), 0.040),
            *_tube("wrist_2", (0, 0.02, 0), (0, 0, 0), 0.040),
            *_tube("wrist_3", (0, 0, -0.040), (0, 0, -0.037), 0.037),
        ),
        apart=(("base", "upper_arm"),),
        lower_rad=(-math.tau, -math.tau, -math.pi, -math.tau, -math.tau, -math.tau),
        upper_rad=(math.tau, math.tau, math.pi, math.tau, math.tau, math.tau),
        velocity_rad_s=(math.pi,) * 6,
        acceleration_rad_s2=(8.0, 8.0, 8.0, 12.0, 12.0, 12.0),
        jerk_rad_s3=(80.0, 80.0, 80.0, 120.0, 120.0, 120.0),
        reach_m=(1.05, 1.05, 0.65, 0.32, 0.26, 0.18),
        home_rad=(0.0, -math.pi / 2, math.pi / 2, -math.pi / 2, -math.pi / 2, 0.0),
        dh=dh,
    )


UR5E = _ur5e()
