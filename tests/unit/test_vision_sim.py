"""Vision of the simulated world: the truth, or what a script says; what it shares with Open3D is in `contract/`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Check, Mesh, Shot
from tests.depth_scenes import PLACE, expected, request, write_parts

if TYPE_CHECKING:
    from pathlib import Path

PLATE = expected("plate", PLACE)
SHOT = Shot("top", np.zeros((1, 1), np.float32), intrinsics_for(640, 360), Pose((0.0, 0.0, 1.0)), 7.5)


@pytest.fixture
def world(tmp_path: Path) -> World:
    write_parts(tmp_path)
    return World(MeshStore(tmp_path))


def verdict(vision: SimVision) -> str:
    return asyncio.run(vision.check(request(PLATE), SHOT)).verdict


def test_a_script_is_said_first_and_then_the_truth(world: World) -> None:
    world.add("plate", Mesh("plate.glb"), PLACE)
    vision = SimVision(world)
    vision.script = [Check("cannot_see", reason="a hand"), Check("missing")]
    assert [verdict(vision) for _ in range(3)] == ["cannot_see", "missing", "ok"]
    assert [asked.part for asked in vision.asked] == [PLATE] * 3


def test_what_the_gripper_holds_is_not_in_its_place(world: World) -> None:
    body = world.add("plate", Mesh("plate.glb"), PLACE)
    vision = SimVision(world)
    world.grasp(body)
    assert verdict(vision) == "missing"


def test_the_nearest_of_a_kind_is_judged(world: World) -> None:
    world.add("plate", Mesh("plate.glb"), PLACE.shifted(x=0.02))
    world.add("plate", Mesh("plate.glb"), PLACE)
    assert verdict(SimVision(world)) == "ok"


def test_without_a_world_and_a_script_it_says_so() -> None:
    with pytest.raises(VisionError, match="knows no world"):
        verdict(SimVision())
