"""A part that is out of its place is never called right, whatever the noise of the picture."""

from __future__ import annotations

import asyncio
import math
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import Solids, region_of
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Mesh
from tests.depth_scenes import expected, moved, request
from tests.unit.cell_bench import authored

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import Check, CheckRequest, Shot

SEEDS = range(200 if os.environ.get("TANDEM_SOAK") else 12)
DIRECTIONS = [math.pi * k / 2 for k in range(4)]
CAMERA = CameraSetup("top", Pose.from_rpy((0.45, 0.0, 1.05), (math.pi, 0.0, math.pi / 2)))
NEST = Pose((0.45, -0.15, 0.02))
SETTINGS = VisionSettings()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


@pytest.fixture(scope="module")
def solids(folder: Path) -> Solids:
    return Solids(folder, threads=1)


def seen(folder: Path, mesh: str, pose: Pose, seed: int) -> Shot:
    """A picture of one part in the embedded cell."""
    world = World(MeshStore(folder))
    world.add("part", Mesh(mesh), pose)
    return asyncio.run(SimCamera(CAMERA, world, WallClock(), robot=None, seed=seed).shoot())


def checked(asked: CheckRequest, shot: Shot, solids: Solids) -> Check:
    """The verdict, given in this process."""
    corners = solids.get(asked.part.mesh).corners
    region = region_of(corners, asked.part.pose, shot.pose, shot.intrinsics, SETTINGS.margin_m)
    assert region is not None
    inside = region.inside(shot.intrinsics)
    rows = slice(inside.top, inside.top + inside.height)
    columns = slice(inside.left, inside.left + inside.width)
    depth = np.ascontiguousarray(shot.depth_m[rows, columns])
    crop = Crop(shot.camera, depth, inside, shot.intrinsics, shot.pose, shot.stamp)
    return judge(asked, crop, solids, SETTINGS).check


@pytest.mark.parametrize("name", ["base", "cap"])
def test_a_part_that_is_off_by_millimetres_is_never_right(folder: Path, solids: Solids, name: str) -> None:
    part = expected("part", NEST, part=f"stack/{name}")
    verdicts = {}
    for seed in SEEDS:
        for angle in DIRECTIONS:
            off_mm = 2.5 + seed % 3
            truth = moved(part, off_mm * math.cos(angle), off_mm * math.sin(angle)).pose
            check = checked(request(part), seen(folder, part.mesh, truth, seed), solids)
            verdicts[seed, off_mm, round(math.degrees(angle))] = check.verdict
    assert {case for case, verdict in verdicts.items() if verdict == "ok"} == set()
    named = sum(verdict == "displaced" for verdict in verdicts.values())
    assert named >= 0.95 * len(verdicts), {
        case: verdict for case, verdict in verdicts.items() if verdict != "displaced"
    }


@pytest.mark.parametrize("name", ["base", "cap"])
def test_a_part_in_its_place_is_right(folder: Path, solids: Solids, name: str) -> None:
    part = expected("part", NEST, part=f"stack/{name}")
    shots = (seen(folder, part.mesh, part.pose, seed) for seed in SEEDS)
    assert {checked(request(part), shot, solids).verdict for shot in shots} == {"ok"}
