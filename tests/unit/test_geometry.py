"""Poses, their chains, and how far a part is from where it should be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.geometry import IDENTITY, Pose, deviation

METRES = st.floats(-2, 2)
ANGLES = st.floats(-math.pi, math.pi)
POSES = st.builds(
    lambda p, rpy: Pose.from_rpy(p, rpy), st.tuples(METRES, METRES, METRES), st.tuples(ANGLES, ANGLES, ANGLES)
)
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def _same(a: Pose, b: Pose) -> bool:
    return bool(np.allclose(a.matrix(), b.matrix(), atol=1e-9))


def test_rpy_turns_about_the_fixed_axes_roll_first_as_in_urdf() -> None:
    """Roll turns z to -y (x stays), then yaw turns x to y: a vector along z ends along x."""
    pose = Pose.from_rpy((0, 0, 0), (math.pi / 2, 0, math.pi / 2))
    assert pose.apply((0, 0, 1)) == pytest.approx((1, 0, 0), abs=1e-9)
    assert pose.apply((1, 0, 0)) == pytest.approx((0, 1, 0), abs=1e-9)


def test_rpy_agrees_with_the_product_of_the_three_rotation_matrices() -> None:
    roll, pitch, yaw = 0.3, -0.7, 1.9
    cr, sr, cp, sp, cy, sy = (f(v) for v in (roll, pitch, yaw) for f in (math.cos, math.sin))
    x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    assert np.allclose(Pose.from_rpy((0, 0, 0), (roll, pitch, yaw)).matrix()[:3, :3], z @ y @ x)


@FEW
@given(POSES, POSES)
def test_chaining_poses_is_multiplying_their_matrices(a: Pose, b: Pose) -> None:
    assert np.allclose((a @ b).matrix(), a.matrix() @ b.matrix(), atol=1e-9)


@FEW
@given(POSES)
def test_a_pose_and_its_inverse_cancel_and_its_matrix_gives_it_back(pose: Pose) -> None:
    assert _same(pose @ pose.inverse(), IDENTITY)
    assert _same(Pose.from_matrix(pose.matrix()), pose)


def test_shifting_goes_along_the_poses_own_axes() -> None:
    turned = Pose.from_rpy((1, 0, 0), (0, 0, math.pi / 2))
    assert turned.shifted(x=0.5).p == pytest.approx((1, 0.5, 0))


def test_a_deviation_is_given_in_the_targets_axes() -> None:
    target = Pose.from_rpy((1, 1, 0), (0, 0, math.pi / 2))
    off = deviation(Pose.from_rpy((1, 1.002, 0), (0, 0, math.pi / 2)), target)
    assert off.xyz_m == pytest.approx((0.002, 0, 0), abs=1e-9)
    assert off.rot_rad == pytest.approx((0, 0, 0), abs=1e-9)
    assert off.distance_m == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("symmetry", "yaw_deg", "left_deg"),
    [
        (None, 60, 60),
        (None, -170, -170),
        (0, 137, 0),
        (6, 60, 0),
        (6, 62, 2),
        (6, -58, 2),
        (6, 31, -29),
        (2, 180, 0),
        (2, 175, -5),
        (4, 359, -1),
        (1, 350, -10),
    ],
)
def test_symmetry_takes_whole_turns_out_of_the_yaw(symmetry: int | None, yaw_deg: float, left_deg: float) -> None:
    actual = Pose.from_rpy((0, 0, 0), (0, 0, math.radians(yaw_deg)))
    off = deviation(actual, IDENTITY, symmetry)
    assert [math.degrees(v) for v in off.rot_rad] == pytest.approx([0, 0, left_deg], abs=1e-6)


@FEW
@given(POSES, ANGLES, st.floats(-0.5, 0.5))
def test_a_round_part_keeps_its_tilt_however_it_is_turned(target: Pose, yaw: float, tilt: float) -> None:
    tilted = target @ Pose.from_rpy((0, 0, 0), (tilt, 0, 0)) @ Pose.from_rpy((0, 0, 0), (0, 0, yaw))
    off = deviation(tilted, target, 0)
    assert math.hypot(*off.rot_rad) == pytest.approx(abs(tilt), abs=1e-6)
    assert off.rot_rad[2] == pytest.approx(0, abs=1e-6)


def test_symmetry_does_not_hide_a_part_that_lies_upside_down() -> None:
    flipped = Pose.from_rpy((0, 0, 0), (math.pi, 0, 0.4))
    assert math.hypot(*deviation(flipped, IDENTITY, 0).rot_rad) == pytest.approx(math.pi)


def test_within_looks_at_every_axis_apart() -> None:
    off = deviation(Pose((0.0004, 0, -0.002)), IDENTITY)
    assert off.within((0.001, 0.001, 0.003), (0.01, 0.01, 0.01))
    assert not off.within((0.001, 0.001, 0.001), (0.01, 0.01, 0.01))
    turned = deviation(Pose.from_rpy((0, 0, 0), (0, 0.02, 0)), IDENTITY)
    assert not turned.within((1, 1, 1), (0.01, 0.01, 0.01))


def test_records_keep_micrometres_and_no_negative_zero() -> None:
    assert str(Pose((1e-9, -1e-9, 0.1234567)).rounded().p) == "(0.0, 0.0, 0.123457)"
