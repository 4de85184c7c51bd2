"""Which sides a part rests on, and which of its poses look the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
import trimesh

from orchestrator.adapters.vision.render import Solid
from orchestrator.adapters.vision.stable import Shape, at_yaw, shape_of
from orchestrator.core.geometry import Pose


def shape(mesh: trimesh.Trimesh, symmetry_z: int | None = None) -> Shape:
    return shape_of(Solid(np.asarray(mesh.vertices, float), np.asarray(mesh.faces)), symmetry_z)


def test_a_cube_rests_in_one_way_and_looks_the_same_in_24() -> None:
    found = shape(trimesh.creation.box((0.03, 0.03, 0.03)))
    (rest,) = found.rests
    assert len(found.symmetry.turns) == 24
    assert rest.share == pytest.approx(1)
    assert rest.period_rad == pytest.approx(math.pi / 2)


def test_a_slab_rests_on_its_large_side_most_often() -> None:
    flat, *others = shape(trimesh.creation.box((0.08, 0.05, 0.02))).rests
    assert flat.height_m == pytest.approx(0.02)
    assert flat.share > max(rest.share for rest in others)
    assert {round(rest.height_m, 3) for rest in others} <= {0.05, 0.08}


def test_a_round_bar_rolls_on_any_side_and_stands_seldom() -> None:
    found = shape(trimesh.creation.cylinder(0.006, 0.05, sections=48))
    assert found.symmetry.axis == pytest.approx((0, 0, 1))
    lying = found.rests[0]
    assert lying.height_m == pytest.approx(0.012, abs=1e-4)
    assert lying.share > 0.8
    assert lying.period_rad == pytest.approx(math.pi)


def test_a_part_with_a_step_has_two_sides() -> None:
    mesh = trimesh.util.concatenate(
        [
            trimesh.creation.cylinder(0.02, 0.008).apply_translation((0, 0, 0.004)),
            trimesh.creation.cylinder(0.01, 0.004).apply_translation((0, 0, 0.010)),
        ]
    )
    names = {rest.name for rest in shape(mesh).rests}
    assert {"upright", "upside down"} <= names


def test_nothing_of_a_resting_part_is_below_the_floor() -> None:
    mesh = trimesh.creation.box((0.06, 0.03, 0.01)).apply_translation((0.01, 0.0, 0.02))
    for rest in shape(mesh).rests:
        turned = trimesh.transformations.transform_points(mesh.vertices, at_yaw(rest, 1.1).matrix())
        assert turned[:, 2].min() == pytest.approx(0, abs=1e-9)
        assert turned[:, 2].max() == pytest.approx(rest.height_m)


def test_poses_are_compared_modulo_symmetry() -> None:
    bar = shape(trimesh.creation.box((0.06, 0.03, 0.01))).symmetry
    here = Pose.from_rpy((0.1, 0.2, 0.3), (0.1, 0.2, 0.3))
    over = here @ Pose.from_rpy((0, 0, 0), (math.pi, 0, 0))
    assert bar.apart(here, over) == pytest.approx((0, 0), abs=1e-6)
    quarter = here @ Pose.from_rpy((0.002, 0, 0), (0, 0, math.pi / 2))
    assert bar.apart(here, quarter) == pytest.approx((0.002, math.pi / 2), abs=1e-6)


def test_a_declared_symmetry_counts_beside_the_mesh_s_own() -> None:
    mesh = trimesh.creation.box((0.06, 0.03, 0.01))
    assert shape(mesh, 0).symmetry.axis is not None
    gear = Pose.from_rpy((0, 0, 0), (0, 0, 0.7))
    assert shape(mesh, 0).symmetry.apart(Pose(), gear)[1] == pytest.approx(0, abs=1e-6)


def test_a_sheet_without_thickness_rests_on_both_faces() -> None:
    mesh = trimesh.Trimesh([(0, 0, 0), (0.05, 0, 0), (0.05, 0.03, 0), (0, 0.03, 0)], [(0, 1, 2), (0, 2, 3)])
    assert len(shape(mesh).rests) == 2
