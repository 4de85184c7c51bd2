"""URDF in, links and joints out: what the file says, each thing checked by itself.

Format: wiki.ros.org/urdf/XML (robot, link, joint). Read are a link's collision primitives and a joint's type, origin,
parent, child, axis and limit; looks, inertias, transmissions and efforts are not needed here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.arm import LinkVisual
from orchestrator.adapters.sim.xml_tree import Element, read_xml
from orchestrator.core.geometry import IDENTITY, Pose, Vector

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.adapters.sim.arm import Role, Shape

MAX_LINKS = 200
LEAST_M, MOST_M = 1e-4, 10.0  # what a length of an arm may be
FIXED = "fixed"
TURNING = ("revolute", "continuous")
SIZES: dict[Shape, tuple[str, ...]] = {"box": ("size",), "cylinder": ("radius", "length"), "sphere": ("radius",)}
ROLES: dict[Shape, Role] = {"box": "body", "cylinder": "body", "sphere": "joint"}


@dataclass(frozen=True, slots=True)
class UrdfLink:
    """A rigid body: its primitives in its own frame."""

    element: Element
    name: str
    parts: tuple[LinkVisual, ...]


@dataclass(frozen=True, slots=True)
class UrdfJoint:
    """How a child sits at its parent: `origin` in the parent; a turning one about `axis` (unit, in the child)."""

    element: Element
    name: str
    kind: str
    parent: str
    child: str
    origin: Pose
    axis: Vector = (1.0, 0.0, 0.0)
    lower_rad: float = 0.0
    upper_rad: float = 0.0
    velocity_rad_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Urdf:
    """A file's links and joints by name; joints refer to links that are there, and no link has two parents."""

    root: Element
    links: dict[str, UrdfLink]
    joints: dict[str, UrdfJoint]

    def above(self, link: str) -> UrdfJoint | None:
        """Return the joint that a link hangs from."""
        return next((joint for joint in self.joints.values() if joint.child == link), None)

    def below(self, link: str) -> list[UrdfJoint]:
        """Return the joints that hang from a link."""
        return [joint for joint in self.joints.values() if joint.parent == link]


def read_urdf(path: Path, shown: str) -> Urdf:
    """Read a file; `shown` names it in errors. Raises AuthoringError with file, line, element and remedy."""
    root = read_xml(path, shown)
    if root.tag != "robot":
        raise root.wrong("This is no URDF.", "Its root element is <robot>.")
    strange = next((child for child in root.children if child.tag.startswith("xacro:")), None)
    if strange is not None:
        raise strange.wrong("Macros are not expanded here.", "Run `xacro FILE > arm.urdf` and name what it writes.")
    count = sum(1 for _ in root.all("link"))
    if count > MAX_LINKS:
        raise root.wrong(f"There are {count} links.", f"Describe the arm alone, in at most {MAX_LINKS}.")
    links: dict[str, UrdfLink] = {}
    for element in root.all("link"):
        link = _link(element)
        _once(element, link.name, links)
        links[link.name] = link
    joints: dict[str, UrdfJoint] = {}
    parents: dict[str, str] = {}
    for element in root.all("joint"):
        joint = _joint(element)
        _once(element, joint.name, joints)
        for role, name in (("parent", joint.parent), ("child", joint.child)):
            if name not in links:
                raise element.wrong(
                    f"Joint '{joint.name}' has the {role} '{name}', which is no link.",
                    f"Known: {', '.join(sorted(links)) or 'none'}.",
                )
        if joint.child in parents:
            raise element.wrong(
                f"Link '{joint.child}' hangs from two joints, '{parents[joint.child]}' and '{joint.name}'.",
                "Let one joint have it for its child.",
            )
        parents[joint.child] = joint.name
        joints[joint.name] = joint
        at: str | None = joint.parent
        while at is not None and at != joint.child:
            at = joints[parents[at]].parent if at in parents else None
        if at is not None:
            raise element.wrong(f"The joints go round in a circle at '{joint.name}'.", "Leave one of them out.")
    return Urdf(root, links, joints)


def _once(element: Element, name: str, known: dict[str, UrdfLink] | dict[str, UrdfJoint]) -> None:
    if name in known:
        line = known[name].element.line
        raise element.wrong(f"'{name}' is there twice, first in line {line}.", "Give it another name.")


def _link(element: Element) -> UrdfLink:
    name = _text(element, "name")
    parts = []
    for collision in element.all("collision"):
        geometry = collision.first("geometry")
        if geometry is None or not geometry.children:
            raise collision.wrong(
                f"Link '{name}' has a collision without a geometry.", "Add a box, cylinder or sphere."
            )
        origin = _origin(collision)
        parts += [_part(name, shape, origin) for shape in geometry.children]
    return UrdfLink(element, name, tuple(parts))


def _part(link: str, element: Element, origin: Pose) -> LinkVisual:
    shape = next((name for name in SIZES if name == element.tag), None)
    if shape is None:
        raise element.wrong(
            f"Link '{link}': this shape is not understood for collisions.",
            "Cover the link with cylinders, spheres and boxes under <collision>; meshes may stay under <visual>.",
        )
    size: list[float] = []
    for key in SIZES[shape]:
        size += _numbers(element, key, 3 if key == "size" else 1)
    if min(size) < LEAST_M:
        raise element.wrong(f"Link '{link}': a size of {min(size):g} m is none.", "Give metres above zero.")
    if max(size) > MOST_M:
        raise element.wrong(f"Link '{link}': {max(size):g} m is too large for an arm.", "Lengths are in metres.")
    return LinkVisual(link, shape, tuple(size), origin, ROLES[shape])


def _joint(element: Element) -> UrdfJoint:
    name, kind = _text(element, "name"), _text(element, "type")
    ends = {}
    for role in ("parent", "child"):
        end = element.first(role)
        if end is None:
            raise element.wrong(f"Joint '{name}' has no <{role}>.", f'Add <{role} link="..."/>.')
        ends[role] = _text(end, "link")
    origin = _origin(element)
    if kind not in TURNING:
        return UrdfJoint(element, name, kind, ends["parent"], ends["child"], origin)
    axis = element.first("axis")
    direction = _numbers(axis, "xyz", 3) if axis is not None else [1.0, 0.0, 0.0]
    length = math.hypot(*direction)
    if length < 1e-6:
        raise (axis or element).wrong(f"Joint '{name}' turns about no axis.", "Give xyz a length.")
    x, y, z = (v / length for v in direction)
    lower, upper, speed = _limit(element, name, kind)
    return UrdfJoint(element, name, kind, ends["parent"], ends["child"], origin, (x, y, z), lower, upper, speed)


def _limit(element: Element, name: str, kind: str) -> tuple[float, float, float]:
    """Return lower, upper and velocity; what turns without end may turn once either way."""
    limit = element.first("limit")
    if limit is None:
        raise element.wrong(
            f"Joint '{name}' has no <limit>.",
            'Add <limit lower="..." upper="..." velocity="..." effort="..."/> in rad.',
        )
    (speed,) = _numbers(limit, "velocity", 1)
    if speed <= 0:
        raise limit.wrong(f"Joint '{name}' has a velocity of {speed:g} rad/s.", "Give rad/s above zero.")
    if kind == "continuous":
        return -math.tau, math.tau, speed
    (lower,), (upper,) = _numbers(limit, "lower", 1), _numbers(limit, "upper", 1)
    if lower >= upper:
        raise limit.wrong(f"Joint '{name}' ranges from {lower:g} to {upper:g} rad.", "Give lower below upper.")
    if lower < -math.tau or upper > math.tau:
        raise limit.wrong(
            f"Joint '{name}' turns by more than a whole turn.", "Keep within -6.2831853 to 6.2831853 rad."
        )
    return lower, upper, speed


def _origin(element: Element) -> Pose:
    origin = element.first("origin")
    if origin is None:
        return IDENTITY
    xyz, rpy = ([0.0] * 3 if key not in origin.attributes else _numbers(origin, key, 3) for key in ("xyz", "rpy"))
    if max(map(abs, xyz)) > MOST_M:
        raise origin.wrong(f"{max(map(abs, xyz)):g} m is too far for an arm.", "Lengths are in metres.")
    return Pose.from_rpy(xyz, rpy)


def _text(element: Element, key: str) -> str:
    value = element.attributes.get(key, "").strip()
    if not value:
        raise element.wrong(f"It has no {key}.", f'Write {key}="...".')
    return value


def _numbers(element: Element, key: str, count: int) -> list[float]:
    text = _text(element, key)
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        needed = "one finite number" if count == 1 else f"{count} finite numbers"
        raise element.wrong(f'{key}="{text[:60]}" is not {needed}.', "Write plain numbers in metres or radians.")
    return values
