"""How much of a place solids hide from a camera."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Solid
from orchestrator.core.sight import hidden, points_in, solid_of

EYE = (0.0, 0.0, 1.0)
PART = points_in((-0.1, -0.1, 0.0), (0.1, 0.1, 0.0), IDENTITY)  # a plate on the table
CUBE = Solid("box", (0.1, 0.1, 0.1), Pose((0.0, 0.0, 0.5)))


def tilted(pose: Pose) -> Pose:
    return pose @ Pose.from_rpy((0, 0, 0), (0.3, -0.7, 1.1))


def test_points_fill_the_box_and_move_with_its_pose() -> None:
    pose = tilted(Pose((0.4, -0.2, 0.1)))
    points = points_in((-0.1, -0.2, 0.0), (0.1, 0.2, 0.3), pose)
    assert len(points) == 125
    local = np.array([pose.inverse().apply(tuple(point)) for point in points])
    assert local.min(axis=0) == pytest.approx((-0.1, -0.2, 0.0))
    assert local.max(axis=0) == pytest.approx((0.1, 0.2, 0.3))


def test_nothing_hides_nothing() -> None:
    assert hidden(EYE, PART, []) == 0.0


@pytest.mark.parametrize(
    "solid",
    [
        Solid("box", (1.0, 1.0, 0.01), Pose((0.0, 0.0, 0.5))),
        Solid("sphere", (0.3,), Pose((0.0, 0.0, 0.5))),
        Solid("cylinder", (0.3, 0.01), Pose((0.0, 0.0, 0.5))),
        Solid("box", (2.0, 2.0, 3.0), IDENTITY),  # the camera inside
    ],
)
def test_what_stands_before_all_of_it_hides_all_of_it(solid: Solid) -> None:
    assert hidden(EYE, PART, [solid]) == 1.0


@pytest.mark.parametrize("z", [1.4, -0.4])
@pytest.mark.parametrize("shape", ["box", "sphere", "cylinder"])
def test_what_is_behind_the_camera_or_behind_the_place_hides_nothing(shape: str, z: float) -> None:
    solid = Solid(shape, (0.3, 0.3, 0.3), Pose((0.0, 0.0, z)))  # type: ignore[arg-type] # one of them
    assert hidden(EYE, PART, [solid]) == 0.0


def test_what_hides_half_hides_half() -> None:
    wall = Solid("box", (1.0, 1.0, 0.01), Pose((0.5001, 0.0, 0.5)))  # right of the axis
    assert hidden(EYE, PART, [wall]) == pytest.approx(0.4)  # two columns of points in five
    other = Solid("box", (1.0, 1.0, 0.01), Pose((-0.5001, 0.0, 0.5)))
    assert hidden(EYE, PART, [wall, other]) == pytest.approx(0.8)
    assert hidden(EYE, PART, [wall, wall]) == pytest.approx(0.4)


def test_a_round_side_is_round_and_an_end_is_an_end() -> None:
    corner = np.array([(0.1, 0.1, 0.0)])  # seen past (0.05, 0.05) at half the height
    for shape in ("cylinder", "sphere"):
        near = Solid(shape, (0.0708, 0.001), Pose((0.0, 0.0, 0.5)))  # type: ignore[arg-type] # one of them
        assert hidden(EYE, corner, [near]) == 1.0
    low = Solid("cylinder", (0.0700, 0.001), Pose((0.0, 0.0, 0.5)))
    assert hidden(EYE, corner, [low]) == 0.0
    box = Solid("box", (0.1002, 0.1002, 0.001), Pose((0.0, 0.0, 0.5)))
    assert hidden(EYE, corner, [box]) == 1.0


@pytest.mark.parametrize("shape", ["box", "cylinder", "sphere"])
def test_it_is_the_same_wherever_all_of_it_stands_and_however_it_is_turned(shape: str) -> None:
    random = np.random.default_rng(3)
    for _ in range(40):
        size = tuple(random.uniform(0.05, 0.3, 3))
        solid = Solid(shape, size, tilted(Pose(tuple(random.uniform(-0.3, 0.3, 3)))))  # type: ignore[arg-type]
        points = random.uniform(-0.5, 0.5, (30, 3))
        eye = tuple(random.uniform(-0.6, 0.6, 3))
        away = tilted(Pose(tuple(random.uniform(-1, 1, 3))))  # type: ignore[arg-type]
        moved = np.array([away.apply(tuple(point)) for point in points])
        there = Solid(solid.shape, size, away @ solid.pose)
        assert hidden(eye, points, [solid]) == hidden(away.apply(eye), moved, [there])
        assert hidden(eye, points, [solid]) == pytest.approx(_stepped(eye, points, solid), abs=0.07)


def _stepped(eye: tuple[float, ...], points: np.ndarray, solid: Solid) -> float:
    """The same share by walking along each way in small steps."""
    back, hit = solid.pose.inverse(), 0
    for point in points:
        for t in np.linspace(0, 1, 400):
            x, y, z = back.apply(tuple(np.asarray(eye) + t * (point - np.asarray(eye))))
            size = solid.size_m
            inside = {
                "box": all(abs(v) <= edge / 2 for v, edge in zip((x, y, z), size, strict=True)),
                "sphere": math.hypot(x, y, z) <= size[0],
                "cylinder": math.hypot(x, y) <= size[0] and abs(z) <= size[1] / 2,
            }[solid.shape]
            if inside:
                hit += 1
                break
    return hit / len(points)


def test_a_part_between_its_corners_is_a_box() -> None:
    solid = solid_of((-0.1, 0.0, 0.2), (0.1, 0.4, 0.3), Pose((1.0, 0.0, 0.0)))
    assert solid.size_m == pytest.approx((0.2, 0.4, 0.1))
    assert solid.pose.p == pytest.approx((1.0, 0.2, 0.25))
