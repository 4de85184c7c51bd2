"""Distances of capsules against an independent minimisation, and capsules that cover what they stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.capsules import ArmCapsules, Capsules, nearest
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.core.geometry import Pose

COORDINATE = st.floats(-1.0, 1.0).map(lambda v: round(v, 3))


@st.composite
def capsules(draw, most=3):
    count = draw(st.integers(1, most))
    a = draw(arrays(np.float64, (count, 3), elements=COORDINATE))
    # Short, pointlike and parallel segments are as likely as any.
    along = draw(arrays(np.float64, (count, 3), elements=st.sampled_from([0.0, 0.0, 0.3, -0.5, 1e-7]) | COORDINATE))
    radius = draw(arrays(np.float64, (count,), elements=st.floats(0.0, 0.2)))
    return Capsules(tuple(f"c{k}" for k in range(count)), a, a + along, radius)


def to_segment(point, a, b):
    """The distance of a point to a segment."""
    along = b - a
    length = float(along @ along)
    share = min(1.0, max(0.0, float((point - a) @ along) / length)) if length > 1e-18 else 0.0
    return float(np.linalg.norm(point - a - share * along))


def brute(one, other):
    """The smallest gap, by golden section over one axis; the distance to a segment is convex along another."""
    best = math.inf
    for a, b, r in zip(one.a, one.b, one.radius_m, strict=True):
        for c, d, q in zip(other.a, other.b, other.radius_m, strict=True):
            low, high = 0.0, 1.0
            for _ in range(40):
                left, right = high - (high - low) * 0.618033988749895, low + (high - low) * 0.618033988749895
                if to_segment(a + left * (b - a), c, d) <= to_segment(a + right * (b - a), c, d):
                    high = right
                else:
                    low = left
            ends = (0.0, 1.0, (low + high) / 2)
            best = min(best, min(to_segment(a + s * (b - a), c, d) for s in ends) - r - q)
    return best


@settings(max_examples=60, deadline=None)
@given(capsules(), capsules())
def test_the_gap_is_the_smallest_of_all_pairs(one, other):
    found = nearest(one, other)
    assert found.distance_m == pytest.approx(brute(one, other), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(capsules(), capsules())
def test_the_points_lie_on_the_named_bodies_that_far_apart(one, other):
    found = nearest(one, other)
    for name, point, bodies in ((found.one, found.on_one, one), (found.other, found.on_other, other)):
        k = bodies.names.index(name)
        assert to_segment(np.array(point), bodies.a[k], bodies.b[k]) <= bodies.radius_m[k] + 1e-7
    assert math.dist(found.on_one, found.on_other) == pytest.approx(abs(found.distance_m), abs=1e-9) or (
        found.distance_m < 0
    )


@settings(max_examples=60, deadline=None)
@given(capsules(), capsules())
def test_it_does_not_matter_who_asks(one, other):
    assert nearest(one, other).distance_m == pytest.approx(nearest(other, one).distance_m, abs=1e-7)


def surface(part):
    """Points on a drawn primitive, in its link's frame."""
    random = np.random.default_rng(1)
    if part.shape == "box":
        points = random.uniform(-0.5, 0.5, (300, 3))
        points[:200] = np.sign(points[:200]) * 0.5  # corners first
        points = points * part.size_m
    else:
        angle, up = random.uniform(0, math.tau, 300), random.uniform(-0.5, 0.5, 300)
        if part.shape == "cylinder":
            r, length = part.size_m
            up[:100] = np.sign(up[:100]) * 0.5  # rims first
            points = np.stack([r * np.cos(angle), r * np.sin(angle), length * up], axis=1)
        else:
            points = random.standard_normal((300, 3))
            points *= part.size_m[0] / np.linalg.norm(points, axis=1, keepdims=True)
    matrix = part.pose.matrix()
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def inside(points, cover):
    gaps = [
        min(to_segment(p, a, b) - r for a, b, r in zip(cover.a, cover.b, cover.radius_m, strict=True)) for p in points
    ]
    return max(gaps) <= 1e-9


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), st.floats(0.0, 0.085))
def test_the_arms_capsules_cover_every_link_that_moves_in_every_position(joints, opening):
    kinematics = Kinematics(UR5E, Pose.from_rpy((0.2, -0.1, 0.3), (0.1, -0.2, 0.7)))
    links = kinematics.links(joints, opening)
    cover = ArmCapsules(UR5E).at(links)
    names = list(dict.fromkeys(part.link for part in UR5E.visual()))
    for part in (part for part in UR5E.visual() if part.link != "base"):
        matrix = links[names.index(part.link)].matrix()
        points = surface(part)[::17] @ matrix[:3, :3].T + matrix[:3, 3]
        assert inside(points, cover), part


def test_what_the_gripper_holds_is_covered_too():
    capsules_ = ArmCapsules(UR5E)
    links = Kinematics(UR5E).links(UR5E.home_rad, 0.06)
    bounds = np.array([(-0.05, -0.04, 0.0), (0.05, 0.04, 0.12)])
    pose = Pose.from_rpy((0.0, 0.0, 0.13), (0.3, 0.2, 0.1))
    before = capsules_.at(links)
    capsules_.hold([("housing", bounds, pose)])
    cover = capsules_.at(links)
    corners = np.array([(x, y, z) for x in (-0.05, 0.05) for y in (-0.04, 0.04) for z in (0.0, 0.12)])
    matrix = (links[7] @ pose).matrix()
    assert inside(corners @ matrix[:3, :3].T + matrix[:3, 3], cover)
    assert set(cover.names) - set(before.names) == {"housing"}
    capsules_.hold([])
    assert capsules_.at(links).names == before.names


def test_bodies_can_be_left_out():
    one = Capsules(("hand", "head"), np.zeros((2, 3)), np.ones((2, 3)), np.array([0.1, 0.2]))
    left = one.without(frozenset({"hand"}))
    assert left.names == ("head",)
    assert left.radius_m.tolist() == [0.2]
