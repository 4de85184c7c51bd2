"""The arm among a scene once more, in coal: an opinion on collisions that shares no code with the planner's.

Shapes come from the arm's drawing and the scene alone; links are placed with matrices of the Denavit-Hartenberg rows.
Nothing is padded: whoever keeps a distance must never be found touching here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import coal
import numpy as np

from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.adapters.sim.timing import Curve
    from orchestrator.core.ports import Joints, Scene, SceneObject

    Floats = npt.NDArray[np.float64]

TABLE_M = -0.001  # what lies on the table may not collide with it
FINE_M, FINE_RAD = 0.002, math.radians(0.5)  # between two looks along a path
GRIPPER = ("palm", "finger_left", "finger_right")
# By construction these overlap: each link and the next, the stacked wrist, the shoulder's side of the upper arm.
OVERLAP = {
    frozenset(pair)
    for pair in (
        ("base", "shoulder"),
        ("shoulder", "upper_arm"),
        ("upper_arm", "forearm"),
        ("forearm", "wrist_1"),
        ("wrist_1", "wrist_2"),
        ("wrist_2", "wrist_3"),
        ("wrist_3", "palm"),
        ("base", "upper_arm"),
        ("wrist_3", "finger_left"),
        ("wrist_3", "finger_right"),
        ("palm", "finger_left"),
        ("palm", "finger_right"),
        ("finger_left", "finger_right"),
    )
}


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A convex shape: its name, its frame (an index into the frames, -1 for the world), its pose there, its box."""

    name: str
    shape: Any
    frame: int
    pose: Floats  # (4, 4)
    middle: Floats  # (3,) of its bounding box, in its own frame
    half: Floats  # (3,) half edge lengths of that box

    @property
    def radius(self) -> float:
        """Of the sphere about its bounding box, metres."""
        return float(np.linalg.norm(self.half))


class CoalScene:
    """Arm, gripper at one opening (m), table, objects and what the gripper holds."""

    def __init__(
        self,
        arm: ArmModel,
        scene: Scene,
        meshes: MeshStore,
        *,
        tcp: Pose,
        opening_m: float,
        base: Pose = IDENTITY,
        touching: Iterable[str] = (),
    ) -> None:
        self._base = base.matrix()
        self._rows = [arm.after_joint(index).matrix() for index in range(len(arm.dh))]
        flange = len(self._rows)
        fixed = {
            "palm": (flange, IDENTITY),
            "finger_left": (flange, arm.gripper.finger_pose(opening_m, 1)),
            "finger_right": (flange, arm.gripper.finger_pose(opening_m, -1)),
        }
        joints = ("base", "shoulder", "upper_arm", "forearm", "wrist_1", "wrist_2", "wrist_3")
        fixed |= {name: (index, IDENTITY) for index, name in enumerate(joints)}
        self._arm = []
        for part in arm.visual():
            frame, at = fixed[part.link]
            self._arm.append(_primitive(part.link, part.shape, part.size_m, frame, at @ part.pose))
        self._held = [_thing(thing, meshes, flange, tcp @ thing.pose) for thing in scene.attached]
        self._still = [_thing(thing, meshes, -1, thing.pose) for thing in scene.objects]
        self._allowed = {frozenset(pair) for pair in scene.allowed}
        holders = ("gripper", *(thing.id for thing in scene.attached))
        self._allowed |= {frozenset((holder, name)) for holder in holders for name in touching}
        self._allowed |= {frozenset((a, b)) for a in holders for b in holders}
        self._table = coal.Halfspace(np.array([0.0, 0.0, 1.0]), TABLE_M)
        self._request = coal.CollisionRequest()
        self._still_at = [coal.Transform3s(solid.pose[:3, :3], solid.pose[:3, 3]) for solid in self._still]

    def touching(self, joints: Sequence[Joints]) -> list[tuple[int, str, str]]:
        """Return what touches: which of the joint positions (rad), and the two names (links, objects, "table")."""
        frames = self._frames(np.asarray(joints, dtype=np.float64))
        moving = [*self._arm, *self._held]
        placed = [frames[:, solid.frame] @ solid.pose for solid in moving]
        centres = [pose[:, :3, :3] @ solid.middle + pose[:, :3, 3] for solid, pose in zip(moving, placed, strict=True)]
        found: list[tuple[int, str, str]] = []
        for i, one in enumerate(moving):
            if one.frame != 0:
                found += self._at_table(one, placed[i], centres[i])
            for still, at in zip(self._still, self._still_at, strict=True):
                if one.frame == 0 or frozenset((_owner(one.name), still.name)) in self._allowed:
                    continue
                local = (centres[i] - still.pose[:3, 3]) @ still.pose[:3, :3] - still.middle
                gap = np.linalg.norm(np.maximum(np.abs(local) - still.half, 0.0), axis=1)
                for n in np.flatnonzero(gap <= one.radius).tolist():
                    if self._collide(one.shape, _at(placed[i][n]), still.shape, at):
                        found.append((n, one.name, still.name))
            for j in range(i):
                other = moving[j]
                if self._may(one.name, other.name):
                    continue
                gap = np.linalg.norm(centres[i] - centres[j], axis=1)
                for n in np.flatnonzero(gap <= one.radius + other.radius).tolist():
                    if self._collide(one.shape, _at(placed[i][n]), other.shape, _at(placed[j][n])):
                        found.append((n, other.name, one.name))
        return sorted(found)

    def _frames(self, joints: Floats) -> Floats:
        """Return the base and the frame after each joint for joints (n, 6): (n, 7, 4, 4)."""
        out = np.empty((len(joints), len(self._rows) + 1, 4, 4))
        out[:, 0] = self._base
        for index, row in enumerate(self._rows):
            turn = np.zeros((len(joints), 4, 4))
            c, s = np.cos(joints[:, index]), np.sin(joints[:, index])
            turn[:, 0, 0], turn[:, 0, 1], turn[:, 1, 0], turn[:, 1, 1] = c, -s, s, c
            turn[:, 2, 2] = turn[:, 3, 3] = 1.0
            out[:, index + 1] = out[:, index] @ turn @ row
        return out

    def _at_table(self, solid: Solid, placed: Floats, centres: Floats) -> list[tuple[int, str, str]]:
        if frozenset((_owner(solid.name), "table")) in self._allowed:
            return []
        low = np.flatnonzero(centres[:, 2] - solid.radius <= TABLE_M).tolist()
        at = coal.Transform3s.Identity()
        return [(n, solid.name, "table") for n in low if self._collide(self._table, at, solid.shape, _at(placed[n]))]

    def _may(self, one: str, other: str) -> bool:
        if one == other or frozenset((one, other)) in OVERLAP:
            return True
        return frozenset((_owner(one), _owner(other))) in self._allowed and not {one, other} <= {*GRIPPER}

    def _collide(self, one: Any, at: Any, other: Any, there: Any) -> bool:
        return bool(coal.collide(one, at, other, there, self._request, coal.CollisionResult()))


def fine(curves: Iterable[Curve]) -> list[Joints]:
    """Return joints along curves so close that no point of the arm travels 2 mm and no joint turns 0.5° between two."""
    reach = np.array((1.05, 1.05, 0.65, 0.32, 0.26, 0.18))  # m from each joint's axis to the farthest point behind it
    out: list[Joints] = []
    for curve in curves:
        rough = np.array([curve.at(curve.length * k / 64) for k in range(65)])
        turned = np.abs(np.diff(rough, axis=0))
        count = 64 * max(1, math.ceil(max((turned @ reach).max() / FINE_M, turned.max() / FINE_RAD)))
        out += [curve.at(curve.length * k / count) for k in range(count + 1)]
    return out


def _owner(name: str) -> str:
    """The id by which a scene allows contacts: "gripper", "arm", or the object's own."""
    if name in GRIPPER:
        return "gripper"
    return "arm" if any(name in pair for pair in OVERLAP) else name


def _primitive(name: str, shape: str, size: tuple[float, ...], frame: int, pose: Pose) -> Solid:
    if shape == "cylinder":
        made, half = coal.Cylinder(size[0], size[1]), (size[0], size[0], size[1] / 2)
    elif shape == "sphere":
        made, half = coal.Sphere(size[0]), (size[0],) * 3
    else:
        made, half = coal.Box(*size), (size[0] / 2, size[1] / 2, size[2] / 2)
    return Solid(name, made, frame, pose.matrix(), np.zeros(3), np.array(half))


def _thing(thing: SceneObject, meshes: MeshStore, frame: int, pose: Pose) -> Solid:
    if isinstance(thing.shape, Box):
        return _primitive(thing.id, "box", thing.shape.size_m, frame, pose)
    corners = coal.StdVec_Vec3s()
    vertices = meshes.get(thing.shape).vertices
    for corner in vertices:
        corners.append(corner)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    hull = coal.ConvexBase.convexHull(corners, False, None)
    return Solid(thing.id, hull, frame, pose.matrix(), (low + high) / 2, (high - low) / 2)


def _at(pose: Floats) -> Any:
    return coal.Transform3s(pose[:3, :3], pose[:3, 3])
