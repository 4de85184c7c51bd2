"""What a move_group does behind its messages, in joint space and with Tandem's collision detection; no ROS in it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.collision import Collision
from orchestrator.adapters.sim.kinematics import Kinematics, distance
from orchestrator.adapters.sim.meshes import MeshStore, Triangles
from orchestrator.adapters.sim.search import Search, between
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box, Mesh, Scene, SceneObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Joints

STEP_RAD = 0.1
JUMP_RAD = 0.35


class Mind:
    """Things around an arm, poses held by it in the flange's frame, and the ways between them."""

    def __init__(self, folder: Path) -> None:
        self._meshes = MeshStore(folder)
        self._kinematics = Kinematics(UR5E)
        self._collision = Collision(UR5E, IDENTITY, self._meshes)
        self.opening_m = UR5E.gripper.stroke_m
        self.forget()

    def forget(self) -> None:
        """Know nothing any more."""
        self.around: dict[str, SceneObject] = {}
        self.held: dict[str, SceneObject] = {}
        self.allowed: frozenset[frozenset[str]] = frozenset()

    def solid(self, name: str, pose: Pose, shape: Vector | Triangles) -> SceneObject:
        """Return a thing that can be put around or be held."""
        if isinstance(shape, tuple):
            return SceneObject(name, Box(shape), pose)
        mesh = Mesh(f"{name} {hash(shape.vertices.tobytes())}")
        self._meshes._meshes.setdefault(mesh, shape)
        return SceneObject(name, mesh, pose)

    def _free(self, joints: Joints) -> bool:
        return self._collision.free(joints, self.opening_m)

    def _enter(self) -> None:
        self._collision.enter(Scene(tuple(self.around.values()), tuple(self.held.values()), self.allowed), tcp=IDENTITY)

    def reach(self, flange: Pose, seed: Joints) -> Joints | None:
        """Return the joints nearest to `seed` that bring the flange there and are clear."""
        self._enter()
        options = self._kinematics.within_limits(flange, seed)
        return next((joints for joints in options if self._free(joints)), None)

    def free(self, start: Joints, goal: Joints) -> list[Joints] | None:
        """Return points of a way that is clear; None where none was found."""
        self._enter()
        if not self._free(goal) or not self._free(start):
            return None
        corners: Iterable[Joints] | None = (start, goal)
        if not all(self._free(joints) for joints in between(start, goal, UR5E.reach_m)):
            corners = Search(self._free, UR5E, 7).find(start, goal)
        if corners is None:
            return None
        out = [start]
        for a, b in itertools.pairwise(corners):
            count = max(1, round(distance(a, b) / STEP_RAD))
            out += [tuple(x + n / count * (y - x) for x, y in zip(a, b, strict=True)) for n in range(1, count + 1)]
        return out

    def line(self, start: Joints, flanges: Sequence[Pose]) -> tuple[list[Joints], float]:
        """Return points through poses as far as they are clear and reached without a jump, and the share of them."""
        self._enter()
        out = [start]
        for pose in flanges:
            joints = self._kinematics.nearest(pose, out[-1])
            if joints is None or distance(joints, out[-1]) > JUMP_RAD or not self._free(joints):
                break
            out.append(joints)
        return out, (len(out) - 1) / len(flanges)
