"""The shipped product and cell, as geometry: what the files promise to arm, camera and screens holds true."""

import itertools
import json
import math
import re
import runpy
import struct
from functools import cache
from pathlib import Path

import manifold3d
import numpy as np
import pytest
import trimesh
from PIL import Image

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.core.cell import CellSpec
from orchestrator.core.geometry import Pose
from orchestrator.core.procedure import Procedure
from orchestrator.engine.library import check
from orchestrator.engine.yaml_source import read_source

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "instructions" / "gear_reducer"
PROCEDURE = Procedure.model_validate(read_source(PRODUCT / "procedure.yaml").data)
CELL = CellSpec.model_validate({"name": "demo", **read_source(ROOT / "launch" / "cells" / "demo.yaml").data})
VARIANTS = [dict(zip(PROCEDURE.options, v, strict=True)) for v in itertools.product(*PROCEDURE.options.values())]
REDUCED = [v for v in VARIANTS if v["plate"] == "en"]
TINY_MM3 = 0.5

GRIPPER = UR5E.gripper
STROKE = GRIPPER.stroke_m * 1000
PADDING_MM = 2.0  # what the arm's planner keeps from everything


def ids(variant):
    return "-".join(map(str, variant.values()))


@cache
def scene(part):
    return trimesh.load(PRODUCT / f"{part}.glb", force="scene")


@cache
def solid(part):
    """Return the part's body in millimetres."""
    mesh = scene(part).to_geometry()
    mesh.merge_vertices()
    return manifold3d.Manifold(manifold3d.Mesh((mesh.vertices * 1000).astype(np.float32), mesh.faces.astype(np.uint32)))


def frame(part, name):
    matrix = scene(part).graph[name][0].copy()
    matrix[:3, 3] *= 1000
    return matrix


def moved(body, matrix):
    return body.transform(matrix[:3, :])


def shift(x=0.0, y=0.0, z=0.0):
    out = np.eye(4)
    out[:3, 3] = x, y, z
    return out


def pose_mm(pose):
    out = pose.matrix()
    out[:3, 3] *= 1000
    return out


def overlap(a, b):
    return (a ^ b).volume()


def placements(variant):
    """Yield (step, kind, reference, pose mm, the poses of all else then) for each part placed, in authored order."""
    where, carrier, kinds = {}, {}, {}

    def fill(text, variables):
        return re.sub(r"\$(\w+)", lambda m: str({**variant, **variables}.get(m[1], m[0])), text)

    for step in PROCEDURE.steps:
        if step.result.part is None or (step.when == "cover == 'through'" and variant["cover"] != "through"):
            continue
        for variables in step.each:
            kind = fill(step.result.part, variables).split(".")[0]
            name = fill(step.result.part, variables) + "".join(f"#{v}" for v in variables.values())
            owner, _, spot = fill(step.result.at, variables).rpartition("/")
            at = (
                where[owner] @ frame(kinds[owner], spot)
                if owner
                else pose_mm(CELL.frames[CELL.nests.get(spot, (spot,))[0]])
            )
            riders, grown = {name}, True
            while grown:
                grown = [r for r, c in carrier.items() if c in riders and r not in riders]
                riders.update(grown)
            change = at @ np.linalg.inv(where.get(name, at))
            for rider in riders - {name}:
                where[rider] = change @ where[rider]
            where[name], carrier[name], kinds[name] = at, owner, kind
            group = {r: moved(solid(kinds[r]), where[r]) for r in riders}
            others = {r: moved(solid(kinds[r]), where[r]) for r in where if r not in riders}
            yield step, kind, name, at, group, others


def test_every_file_passes_the_cross_checks():
    assert check(ROOT / "instructions", ROOT / "launch" / "cells") == []


def part_names():
    return sorted(PROCEDURE.parts)


@cache
def cad():
    return runpy.run_path(str(PRODUCT / "cad.py"))


@pytest.mark.parametrize("part", part_names())
def test_mesh_is_small_closed_and_named(part):
    data = (PRODUCT / f"{part}.glb").read_bytes()
    (length,) = struct.unpack("<I", data[12:16])
    tree = json.loads(data[20 : 20 + length])
    assert len(data) < 100_000
    assert [node["name"] for node in tree["nodes"] if "mesh" in node] == [part]
    assert tree["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"][3] == 1
    body = scene(part).to_geometry()
    assert body.is_volume
    assert body.body_count == 1
    assert 0.005 < body.extents.max() < 0.2  # metres
    for name in scene(part).graph.nodes:  # frames do not scale, and their z leaves the seat
        assert math.isclose(np.linalg.det(scene(part).graph[name][0]), 1, abs_tol=1e-9)


def test_meshes_are_what_their_source_says_byte_for_byte():
    made = cad()["parts"]()
    assert sorted(made) == part_names() == sorted(p.stem for p in PRODUCT.glob("*.glb"))
    for name, part in made.items():
        assert cad()["glb"](name, part) == (PRODUCT / f"{name}.glb").read_bytes(), name


def test_bearing_is_a_6204():
    low, high = scene("bearing").bounds * 1000
    assert np.allclose(high - low, (47, 47, 14), atol=0.01)
    bore = manifold3d.Manifold.cylinder(30, 9.97).translate((0, 0, -5))
    assert overlap(solid("bearing"), bore) == pytest.approx(0, abs=1)


def test_masses_are_those_of_the_solids():
    for name, part in cad()["parts"]().items():
        if PROCEDURE.parts[name].mass_kg is not None:
            assert PROCEDURE.parts[name].mass_kg == pytest.approx(part.mass_kg, rel=0.15), name


@pytest.mark.parametrize("variant", VARIANTS, ids=ids)
def test_assembled_parts_do_not_intersect(variant):
    *_, (_, _, _, _, group, others) = placements({**variant})
    bodies = {**group, **others}
    assert len(bodies) == 12
    for (a, body_a), (b, body_b) in itertools.combinations(bodies.items(), 2):
        assert overlap(body_a, body_b) < TINY_MM3, f"{a} cuts into {b}"


@pytest.mark.parametrize("variant", REDUCED, ids=ids)
def test_each_part_is_stopped_by_its_support_and_free_on_its_way_in(variant):
    for step, kind, name, at, group, others in placements(variant):
        if "/" not in step.result.at:
            continue  # cell frames are the fixtures' own
        neighbours = manifold3d.Manifold.batch_boolean(list(others.values()), manifold3d.OpType.Add)
        pushed = {r: at @ shift(z=-0.5) @ np.linalg.inv(at) for r in group}
        into = sum(overlap(moved(body, pushed[r]), neighbours) for r, body in group.items())
        assert into > 1, f"{name} hangs in the air ({step.id})"
        if kind == "bearing" and name.endswith("lower"):
            continue  # the person turns the shaft over for it
        for height in (0.2, 3, 8, 15, 25, 40, 80):
            lift = at @ shift(z=height) @ np.linalg.inv(at)
            hit = sum(overlap(moved(body, lift), neighbours) for body in group.values())
            assert hit < TINY_MM3, f"{name} collides {height} mm above its seat ({step.id})"


def gripper(opening):
    """Return fingers and palm around an opening, in the TCP's frame (z along the approach), mm."""
    cube = manifold3d.Manifold.cube
    width, thick, length = (v * 1000 for v in GRIPPER.finger_m)
    across, along, depth = (v * 1000 for v in GRIPPER.palm_m)
    back = GRIPPER.tip_m * 1000 - length
    fingers = [
        cube((width, thick, length)).translate((-width / 2, y, back)) for y in (opening / 2, -opening / 2 - thick)
    ]
    return fingers[0] + fingers[1] + cube((across, along, depth)).translate((-across / 2, -along / 2, back - depth))


def grip_of(kind):
    (grasp,) = PROCEDURE.parts[kind].grasps.values()
    return pose_mm(grasp.grasp.pose), grasp.opening_mm


def robot_kinds():
    return sorted(kind for kind, part in PROCEDURE.parts.items() if part.grasps)


@pytest.mark.parametrize("kind", robot_kinds())
def test_grasp_holds_the_part_between_the_fingers(kind):
    tcp, opening = grip_of(kind)
    assert opening <= 80
    body = solid(kind)
    closed, open_ = (moved(gripper(o), tcp) for o in (opening - 0.6, min(opening + 8, STROKE)))
    assert overlap(body, closed) > TINY_MM3, "closed fingers touch"
    assert overlap(body, open_) == pytest.approx(0, abs=1e-6), "open fingers are free"


@pytest.mark.parametrize("variant", REDUCED, ids=ids)
def test_fingers_are_free_where_the_robot_places(variant):
    seen = set()
    for step, kind, name, at, group, others in placements(variant):
        if step.robot is None or step.robot.skill == "hand_over":
            continue
        tcp, opening = grip_of(kind)
        hand = moved(gripper(min(opening + 8, STROKE)), at @ tcp)
        for other, body in {**others, **group}.items():
            assert overlap(hand, body) < 1e-6, f"the hand hits {other} when it lets go of {name}"
        seen.add(step.id)
    assert seen == {"load", "shaft", "bearing", "fit_shaft", "pinion", "screws"}


@pytest.mark.parametrize("name", [n for n, b in CELL.supply.items() if b.for_robot])
def test_fingers_are_free_in_a_full_bin(name):
    spec = CELL.supply[name]
    (kind,) = spec.parts
    tcp, opening = grip_of(kind)
    slots = [pose_mm(spec.slot(i)) for i in range(spec.capacity)]
    hulls = [moved(solid(kind).hull(), slot) for slot in slots]  # planners see parts as their hulls
    for i, slot in enumerate(slots):
        hand = moved(gripper(min(opening + 8, STROKE)), slot @ tcp)
        rest = manifold3d.Manifold.compose(hulls[:i] + hulls[i + 1 :])
        assert hand.min_gap(rest, 10) > PADDING_MM
        assert hand.bounding_box()[2] > PADDING_MM, "fingertips above the table"


def test_robot_reaches_every_slot_and_place():
    """Tool straight down, at the grasp and 100 mm above it."""
    grasps = {k: next(iter(p.grasps.values())).grasp.pose for k, p in PROCEDURE.parts.items() if p.grasps}
    spots = [(b.slot(i), grasps[b.parts[0]]) for b in CELL.supply.values() if b.for_robot for i in range(b.capacity)]
    nests = [CELL.frames[name] for name in ("nest_1", "nest_2")]
    spots += [(nest.shifted(z=z), grasps[kind]) for nest in nests for z in (0, 0.08) for kind in grasps]
    spots += [(CELL.frames["press"].shifted(z=z), grasps["gear_shaft_5"]) for z in (0, 0.08)]
    spots += [(CELL.frames["handover"], grasps["cover_blind"])]
    arm = Kinematics(UR5E, CELL.robot.at)
    for spot, grasp in spots:
        assert 0.30 <= math.hypot(*spot.p[:2]) <= 0.75, spot
        for above in (0.0, 0.1):
            flange = Pose((0, 0, above)) @ spot @ grasp @ GRIPPER.tcp.inverse()
            assert arm.within_limits(flange, UR5E.home_rad), (spot, above)


def footprints():
    """Yield (name, low xy, high xy) in mm of bins, zones and the outgoing place."""
    for name, spec in CELL.supply.items():
        half = np.array([60.0, 60.0])
        corners = np.array([spec.at.p[:2]]) * 1000
        if spec.for_robot:
            body = scene(spec.parts[0]).bounds[:, :2] * 1000
            corners = np.array([spec.slot(i).p[:2] for i in range(spec.capacity)]) * 1000
            half = np.abs(body).max(axis=0) + 5
        yield name, corners.min(axis=0) - half, corners.max(axis=0) + half
    for name, box in CELL.zones.items():
        yield f"zone {name}", np.array(box.low[:2]) * 1000, np.array(box.high[:2]) * 1000
    out = np.array(CELL.frames["out"].p[:2]) * 1000
    yield "out", out - 60, out + 60
    yield "robot base", np.array([-110.0, -110.0]), np.array([110.0, 110.0])


def test_bins_zones_and_places_do_not_overlap():
    for (a, low_a, high_a), (b, low_b, high_b) in itertools.combinations(footprints(), 2):
        assert (low_a >= high_b).any() or (low_b >= high_a).any(), f"{a} overlaps {b}"


def test_cell_holds_parts_for_six_units_of_each_variant():
    stock = {}
    for spec in CELL.supply.values():
        for kind in spec.parts:
            stock[kind] = stock.get(kind, 0) + (spec.capacity or 0)
    for variant in VARIANTS:
        need = {}
        for _, kind, name, *_ in placements(variant):
            need.setdefault(kind, set()).add(name)
        for kind, names in need.items():
            assert stock[kind] >= 6 * len(names), kind


@pytest.mark.parametrize(("camera", "places"), [("top", ("nest_1", "nest_2")), ("press_cam", ("press",))])
def test_camera_sees_its_places_whole(camera, places):
    eye = CELL.cameras[camera].at
    for place in places:
        for x, y, z in itertools.product((-0.06, 0.06), (-0.06, 0.06), (0.0, 0.12)):
            px, py, pz = eye.inverse().apply(CELL.frames[place].apply((x, y, z)))
            assert pz > 0.5
            assert abs(px / pz) < math.tan(math.radians(60 / 2))
            assert abs(py / pz) < math.tan(math.radians(46 / 2))


def test_steps_happen_inside_their_zones():
    assert [CELL.zone_of(CELL.frames[n].p) for n in ("nest_1", "nest_2", "press", "handover")] == [
        "nest_1",
        "nest_2",
        "press",
        "handover",
    ]


def test_the_pictures_are_those_that_are_drawn_from_the_meshes():
    drawn = runpy.run_path(str(PRODUCT / "pictures.py"))["PICTURES"]
    kept = {file.stem: file for file in PRODUCT.glob("*.png")}
    assert kept.keys() == drawn.keys()
    for name, file in kept.items():
        there, anew = (np.asarray(image.convert("RGB"), dtype=float) for image in (Image.open(file), drawn[name]()))
        assert there.shape == anew.shape
        assert np.abs(there - anew).mean() < 1, f"{name}: run pictures.py"
        assert file.stat().st_size < 100_000
