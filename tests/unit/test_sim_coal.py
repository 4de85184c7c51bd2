"""The planner's collision checks against an independent library's."""

from __future__ import annotations

import numpy as np

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.collision import Collision
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.planner import Planner
from orchestrator.app import shared
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Move, Scene, SceneObject
from tests.bench.queries import OPENING_M, among_boxes, in_the_cell
from tests.coal_scene import CoalScene, fine

TCP = UR5E.gripper.tcp
MESHES = MeshStore(shared("instructions"))
SAME_M = 1e-4  # two libraries' idea of surfaces that just meet


def test_what_coal_finds_touching_is_never_called_free():
    random = np.random.default_rng(3)
    seen = {"free": 0, "touching": 0}
    for query in (*among_boxes(2), *in_the_cell(1, MESHES)):
        held = SceneObject(*(getattr(query.scene.objects[0], name) for name in ("id", "shape")), Pose((0.0, 0.0, 0.06)))
        scene = Scene(query.scene.objects[1:], (held,))
        mine = Collision(UR5E, Pose(), MESHES)
        mine.enter(scene, tcp=TCP)
        joints = [tuple(row) for row in (np.array(UR5E.home_rad) + random.uniform(-1.2, 1.2, (150, 6))).tolist()]
        found = {n for n, _, _ in CoalScene(UR5E, scene, MESHES, tcp=TCP, opening_m=OPENING_M).touching(joints)}
        for n, q in enumerate(joints):
            hit = mine.hit(q, OPENING_M)
            assert mine.free(q, OPENING_M) == (hit is None)
            if n in found:
                assert hit is not None, q
                seen["touching"] += 1
            elif hit is not None:
                assert hit.depth_m < SAME_M, (q, hit)  # within the padding, or a hair deep
            else:
                seen["free"] += 1
    assert min(seen.values()) > 50


def test_planned_paths_touch_nothing_at_steps_finer_than_the_planners():
    around = 0
    for seed, query in enumerate((*among_boxes(6), *in_the_cell(1, MESHES))):
        planner = Planner(Kinematics(UR5E), MESHES, seed)
        legs = planner.plan((Move(query.goal),), start=query.start, opening_m=OPENING_M, scene=query.scene, tcp=TCP)
        around += len(legs[0].curves) > 1
        scene = CoalScene(UR5E, query.scene, MESHES, tcp=TCP, opening_m=OPENING_M)
        assert scene.touching(fine(legs[0].curves)) == [], seed
    assert around > 0
