"""The arm that a URDF describes: its serial chain from base to flange, ready for planning and motion."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.arm import GRIPPER_LINKS, ArmModel, LinkVisual, ParallelGripper
from orchestrator.adapters.sim.collision import TABLE, always_touching
from orchestrator.adapters.sim.urdf import FIXED, TURNING, read_urdf
from orchestrator.core.geometry import IDENTITY, Pose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.urdf import Urdf, UrdfJoint
    from orchestrator.core.cell import RobotSpec
    from orchestrator.core.errors import AuthoringError
    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Joints

JOINTS = (6, 7)
ACCELERATION_RAD_S2, JERK_RAD_S3 = 8.0, 80.0  # where the cell file gives none: the UR5e's first joints'
HELD_M = 0.05  # how far a held part stands out over the finger tips, for how finely motions are looked at
RESERVED = frozenset({*GRIPPER_LINKS, TABLE, "gripper", "arm", "world"})


def load_arm(path: Path, spec: RobotSpec) -> ArmModel:
    """Return the arm of a URDF file, with what the cell file adds to it: ends of the chain, home, smoothness.

    Raises AuthoringError with file, line, element and remedy; the file is named as seen from the working directory.
    """
    here, absolute = Path.cwd(), Path(os.path.normpath(path.absolute()))
    shown = absolute.relative_to(here) if absolute.is_relative_to(here) else path
    urdf = read_urdf(path, shown.as_posix())
    chain = _chain(urdf, spec)
    turning = [joint for joint in chain if joint.kind != FIXED]
    _refuse_others(urdf, turning)
    return _limited(urdf, _shaped(urdf, chain, _base(urdf, spec)), turning, spec)


def _base(urdf: Urdf, spec: RobotSpec) -> str:
    if spec.base is not None:
        return _named(urdf, "base", spec.base)
    children = {joint.child for joint in urdf.joints.values()}
    roots = [name for name in urdf.links if name not in children]
    if not roots:  # joints in a circle are refused before
        raise urdf.root.wrong("There is no link.", "Describe the arm's links and joints.")
    if len(roots) > 1:
        raise urdf.links[roots[1]].element.wrong(
            f"Nothing joins the links {', '.join(roots)}.",
            "Join them, or name the arm's own as base: in the cell file.",
        )
    return roots[0]


def _named(urdf: Urdf, key: str, name: str) -> str:
    if name not in urdf.links:
        raise urdf.root.wrong(
            f"There is no link '{name}' for {key}: of the cell file.", f"Known: {', '.join(urdf.links)}."
        )
    return name


def _chain(urdf: Urdf, spec: RobotSpec) -> list[UrdfJoint]:
    """Return the joints from the base to the tip."""
    base = _base(urdf, spec)
    tip = _named(urdf, "tip", spec.tip) if spec.tip is not None else _only_leaf(urdf, base)
    chain: list[UrdfJoint] = []
    at = tip
    while at != base:
        joint = urdf.above(at)
        if joint is None:
            raise urdf.links[tip].element.wrong(
                f"Link '{tip}' does not hang from '{base}'.",
                "Mend the joints between, or base: and tip: in the cell file.",
            )
        chain.append(joint)
        at = joint.parent
    return chain[::-1]


def _only_leaf(urdf: Urdf, base: str) -> str:
    """Return the link at the chain's end; what is fixed to a link beside the moving rest of the chain is no branch."""
    at = base
    while joints := urdf.below(at):
        joints = [joint for joint in joints if _moves(urdf, joint)] or joints
        if len(joints) > 1:
            listed = " and ".join(f"'{joint.child}'" for joint in joints)
            raise joints[1].element.wrong(
                f"The chain branches at link '{at}', to {listed}.", "Name the flange's link as tip: in the cell file."
            )
        at = joints[0].child
    return at


def _moves(urdf: Urdf, joint: UrdfJoint) -> bool:
    """Tell whether anything moves from a joint on."""
    return joint.kind != FIXED or any(_moves(urdf, below) for below in urdf.below(joint.child))


def _refuse_others(urdf: Urdf, turning: list[UrdfJoint]) -> None:
    for joint in turning:
        if joint.kind not in TURNING:
            raise joint.element.wrong(
                f"Joint '{joint.name}' is {joint.kind}; the arm's joints have to turn.",
                "Make it revolute or fixed, or end the chain before it with tip: in the cell file.",
            )
        if joint.element.first("mimic") is not None:
            raise joint.element.wrong(
                f"Joint '{joint.name}' follows another.", "Every joint of the arm moves by itself."
            )
    if len(turning) not in JOINTS:
        raise urdf.root.wrong(
            f"The chain has {len(turning)} turning joints.",
            "An arm has 6 or 7; look at base: and tip: in the cell file.",
        )


def _shaped(urdf: Urdf, chain: list[UrdfJoint], base: str) -> ArmModel:
    """Return the chain's dimensions and shape, its limits still to be set.

    Frames are turned so that every joint turns about its z; what is fixed to a link is drawn with it.
    """
    names, frames = [base], []
    drawn: list[list[LinkVisual]] = [_rigid(urdf, base, IDENTITY, base, chain)]
    at = IDENTITY  # of the link, in the base or in the turned frame of the joint before it
    for joint in chain:
        at = at @ joint.origin
        if joint.kind == FIXED:
            drawn[-1] += _rigid(urdf, joint.child, at, names[-1], chain)
            continue
        upright = _z_to(joint.axis)
        frames.append(at @ upright)
        at = upright.inverse()
        names.append(joint.child)
        drawn.append(_rigid(urdf, joint.child, at, joint.child, chain))
    if not any(drawn[1:]):
        raise urdf.root.wrong(
            "No moving link has a shape: the arm would be seen by nobody and run into everything.",
            "Draw the links with cylinders, spheres and boxes under <collision>.",
        )
    for name in names:
        if name in RESERVED:
            raise urdf.links[name].element.wrong(
                f"The name '{name}' is taken by something else in the cell.",
                "Give the link another name, or begin the arm behind it with base: in the cell file.",
            )
    frames.append(at)
    mount, *steps = frames
    reach = _reach(steps, drawn[1:])
    back = [IDENTITY, *(step.inverse() for step in steps)]  # links are drawn in their frames, past the joints
    parts = [replace(p, pose=to @ p.pose) for to, group in zip(back, drawn, strict=True) for p in group]
    bare = [index for index, group in enumerate(drawn) if not group]
    apart = tuple((names[k - 1], names[k + 1]) for k in bare if 0 < k < len(names) - 1)
    none: Joints = (0.0,) * len(steps)
    return ArmModel(tuple(names), mount, tuple(steps), tuple(parts), apart, none, none, none, none, none, reach, none)


def _rigid(urdf: Urdf, link: str, at: Pose, owner: str, chain: list[UrdfJoint]) -> list[LinkVisual]:
    """Return the primitives of a link and of all that is fixed to it beside the chain, in the owner's frame."""
    out = [replace(part, link=owner, pose=at @ part.pose) for part in urdf.links[link].parts]
    for joint in urdf.below(link):
        if joint in chain:
            continue
        if joint.kind != FIXED:
            raise joint.element.wrong(
                f"The chain branches at link '{link}': joint '{joint.name}' moves beside it.",
                "Leave it out, or make it fixed; the gripper is Tandem's own.",
            )
        out += _rigid(urdf, joint.child, at @ joint.origin, owner, chain)
    return out


def _reach(steps: list[Pose], drawn: list[list[LinkVisual]]) -> tuple[float, ...]:
    """Return how far at most from each joint's axis the arm, the gripper and a held part reach."""
    grip = ParallelGripper()
    ball = grip.tcp.p[2] + grip.tip_m + HELD_M
    out = []
    for step, parts in zip(reversed(steps), reversed(drawn), strict=True):
        own = max((math.hypot(*part.pose.p) + math.hypot(*part.size_m) for part in parts), default=0.0)
        out.append(max(math.hypot(step.p[0], step.p[1]) + ball, own))
        ball = max(math.hypot(*step.p) + ball, own)
    return tuple(out[::-1])


def _limited(urdf: Urdf, arm: ArmModel, turning: Sequence[UrdfJoint], spec: RobotSpec) -> ArmModel:
    """Return the arm with its limits and home, and with links that always touch left out of collisions."""
    count = len(turning)
    arm = replace(
        arm,
        lower_rad=tuple(joint.lower_rad for joint in turning),
        upper_rad=tuple(joint.upper_rad for joint in turning),
        velocity_rad_s=tuple(joint.velocity_rad_s for joint in turning),
        acceleration_rad_s2=_each(urdf, "acceleration_deg_s2", spec.acceleration_rad_s2, count, ACCELERATION_RAD_S2),
        jerk_rad_s3=_each(urdf, "jerk_deg_s3", spec.jerk_rad_s3, count, JERK_RAD_S3),
        home_rad=tuple(min(max(0.0, joint.lower_rad), joint.upper_rad) for joint in turning),
        payload_kg=spec.payload_kg,
    )
    if spec.home_rad is not None:
        arm = replace(arm, home_rad=_each(urdf, "home_deg", spec.home_rad, count, 0.0))
    for joint, angle in zip(turning, arm.home_rad, strict=True):
        if not joint.lower_rad <= angle <= joint.upper_rad:
            raise joint.element.wrong(
                f"Joint '{joint.name}' is at {math.degrees(angle):.1f}° at home, out of its range.",
                "Mend home_deg: in the cell file.",
            )
    always, at_home = always_touching(arm)
    if at_home is not None:
        raise urdf.root.wrong(
            f"At home the links '{at_home[0]}' and '{at_home[1]}' touch.",
            "Give home_deg: in the cell file, or shorten their collision shapes.",
        )
    return replace(arm, apart=(*arm.apart, *always))


def _each(urdf: Urdf, key: str, given: tuple[float, ...] | None, count: int, otherwise: float) -> Joints:
    """Return a value for each joint: those given, the one given for all, or the usual one."""
    if given is None or len(given) == 1:
        return (given[0] if given else otherwise,) * count
    if len(given) != count:
        raise _count_error(urdf, key, len(given), count)
    return given


def _count_error(urdf: Urdf, key: str, given: int, count: int) -> AuthoringError:
    return urdf.root.wrong(f"{key}: of the cell file has {given} numbers.", f"The arm has {count} joints.")


def _z_to(axis: Vector) -> Pose:
    """Return a rotation that brings z to a unit axis, by the shortest turn."""
    x, y, z = axis
    if z < -1 + 1e-12:
        return Pose((0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0))
    norm = math.sqrt(2 * (1 + z))
    return Pose((0.0, 0.0, 0.0), (norm / 2, -y / norm, x / norm, 0.0))
