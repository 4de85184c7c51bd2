"""Seeded questions for the planner: among random boxes, and among the parts of the shipped cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.collision import Collision
from orchestrator.adapters.sim.hands import SimHands
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.people import SimPeople
from orchestrator.adapters.sim.world import World
from orchestrator.app import shared
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Scene, SceneObject
from orchestrator.core.state import initial
from tests.bench.cells import PRODUCT, library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.ports import Joints

BOXES, MORE_BOXES = 10, 5
OPENING_M = 0.085
APART_M = 0.4


@dataclass(frozen=True, slots=True)
class Query:
    """From free joints (rad) to a pose of the TCP whose nearest joints are free, in a scene."""

    scene: Scene
    start: Joints
    goal: Pose


def stocked_world(meshes: MeshStore) -> World:
    """The shipped cell with every bin full."""
    world, shelf = World(meshes), library()
    assert shelf.cell is not None
    SimPeople(world, SimHands(world, 1), shelf.kinds(PRODUCT)).stock(initial(shelf.cell))
    return world


def among_boxes(count: int, seed: int = 1) -> Iterator[Query]:
    """Boxes of 5 to 50 cm standing about the arm, new ones for each query."""
    random = np.random.default_rng(seed)
    arm, collision = Kinematics(UR5E), Collision(UR5E, Pose(), MeshStore(shared("instructions")))
    for _ in range(count):
        yield _query(random, arm, collision, Scene(tuple(_boxes(random, BOXES))))


def in_the_cell(count: int, meshes: MeshStore, seed: int = 2) -> Iterator[Query]:
    """All parts of the shipped cell and a few boxes that stand among them."""
    random = np.random.default_rng(seed)
    world = stocked_world(meshes)
    parts = tuple(SceneObject(body.id, body.shape, world.pose(body.id)) for body in world)
    arm, collision = Kinematics(UR5E), Collision(UR5E, Pose(), meshes)
    for _ in range(count):
        yield _query(random, arm, collision, Scene((*parts, *_boxes(random, MORE_BOXES))))


def anywhere(random: np.random.Generator) -> Joints:
    """Any joints (rad)."""
    a, b, c, d, e, f = (float(angle) for angle in random.uniform(-math.pi, math.pi, 6))
    return (a, b, c, d, e, f)


def _boxes(random: np.random.Generator, count: int) -> list[SceneObject]:
    boxes: list[SceneObject] = []
    while len(boxes) < count:
        size = random.uniform((0.05, 0.05, 0.15), (0.2, 0.2, 0.5))
        angle, reach = random.uniform(-math.pi, math.pi), random.uniform(0.35, 0.8)
        at = (reach * math.cos(angle), reach * math.sin(angle), size[2] / 2)
        boxes.append(SceneObject(f"box {len(boxes)}", Box(tuple(map(float, size))), Pose(tuple(map(float, at)))))  # type: ignore[arg-type]
    return boxes


def _query(random: np.random.Generator, arm: Kinematics, collision: Collision, scene: Scene) -> Query:
    """Draw two poses with the gripper down, whose joints nearest to home are free, and that are apart."""
    collision.enter(scene, tcp=UR5E.gripper.tcp)
    while True:
        ends: list[tuple[Pose, Joints]] = []
        while len(ends) < 2:
            angle, reach = random.uniform(-math.pi, math.pi), random.uniform(0.35, 0.7)
            down = (math.pi, 0.0, random.uniform(-3, 3))
            at = (reach * math.cos(angle), reach * math.sin(angle), random.uniform(0.08, 0.45))
            pose = Pose.from_rpy(at, down)
            joints = arm.nearest(pose @ UR5E.gripper.tcp.inverse(), UR5E.home_rad)
            if joints is not None and collision.hit(joints, OPENING_M) is None:
                ends.append((pose, joints))
        if math.dist(ends[0][0].p, ends[1][0].p) >= APART_M:
            return Query(scene, ends[0][1], ends[1][0])
