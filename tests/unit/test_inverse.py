from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.kinematics import Kinematics, distance
from orchestrator.core.geometry import Pose
from tests.unit.own_arms import own_arm

BASE = Pose.from_rpy((0.2, -0.1, 0.05), (0.0, 0.0, 0.7))
TABLE, TOLD = Kinematics(UR5E, BASE), Kinematics(own_arm("ur5e"), BASE)
OWN = {name: Kinematics(own_arm(name), BASE) for name in ("six_axis", "seven_axis")}
SHARES = st.tuples(*[st.floats(0.02, 0.98)] * 7)
POSES = 100  # tests/bench/bench_arms.py takes 2,000


def within(arm, shares):
    model = arm.model
    return tuple(
        low + share * (high - low) for low, high, share in zip(model.lower_rad, model.upper_rad, shares, strict=False)
    )


def off(a, b):
    return max(math.dist(a.p, b.p), 1 - abs(sum(x * y for x, y in zip(a.q, b.q, strict=True))))


def test_iteration_finds_what_the_closed_form_finds():
    random = np.random.default_rng(7)
    found = nearest = 0
    for joints in random.uniform(-math.pi, math.pi, (POSES, 6)).tolist():
        pose = TABLE.flange(joints)
        ways, best = TOLD.within_limits(pose, UR5E.home_rad), TABLE.nearest(pose, UR5E.home_rad)
        found += bool(ways)
        nearest += bool(ways) and distance(ways[0], UR5E.home_rad) < distance(best, UR5E.home_rad) + 1e-6
        assert all(off(TOLD.flange(way), pose) < 1e-9 and TOLD.limit_broken(way) is None for way in ways)
    assert found >= 0.995 * POSES
    assert nearest >= 0.95 * POSES


@pytest.mark.parametrize("name", OWN)
@given(SHARES)
@settings(deadline=None, max_examples=40)
def test_own_arms_reach_their_poses_within_limits(name, shares):
    arm = OWN[name]
    pose = arm.flange(within(arm, shares))
    ways = arm.within_limits(pose, arm.model.home_rad)
    for way in ways:
        assert arm.limit_broken(way) is None
        assert off(arm.flange(way), pose) < 1e-9
    distances = [distance(way, arm.model.home_rad) for way in ways]
    assert distances == sorted(distances)


@pytest.mark.parametrize("name", OWN)
def test_own_arms_find_nearly_every_pose(name):
    arm, random = OWN[name], np.random.default_rng(3)
    model = arm.model
    poses = [
        arm.flange(q) for q in random.uniform(model.lower_rad, model.upper_rad, (POSES, len(model.steps))).tolist()
    ]
    assert sum(arm.nearest(pose, model.home_rad) is not None for pose in poses) >= 0.99 * POSES


@given(SHARES)
@settings(deadline=None, max_examples=60)
def test_a_small_step_is_a_small_step_of_the_joints(shares):
    arm = OWN["six_axis"]
    joints = within(arm, shares)
    assume(min(abs(math.sin(joints[4])), abs(math.sin(joints[2] - 0.1))) > 0.2)  # away from singular wrist and elbow
    pose = arm.flange(joints)
    found = arm.nearest(Pose((pose.p[0], pose.p[1], pose.p[2] + 1e-4), pose.q), joints)
    assume(found is not None and abs(joints[1]) > 0.2)
    assert distance(found, joints) < 0.05


def test_the_same_question_has_the_same_answer_and_order():
    pose = OWN["seven_axis"].flange((0.3, 0.5, 0.2, -1.2, 0.1, 0.9, 0.4))
    again = Kinematics(own_arm("seven_axis"), BASE)
    home = again.model.home_rad
    assert OWN["seven_axis"].within_limits(pose, home) == again.within_limits(pose, home)
    assert len(again.within_limits(pose, home)) > 3


@pytest.mark.parametrize("name", OWN)
def test_out_of_reach_has_no_way(name):
    arm = OWN[name]
    assert arm.branches(Pose((2.0, 0.0, 0.3))) == []
    assert arm.nearest(Pose((2.0, 0.0, 0.3)), arm.model.home_rad) is None
