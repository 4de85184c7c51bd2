"""An arm as a URDF file: the one that plans are made for, so that ROS 2's tools see the same arm.

Format: wiki.ros.org/urdf/XML. In a URDF a link's frame is the joint's that moves it; what `ArmModel` puts between the
turned joint and the link is in the next joint's origin, and in that of the flange.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from orchestrator.adapters.sim.solids import mass_of
from orchestrator.adapters.sim.urdf_control import control, in_gazebo
from orchestrator.core.geometry import IDENTITY, Pose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.arm import ArmModel, LinkVisual
    from orchestrator.adapters.sim.urdf_control import Hardware

WORLD, FLANGE, TCP = "world", "flange", "tcp"
FINGERS, FOLLOWER = "finger_joint", "finger_right_joint"  # the left one's; the right one follows it
NOTE = " Made by Tandem from the cell file: change that. Masses, inertias and efforts are not known there. "
GUESS = " Gazebo gets masses of solids as dense as water, and drives that are strong enough for anything. "
STRONG = 1000.0  # N m or N
SPARE_M = 0.001  # beyond what a finger travels: in Gazebo a joint that stands at its very limit stays there
LOCK = 1e-9  # a pitch nearer to straight up than this leaves roll and yaw to each other
NOTHING = 1e-14  # m or rad: what is left of rounding
SIZES = {"box": ("size",), "cylinder": ("radius", "length"), "sphere": ("radius",)}


def urdf(
    arm: ArmModel,
    *,
    name: str,
    base: Pose = IDENTITY,
    joints: Sequence[str] | None = None,
    gripper: bool = True,
    hardware: Hardware | None = None,
    controllers: str = "",
) -> str:
    """Return an arm that stands at `base` in the link `world`, with the links `flange` and `tcp` at its end.

    Where a link of the arm has such a name already, the one at its end is told as `tool_flange` or `tool_tcp`.
    `joints` name its joints from the base on; otherwise each is named after its link. The `gripper` is two fingers of
    which the left one's joint, finger_joint, opens by half the opening (m); the right one follows it. With `hardware`
    the file says to ros2_control what moves the joints: the arm begins at home, the fingers open. For `gazebo` links
    have masses, drives have efforts, and `controllers` is the file that the controller manager reads there.
    """
    root = ET.Element("robot", name=name)
    ET.SubElement(root, "link", name=WORLD)
    parts = {link: [part for part in arm.parts if part.link == link] for link in arm.links}
    heavy = hardware == "gazebo"
    _link(root, arm.links[0], [(IDENTITY, part) for part in parts[arm.links[0]]], heavy=heavy)
    _joint(root, "base_mount", "fixed", WORLD, arm.links[0], base)
    names = joints if joints is not None else [f"{link}_joint" for link in arm.links[1:]]
    at = arm.mount
    for index, (joint, parent, child) in enumerate(zip(names, arm.links, arm.links[1:], strict=False)):
        step = arm.steps[index]
        _link(root, child, [(step, part) for part in parts[child]], heavy=heavy)
        element = _joint(root, joint, "revolute", parent, child, at)
        ET.SubElement(element, "axis", xyz="0 0 1")
        _limit(element, arm.lower_rad[index], arm.upper_rad[index], arm.velocity_rad_s[index])
        at = step
    flange, tcp = (f"tool_{end}" if end in arm.links else end for end in (FLANGE, TCP))
    _link(root, flange, [])
    _joint(root, "flange_mount", "fixed", arm.links[-1], flange, at)
    _link(root, tcp, [])
    _joint(root, "tcp_mount", "fixed", flange, tcp, arm.gripper.tcp)
    begins = dict(zip(names, arm.home_rad, strict=True))
    if gripper:
        _gripper(root, arm, flange, heavy=heavy)
        begins[FINGERS] = arm.gripper.stroke_m / 2
    if hardware is not None:
        opens = {FOLLOWER: arm.gripper.stroke_m / 2} if gripper else {}
        root.append(control(hardware, begins, opens))
    if heavy:
        for limit in root.iter("limit"):
            limit.set("effort", _numbers([STRONG]))
        root.append(in_gazebo(controllers))
    root.insert(0, ET.Comment(NOTE + (GUESS if heavy else "")))
    ET.indent(root)
    return '<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _gripper(root: ET.Element, arm: ArmModel, flange: str, *, heavy: bool) -> None:
    grip = arm.gripper
    drawn = {part.link: part for part in grip.visual()}
    _link(root, "palm", [(IDENTITY, drawn["palm"])], heavy=heavy)
    _joint(root, "palm_mount", "fixed", flange, "palm", IDENTITY)
    for finger, joint, side in (("finger_left", FINGERS, 1), ("finger_right", FOLLOWER, -1)):
        _link(root, finger, [(IDENTITY, drawn[finger])], heavy=heavy)
        element = _joint(root, joint, "prismatic", "palm", finger, grip.finger_pose(0.0, side))
        ET.SubElement(element, "axis", xyz=f"0 {side} 0")
        spare_m = SPARE_M if heavy else 0.0
        _limit(element, -spare_m, grip.stroke_m / 2 + spare_m, grip.speed_m_s / 2)
        if side < 0:
            ET.SubElement(element, "mimic", joint=FINGERS, multiplier="1", offset="0")


def _link(root: ET.Element, name: str, parts: Sequence[tuple[Pose, LinkVisual]], *, heavy: bool = False) -> None:
    link = ET.SubElement(root, "link", name=name)
    if heavy:
        _weigh(link, parts)
    for to, part in parts:
        for use in ("visual", "collision"):
            element = ET.SubElement(link, use)
            _origin(element, to @ part.pose)
            shape = ET.SubElement(ET.SubElement(element, "geometry"), part.shape)
            if part.shape == "box":
                shape.set("size", _numbers(part.size_m))
            else:
                for key, value in zip(SIZES[part.shape], part.size_m, strict=True):
                    shape.set(key, _numbers([value]))


def _weigh(link: ET.Element, parts: Sequence[tuple[Pose, LinkVisual]]) -> None:
    mass = mass_of(parts)
    x, y, z = mass.centre_m.tolist()
    element = ET.SubElement(link, "inertial")
    _origin(element, Pose((x, y, z)))
    ET.SubElement(element, "mass", value=_numbers([mass.mass_kg]))
    names = {"ixx": (0, 0), "ixy": (0, 1), "ixz": (0, 2), "iyy": (1, 1), "iyz": (1, 2), "izz": (2, 2)}
    ET.SubElement(element, "inertia", {name: _numbers([mass.inertia_kg_m2[at]]) for name, at in names.items()})


def _joint(root: ET.Element, name: str, kind: str, parent: str, child: str, at: Pose) -> ET.Element:
    joint = ET.SubElement(root, "joint", name=name, type=kind)
    _origin(joint, at)
    ET.SubElement(joint, "parent", link=parent)
    ET.SubElement(joint, "child", link=child)
    return joint


def _limit(joint: ET.Element, lower: float, upper: float, velocity: float) -> None:
    limits = {"lower": lower, "upper": upper, "velocity": velocity, "effort": 0.0}
    ET.SubElement(joint, "limit", {key: _numbers([value]) for key, value in limits.items()})


def _origin(element: ET.Element, pose: Pose) -> None:
    ET.SubElement(element, "origin", xyz=_numbers(pose.p), rpy=_numbers(_rpy(pose)))


def _rpy(pose: Pose) -> tuple[float, float, float]:
    """Return roll, pitch and yaw about fixed axes, rad, as URDF has them: R = Rz(yaw) Ry(pitch) Rx(roll)."""
    rows = pose.matrix()
    if math.hypot(rows[0][0], rows[1][0]) < LOCK:  # straight up or down
        return math.atan2(-rows[1][2], rows[1][1]), math.copysign(math.pi / 2, -rows[2][0]), 0.0
    pitch = math.atan2(-rows[2][0], math.hypot(rows[0][0], rows[1][0]))
    return math.atan2(rows[2][1], rows[2][2]), pitch, math.atan2(rows[1][0], rows[0][0])


def _numbers(values: Sequence[float]) -> str:
    return " ".join(repr(0.0 if abs(value) < NOTHING else float(value)) for value in values)
