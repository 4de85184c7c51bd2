"""What is read from a GLB by itself."""

import math

import numpy as np
import pytest

from orchestrator.core.errors import BadInput
from orchestrator.engine.mesh import MeshShelf, read_mesh, symmetry_about_z
from tests.unit.mistakes.authored import box, prism


def test_box_and_frames_are_read_in_metres():
    facts = read_mesh(
        box((0.1, 0.06, 0.04), {"rim": ((0.0, 0.01, 0.04), (0, 0, 1)), "side": ((0.05, 0, 0), (1, 0, 0))}), "x"
    )
    assert (facts.low_m, facts.high_m) == ((-0.05, -0.03, 0.0), (0.05, 0.03, 0.04))
    assert set(facts.frames) == {"rim", "side"}
    assert facts.frames["rim"].p == (0.0, 0.01, 0.04)
    assert facts.frames["side"].z_axis == pytest.approx((1, 0, 0), abs=1e-5)


@pytest.mark.parametrize(("sides", "order"), [(3, 3), (6, 6), (8, 8), (15, 15), (32, 0), (64, 0)])
def test_symmetry_is_found_and_many_sides_are_round(sides, order):
    assert read_mesh(prism(sides, 0.01, 0.02), "x").symmetry_z == order


def test_box_turns_onto_itself_by_halves_and_a_square_by_quarters():
    assert read_mesh(box((0.1, 0.06, 0.04)), "x").symmetry_z == 2
    assert read_mesh(box((0.06, 0.06, 0.04)), "x").symmetry_z == 4


def test_something_off_the_axis_has_no_symmetry():
    turns = np.arange(64) * math.tau / 64
    ring = np.stack([0.02 * np.cos(turns), 0.02 * np.sin(turns), np.zeros(64)], axis=1)
    assert symmetry_about_z(ring) == 0
    assert symmetry_about_z(np.vstack([ring, [(0.01, 0.002, 0.01)]])) is None


def test_default_grasp_comes_from_above_across_the_narrow_side():
    grasps = read_mesh(box((0.05, 0.03, 0.04)), "x").grasps()
    name, grasp = next(iter(grasps.items()))
    assert (name, grasp.opening_m) == ("top_y", 0.03)
    assert grasp.pose.p == (0.0, 0.0, 0.028)
    assert grasp.pose.z_axis == pytest.approx((0, 0, -1), abs=1e-6)
    closing = np.array(grasp.pose.matrix())[:3, 1]
    assert abs(closing @ (0, 1, 0)) == pytest.approx(1, abs=1e-6)
    assert grasps["top_x"].opening_m == 0.05
    assert abs(np.array(grasps["top_x"].pose.matrix())[:3, 1] @ (1, 0, 0)) == pytest.approx(1, abs=1e-5)


def test_part_wider_than_the_fingers_gets_no_grasp():
    assert read_mesh(box((0.1, 0.09, 0.04)), "x").grasps() == {}


def test_ray_meets_the_surface_or_leaves():
    facts = read_mesh(box((0.1, 0.06, 0.04)), "x")
    assert facts.hits((0.01, 0.005, 0.01), (0, 0, 1)) == pytest.approx(0.03)
    assert facts.hits((0.01, 0.005, 0.05), (0, 0, 1)) is None


@pytest.mark.parametrize("raw", [b"", b"solid x", b"glTF\x02\0\0\0", box((1, 1, 1))[:200], prism(6, 0.1, 0.1)[:-40]])
def test_broken_file_is_refused_with_a_remedy(raw):
    with pytest.raises(BadInput) as caught:
        read_mesh(raw, "broken.glb")
    assert "broken.glb" in caught.value.message
    assert caught.value.remedy


def test_mesh_is_read_again_only_when_its_file_changed(tmp_path):
    path = tmp_path / "x.glb"
    shelf = MeshShelf()
    path.write_bytes(box((0.1, 0.06, 0.04)))
    first = shelf.read(path)
    assert shelf.read(path) is first
    path.write_bytes(prism(6, 0.01, 0.02))
    assert shelf.read(path).symmetry_z == 6
