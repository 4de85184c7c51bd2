"""A cell as a Gazebo world, read by code that shares nothing with what wrote it."""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.sdf_told import gazebo_world
from orchestrator.adapters.sim.world import World
from orchestrator.app import stocked
from orchestrator.core.cell import CellSpec
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box
from orchestrator.engine.mesh import read_mesh
from tests.unit.test_cli import ROOT, run

INSTRUCTIONS = ROOT / "instructions"
CELLS = ROOT / "launch" / "cells"
ROBOT = {"model": "ur5e", "payload_kg": 5}
NEAR = 1e-6


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def matrix(element: ET.Element) -> np.ndarray:
    """Return an element's pose; its rotation by the textbook's formula for a unit quaternion."""
    at = element.find("pose")
    out = np.eye(4)
    if at is None:
        return out
    assert at.get("rotation_format") == "quat_xyzw"
    px, py, pz, x, y, z, w = numbers(at.text)
    assert math.hypot(x, y, z, w) == pytest.approx(1.0, abs=1e-8)
    out[:3, :3] = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    out[:3, 3] = px, py, pz
    return out


def models(text: str) -> dict[str, ET.Element]:
    return {model.get("name"): model for model in ET.fromstring(text).find("world").findall("model")}


def still(model: ET.Element) -> bool:
    return model.find("static").text == "true"


def boxes(found: dict[str, ET.Element], *prefixes: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the boxes that are met, of models with such names: pose in the world, edges."""
    out = []
    for name, model in found.items():
        if name.startswith(prefixes):
            for solid in model.find("link").findall("collision"):
                size = solid.find("geometry/box/size")
                out.append((matrix(model) @ matrix(solid), np.array(numbers(size.text))))
    return out


def triangles(raw: bytes) -> np.ndarray:
    """Read a binary STL: (n, 3, 3)."""
    (count,) = struct.unpack_from("<I", raw, 80)
    assert len(raw) == 84 + 50 * count
    rows = np.ndarray((count, 12), "<f4", raw, 84, (50, 4))
    return rows[:, 3:].reshape(-1, 3, 3).astype(float)


@pytest.fixture(scope="module", params=["demo", "tray"])
def told(request):
    spec, world, masses = stocked(CELLS / f"{request.param}.yaml", INSTRUCTIONS)
    return spec, gazebo_world(spec, world, masses), masses


def parts(found: dict[str, ET.Element], kind: str) -> list[ET.Element]:
    return [model for name, model in found.items() if name.rsplit("_", 1)[0] == kind and name[-1].isdigit()]


def test_every_slot_of_every_bin_has_its_part(told):
    spec, world, _ = told
    found = models(world.sdf)
    for bin_ in spec.supply.values():
        if bin_.grid is None:
            continue
        here = np.array([matrix(model) for model in parts(found, bin_.parts[0])])
        for index in range(bin_.capacity):
            wanted = bin_.slot(index).matrix()
            assert np.abs(here - wanted).max(axis=(1, 2)).min() < NEAR
    for model in (model for bin_ in spec.supply.values() if bin_.for_robot for model in parts(found, bin_.parts[0])):
        assert not still(model)


def test_loose_parts_lie_in_their_tray_on_its_floor():
    spec, stock, masses = stocked(CELLS / "tray.yaml", INSTRUCTIONS)
    world = gazebo_world(spec, stock, masses)
    found = models(world.sdf)
    (bin_,) = [bin_ for bin_ in spec.supply.values() if bin_.locate is not None]
    ((floor, size),) = boxes(found, "tray_")
    assert size[:2] == pytest.approx(bin_.size_m)
    assert floor[2, 3] + size[2] / 2 == pytest.approx(bin_.at.p[2])
    loose = parts(found, bin_.parts[0])
    assert len(loose) == bin_.holds
    for model in loose:
        mesh = triangles(world.meshes[model.find(".//collision//uri").text]).reshape(-1, 3)
        at = matrix(model)
        points = mesh @ at[:3, :3].T + at[:3, 3]
        assert points[:, 2].min() == pytest.approx(bin_.at.p[2], abs=1e-5)
        assert (np.abs(points[:, :2] - bin_.at.p[:2]).max(axis=0) <= np.array(bin_.size_m) / 2 + 1e-5).all()


def test_meshes_are_those_of_the_products(told):
    _, world, _ = told
    found = models(world.sdf)
    used = {uri.text for model in found.values() for uri in model.iter("uri")}
    assert used == set(world.meshes)
    assert used
    for path, raw in world.meshes.items():
        glb = INSTRUCTIONS / path.removeprefix("meshes/").replace(".stl", ".glb")
        facts = read_mesh(glb.read_bytes(), glb.name)
        told_triangles = triangles(raw)
        assert len(told_triangles) == len(facts.triangles)
        assert told_triangles.min(axis=(0, 1)) == pytest.approx(facts.low_m, abs=2e-6)
        assert told_triangles.max(axis=(0, 1)) == pytest.approx(facts.high_m, abs=2e-6)


def test_parts_weigh_what_the_procedure_says_and_their_inertia_is_that_of_a_body(told):
    spec, world, masses = told
    seen = set()
    for bin_ in spec.supply.values():
        for model in parts(models(world.sdf), bin_.parts[0]):
            inertial = model.find("link/inertial")
            seen.add(bin_.parts[0])
            mass = float(inertial.find("mass").text)
            assert mass == pytest.approx(masses[bin_.parts[0]])
            i = {e.tag: float(e.text) for e in inertial.find("inertia")}
            whole = [[i["ixx"], i["ixy"], i["ixz"]], [i["ixy"], i["iyy"], i["iyz"]], [i["ixz"], i["iyz"], i["izz"]]]
            a, b, c = np.linalg.eigvalsh(whole)
            assert 0 < a <= b <= c <= a + b + 1e-12
            mesh = triangles(world.meshes[model.find(".//uri").text])
            assert c <= mass * np.square(mesh).sum(axis=2).max()
            centre = matrix(inertial)[:3, 3]
            assert (mesh.min(axis=(0, 1)) < centre).all()
            assert (centre < mesh.max(axis=(0, 1))).all()
    assert len(seen) >= 9


def test_a_block_has_the_inertia_of_a_block():
    world = World(MeshStore(INSTRUCTIONS))
    world.add("block", Box((0.1, 0.2, 0.3)), Pose((0.0, 0.0, 0.15)))
    spec = CellSpec(name="c", robot=ROBOT)
    for masses, kg in (({"block": 6.0}, 6.0), ({}, 6.0)):  # a kilogram a litre, where nobody says
        (model,) = parts(models(gazebo_world(spec, world, masses).sdf), "block")
        inertial = model.find("link/inertial")
        assert float(inertial.find("mass").text) == pytest.approx(kg)
        i = {e.tag: float(e.text) for e in inertial.find("inertia")}
        assert [i["ixx"], i["iyy"], i["izz"]] == pytest.approx([0.065, 0.05, 0.025])
        assert [i["ixy"], i["ixz"], i["iyz"]] == pytest.approx([0, 0, 0], abs=1e-12)
        assert numbers(model.find(".//collision/geometry/box/size").text) == [0.1, 0.2, 0.3]


def test_what_is_in_a_grid_lies_or_hangs_on_something_and_is_in_nothing(told):
    spec, world, _ = told
    found = models(world.sdf)
    solids = boxes(found, "bin_", "fixture_")
    assert solids
    for bin_ in spec.supply.values():
        if bin_.grid is None:
            continue
        for model in parts(found, bin_.parts[0]):
            mesh = triangles(world.meshes[model.find(".//uri").text]).reshape(-1, 3)
            at = matrix(model)
            points = mesh @ at[:3, :3].T + at[:3, 3]
            carried = 0
            for pose, size in solids:
                inside = (points - pose[:3, 3]) @ pose[:3, :3]
                over = size / 2 - np.abs(inside)
                assert not (over > 1e-5).all(axis=1).any(), "a part stands in what should carry it"
                above = (over[:, :2] > -1e-6).all(axis=1)
                carried += int((np.abs(inside[above, 2] - size[2] / 2) < 1e-5).sum())
            assert carried > 3, "nothing is under it"


def test_a_camera_looks_where_the_cell_file_says(told):
    spec, world, _ = told
    found = models(world.sdf)
    assert spec.fixed_cameras
    for name, camera in spec.fixed_cameras.items():
        at, optical = matrix(found[f"camera_{name}"]), camera.at.matrix()
        assert at[:3, 3] == pytest.approx(optical[:3, 3])
        assert at[:3, 0] == pytest.approx(optical[:3, 2], abs=1e-6)  # Gazebo looks along x, an optical frame along z
        assert at[:3, 2] == pytest.approx(-optical[:3, 1], abs=1e-6)  # up is up in the picture
        (sensor,) = found[f"camera_{name}"].iter("sensor")
        assert sensor.get("type") == "rgbd_camera"
        lens, k = sensor.find("camera"), camera.intrinsics
        width, height = (int(lens.find(f"image/{key}").text) for key in ("width", "height"))
        assert (width, height) == camera.size_px
        wide = float(lens.find("horizontal_fov").text)
        assert width / 2 / math.tan(wide / 2) == pytest.approx(k.fx)
        assert (width - 1) / 2 == k.cx


def test_a_camera_on_the_arm_is_left_to_the_arm_and_named():
    cameras = {"wrist": {"on": "flange", "at": {"xyz_mm": [80, 0, 20]}, "model": "perfect"}}
    spec = CellSpec.model_validate({"name": "c", "robot": ROBOT, "cameras": cameras})
    text = gazebo_world(spec, World(MeshStore(INSTRUCTIONS))).sdf
    assert "<sensor" not in text
    assert "On the arm, and not here: wrist." in text


def test_frames_a_little_above_the_table_have_a_fixture_under_them_and_higher_ones_none(told):
    spec, world, _ = told
    found = models(world.sdf)
    assert "fixture_nest_1" in found
    assert "fixture_handover" not in found
    for name, frame in spec.frames.items():
        if f"fixture_{name}" in found:
            ((at, size),) = boxes(found, f"fixture_{name}")
            assert (at @ [0, 0, size[2] / 2, 1])[:3] == pytest.approx(frame.p)
            assert still(found[f"fixture_{name}"])


def test_parts_stand_still_where_they_are_asked_to_or_their_bin_leans():
    spec, world, masses = stocked(CELLS / "demo.yaml", INSTRUCTIONS)
    assert all(still(model) for model in models(gazebo_world(spec, world, masses, still=True).sdf).values())
    leaning = spec.supply["bearings"].model_copy(update={"at": Pose.from_rpy((0.1, -0.5, 0.1), (0.3, 0.0, 0.0))})
    bins = {**spec.supply, "bearings": leaning}
    found = models(gazebo_world(spec.model_copy(update={"supply": bins}), world, masses).sdf)
    assert "bin_bearings" not in found
    assert all(still(model) for model in parts(found, "bearing"))
    assert not any(still(model) for model in parts(found, "housing"))


def test_names_are_used_once(told):
    _, world, _ = told
    tree = ET.fromstring(world.sdf).find("world")
    names = [child.get("name") for child in tree if child.get("name") and child.tag != "plugin"]
    assert len(names) == len(set(names))
    for link in tree.iter("link"):
        inner = [child.get("name") for child in link if child.get("name")]
        assert len(inner) == len(set(inner))


def test_its_own_parser_takes_it(told, tmp_path):
    checker = shutil.which("gz") or shutil.which("ign")
    if checker is None or "sdf" not in subprocess.run([checker, "help"], capture_output=True, text=True).stdout:
        pytest.skip("there is no gz sdf or ign sdf (Debian packages ignition-tools and libsdformat-dev)")
    _, world, _ = told
    file = tmp_path / "world.sdf"
    file.write_text(world.sdf, encoding="utf-8")
    done = subprocess.run([checker, "sdf", "-k", str(file)], capture_output=True, text=True, check=False)
    assert "Valid." in done.stdout + done.stderr, (done.stdout + done.stderr)[:3000]
    assert "Warning" not in done.stdout + done.stderr


def test_a_cells_world_is_written_with_its_meshes(capsys, tmp_path):
    code, said, _ = run(capsys, "sdf", "demo", str(tmp_path / "world"))
    assert code == 0
    assert "demo.sdf and 9 meshes" in said
    found = models((tmp_path / "world" / "demo.sdf").read_text(encoding="utf-8"))
    for model in found.values():
        for uri in model.iter("uri"):
            assert (tmp_path / "world" / uri.text).is_file()
    code, _, _ = run(capsys, "sdf", "demo", str(tmp_path / "world"), "--still")
    assert code == 0


def test_parts_and_cameras_can_be_left_out(capsys, tmp_path):
    run(capsys, "sdf", "demo", str(tmp_path / "all"))
    code, said, _ = run(capsys, "sdf", "demo", str(tmp_path / "bare"), "--without", "parts", "--without", "cameras")
    assert code == 0
    assert "0 meshes" in said
    whole, bare = (models((tmp_path / name / "demo.sdf").read_text(encoding="utf-8")) for name in ("all", "bare"))
    assert set(bare) == {name for name in whole if name.split("_")[0] in {"table", "fixture", "bin"}}
    steps = [
        float(ET.parse(tmp_path / name / "demo.sdf").getroot().findtext("world/physics/max_step_size", ""))
        for name in ("all", "bare")
    ]
    assert steps[0] <= 0.001 < steps[1]  # where nothing touches physics is cheaper
    assert 1 / 125 % steps[1] == 0  # and keeps the controllers' pace
    plugins = ET.parse(tmp_path / "bare" / "demo.sdf").getroot().findall("world/plugin")
    assert not [plugin for plugin in plugins if "sensors" in plugin.get("filename")]  # which would want a renderer
    code, _, said = run(capsys, "sdf", "demo", str(tmp_path / "bare"), "--without", "people")
    assert code != 0
    assert "Take one of: parts, cameras" in said


def test_fortress_and_newer_call_their_systems_otherwise(capsys, tmp_path):
    found = {}
    for name in ("gz", "ign"):
        run(capsys, "sdf", "demo", str(tmp_path / name), "--gazebo", name)
        plugins = ET.parse(tmp_path / name / "demo.sdf").getroot().findall("world/plugin")
        found[name] = [(plugin.get("filename"), plugin.get("name")) for plugin in plugins]
    assert ("gz-sim-physics-system", "gz::sim::systems::Physics") in found["gz"]
    assert ("ignition-gazebo-physics-system", "ignition::gazebo::systems::Physics") in found["ign"]
    assert len(found["gz"]) == len(found["ign"]) == 4
    code, _, said = run(capsys, "sdf", "demo", str(tmp_path / "classic"), "--gazebo", "classic")
    assert code != 0
    assert "Take one of: gz, ign" in said


def test_what_can_not_be_written_is_said(capsys, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, said = run(capsys, "sdf", "demo", str(tmp_path / "file"))
    assert code != 0
    assert "can't be written to" in said
    code, _, said = run(capsys, "sdf", "nowhere", str(tmp_path / "world"))
    assert code != 0
    assert "There is no cell 'nowhere'" in said
