"""`tandem vision locate` on files as others have them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trimesh
from PIL import Image
from typer.testing import CliRunner

from orchestrator.__main__ import command_line
from orchestrator.adapters.sim.depth import MODELS
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.errors import BadInput, VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Expected
from tests.depth_scenes import cast
from tests.locate_scenes import FLOOR_Z, Thrower, at, join, write_kinds

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

BASE = Pose((0.5, 0.0, FLOOR_Z))
LYING = BASE @ Pose.from_rpy((0.02, -0.01, 0.0), (0, 0, 0.4))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_kinds(folder)
    truth = [Expected("top", "top.glb", BASE), Expected("bracket", "bracket.glb", LYING)]
    shot = Thrower(folder, seed=2).shoot(truth, "structured_light", BASE, intrinsics_for(640, 360, 45.0))
    Image.fromarray(np.round(shot.depth_m * 10_000).astype(np.uint16)).save(folder / "depth.png")
    lens = shot.intrinsics
    told = {key: getattr(lens, key) for key in ("width", "height", "fx", "fy", "cx", "cy")}
    (folder / "camera.json").write_text(json.dumps({**told, "camera_to_world": shot.pose.matrix().tolist()}))
    in_mm = trimesh.load_scene(folder / "bracket.glb").to_mesh()
    in_mm.apply_scale(1000)
    in_mm.export(folder / "bracket_mm.stl")
    return folder


def run(files: Path, *more: str, model: str = "bracket_mm.stl") -> Result:
    given = ["--depth", files / "depth.png", "--camera", files / "camera.json", "--model", files / model]
    words = ["vision", "locate", *map(str, given), "--depth-scale", "0.1", *more]
    return CliRunner().invoke(command_line(), words)


@pytest.mark.slow
def test_a_part_in_millimetres_is_found_and_drawn(files: Path) -> None:
    out = files / "drawn.png"
    result = run(files, "--unit", "mm", "--json", "--out", str(out))
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["found"]
    assert found["pose"]["p"] == pytest.approx(LYING.p, abs=0.0015)
    assert {hold["name"] for hold in found["holds"]} == {"top_x", "top_y"}
    with Image.open(out) as picture:
        colours = np.asarray(picture)
    assert (np.ptp(colours.astype(int), axis=2) > 50).sum() > 100


@pytest.mark.slow
def test_an_empty_box_ends_with_a_reason(files: Path) -> None:
    result = run(files, "--unit", "mm", "--box=0.55,0.05,0.03,0.65,0.12,0.15")
    assert result.exit_code == 3
    assert "Nothing taller than" in result.stdout


def test_a_model_in_the_wrong_unit_is_named(files: Path) -> None:
    result = run(files)
    assert isinstance(result.exception, VisionError)
    assert "--unit mm" in str(result.exception)


@pytest.mark.parametrize("box", ["1,2,3", "0,0,0,1,1,-1", "a,b,c,d,e,f"])
def test_a_box_that_is_none_is_refused(files: Path, box: str) -> None:
    result = run(files, "--unit", "mm", f"--box={box}")
    assert isinstance(result.exception, BadInput)


def test_a_camera_of_another_size_is_refused(files: Path, tmp_path: Path) -> None:
    other = tmp_path / "camera.json"
    other.write_text(json.dumps({"width": 10, "height": 10, "fx": 1, "fy": 1, "cx": 5, "cy": 5}))
    result = run(files, "--camera", str(other))
    assert "640 x 360" in str(result.exception)


@pytest.mark.slow
def test_a_deep_hollow_is_found_from_its_rim_by_a_camera_that_looks_aslant(tmp_path: Path) -> None:
    """Of its bottom such a camera sees nothing, and its walls share cells of the map with its rim."""
    tube, rod = trimesh.creation.annulus, trimesh.creation.cylinder
    join(at(tube(0.036, 0.040, 0.095), z=0.0525), at(rod(0.040, 0.005), z=0.0025)).export(tmp_path / "mug.glb")
    at(trimesh.creation.box((1.6, 1.2, 0.02)), z=-0.01).export(tmp_path / "top.glb")
    standing = Pose((0.03, -0.02, 0.0))
    things = [(tmp_path / "top.glb", Pose()), (tmp_path / "mug.glb", standing)]
    camera = Pose.from_rpy((0, 0, 0), (math.pi + math.radians(30), 0, 0)).shifted(z=-0.8)
    lens = intrinsics_for(640, 480, 55.0)
    depth, cosine = cast([(trimesh.load_scene(file).to_mesh(), pose) for file, pose in things], camera, lens)
    depth = np.where(np.isfinite(depth), depth, 10.0).astype(np.float32)
    measured = MODELS["structured_light"].spoil(depth, cosine.astype(np.float32), np.random.default_rng(3))
    Image.fromarray(np.round(measured * 10_000).astype(np.uint16)).save(tmp_path / "depth.png")
    told = {key: getattr(lens, key) for key in ("width", "height", "fx", "fy", "cx", "cy")}
    told |= {"depth_scale": 0.1, "camera_to_world": camera.matrix().tolist()}
    (tmp_path / "camera.json").write_text(json.dumps(told))
    given = ["--depth", tmp_path / "depth.png", "--camera", tmp_path / "camera.json", "--model", tmp_path / "mug.glb"]
    result = CliRunner().invoke(command_line(), ["vision", "locate", *map(str, given), "--json"])
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["found"]
    assert found["pose"]["p"] == pytest.approx(standing.p, abs=0.004)
    assert found["lies"] == "upright"


@pytest.mark.slow
def test_a_large_part_is_found_by_a_noisy_camera_that_looks_aslant(tmp_path: Path) -> None:
    """Of a pot's upper side such a camera sees little, and its noise is not said."""
    box, tube, rod = trimesh.creation.box, trimesh.creation.annulus, trimesh.creation.cylinder
    pot = join(
        at(tube(0.045, 0.05, 0.15), z=0.075), at(rod(0.05, 0.11), z=0.055), at(box((0.06, 0.02, 0.02)), x=0.075, z=0.12)
    )
    pot.export(tmp_path / "pot.glb")
    at(box((1.6, 1.2, 0.02)), z=-0.01).export(tmp_path / "top.glb")
    for k, size in enumerate(((0.2, 0.12, 0.1), (0.12, 0.3, 0.06), (0.1, 0.1, 0.14))):
        at(box(size), z=size[2] / 2).export(tmp_path / f"box{k}.glb")
    standing = Pose.from_rpy((0.1, 0.05, 0.0), (0, 0, 2.0))
    things = [(tmp_path / "top.glb", Pose()), (tmp_path / "pot.glb", standing)]
    places = ((0.35, 0.1), (-0.3, 0.2), (0.3, -0.3))
    things += [(tmp_path / f"box{k}.glb", Pose.from_rpy((*place, 0.0), (0, 0, k))) for k, place in enumerate(places)]
    camera = Pose.from_rpy((0.0, -0.75, 0.75), (math.radians(-135), 0, 0))
    lens = intrinsics_for(640, 480, 60.0)
    depth, cosine = cast([(trimesh.load_scene(file).to_mesh(), pose) for file, pose in things], camera, lens)
    depth = np.where(np.isfinite(depth), depth, 10.0).astype(np.float32)
    measured = MODELS["stereo"].spoil(depth, cosine.astype(np.float32), np.random.default_rng(3))
    Image.fromarray(np.round(measured * 1000).astype(np.uint16)).save(tmp_path / "depth.png")
    told = {key: getattr(lens, key) for key in ("width", "height", "fx", "fy", "cx", "cy")}
    (tmp_path / "camera.json").write_text(json.dumps({**told, "camera_to_world": camera.matrix().tolist()}))
    given = ["--depth", tmp_path / "depth.png", "--camera", tmp_path / "camera.json", "--model", tmp_path / "pot.glb"]
    result = CliRunner().invoke(command_line(), ["vision", "locate", *map(str, given), "--json"])
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["found"]
    assert found["pose"]["p"] == pytest.approx(standing.p, abs=0.004)
    assert found["lies"] == "upright"
