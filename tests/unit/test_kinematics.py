from __future__ import annotations

import cmath
import math

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from orchestrator.adapters.sim.arm import LINKS, UR5E
from orchestrator.adapters.sim.kinematics import Kinematics, distance
from orchestrator.core.geometry import Pose
from tests.unit.own_arms import own_arm

ARM = Kinematics(UR5E, Pose.from_rpy((0.2, -0.1, 0.05), (0.0, 0.0, 0.7)))
ANGLES = st.tuples(*[st.floats(-math.pi, math.pi)] * 6)


def off(a: Pose, b: Pose) -> float:
    dot = abs(sum(x * y for x, y in zip(a.q, b.q, strict=True)))
    return max(math.dist(a.p, b.p), 1 - dot)


def test_the_stretched_arm_is_where_the_makers_table_puts_it():
    x, y, z = Kinematics(UR5E).flange((0.0,) * 6).p
    assert (x, y, z) == pytest.approx((-0.425 - 0.3922, -0.1333 - 0.0996, 0.1625 - 0.0997))


def test_forward_kinematics_agrees_with_chained_poses():
    joints = (0.3, -1.2, 1.1, 0.4, -0.9, 2.0)
    pose = ARM.base
    for index, angle in enumerate(joints):
        pose = pose @ Pose.from_rpy((0, 0, 0), (0, 0, angle)) @ UR5E.after_joint(index)
    assert off(ARM.flange(joints), pose) < 1e-12


@given(ANGLES)
@example((0.0, 0.0, 0.0, -1.0, -1e-05, 0.0))
@settings(deadline=None)
def test_every_branch_reaches_the_pose_and_the_one_asked_from_is_among_them(joints):
    # Stretched out and with aligned wrist axes at once, rounding alone decides whether the pose is in reach.
    assume(max(abs(math.sin(joints[2])), abs(math.sin(joints[4]))) > 1e-6)
    pose = ARM.flange(joints)
    branches = ARM.branches(pose, joints)
    assert 1 <= len(branches) <= 8
    assert all(off(ARM.flange(branch), pose) < 1e-9 for branch in branches)
    if min(abs(math.sin(joints[4])), abs(math.sin(joints[2]))) > 1e-3:
        wrapped = [max(abs(math.remainder(a - b, math.tau)) for a, b in zip(q, joints, strict=True)) for q in branches]
        assert min(wrapped) < 1e-5


def test_a_general_pose_has_eight_branches():
    assert len(ARM.branches(ARM.flange((0.3, -1.2, 1.1, 0.4, -0.9, 2.0)))) == 8


def test_where_two_axes_align_the_wrist_keeps_its_turn():
    joints = (0.3, -1.2, 1.1, 0.4, 0.0, 0.8)
    branches = ARM.branches(ARM.flange(joints), seed=joints)
    assert min(distance(branch, joints) for branch in branches) < 1e-6


def test_out_of_reach_has_no_branch():
    assert ARM.branches(Pose((2.0, 0.0, 0.3))) == []
    assert ARM.nearest(Pose((2.0, 0.0, 0.3)), UR5E.home_rad) is None


@given(ANGLES, ANGLES)
@settings(deadline=None)
def test_the_nearest_is_within_limits_and_no_branch_is_nearer(joints, seed):
    assume(min(abs(math.sin(joints[4])), abs(math.sin(joints[2]))) > 1e-3)
    pose = ARM.flange(joints)
    options = ARM.within_limits(pose, seed)
    distances = [distance(option, seed) for option in options]
    assert distances == sorted(distances)
    assert all(ARM.limit_broken(option) is None for option in options)
    assert ARM.nearest(pose, seed) == options[0]


def test_whole_turns_are_used_to_stay_near():
    seed = (6.0, -1.2, 1.1, 0.4, -0.9, 2.0)
    assert distance(ARM.nearest(ARM.flange(seed), seed), seed) < 1e-6


def test_a_broken_limit_is_named():
    assert ARM.limit_broken((0.0, 0.0, 3.2, 0.0, 0.0, 0.0)) == "joint 3 at 183.3° (range -180° to 180°)"


def test_links_follow_the_order_of_the_drawing_and_the_opening():
    poses = ARM.links((0.3, -1.2, 1.1, 0.4, -0.9, 2.0), 0.06)
    assert len(poses) == len(LINKS) == 10
    assert math.dist(poses[8].p, poses[9].p) == pytest.approx(0.06)
    assert {part.link for part in UR5E.visual()} == set(LINKS)


TINY = st.tuples(st.sampled_from((-1.0, 1.0)), st.floats(-9.0, -2.0)).map(lambda t: t[0] * 10.0 ** t[1])
EXACT_ARM = Kinematics(UR5E)


@given(ANGLES, TINY, st.sampled_from((2, 4)))
@settings(deadline=None, max_examples=200)
def test_near_a_stretched_elbow_or_aligned_wrist_the_way_asked_from_is_found_and_no_wrong_one(joints, near, which):
    joints = tuple(near if index == which else angle for index, angle in enumerate(joints))
    assume(abs(math.sin(joints[6 - which])) > 1e-2)  # one singularity at a time
    pose = EXACT_ARM.flange(joints)
    branches = EXACT_ARM.branches(pose, joints)
    assert branches
    assert all(off(EXACT_ARM.flange(branch), pose) < 1e-9 for branch in branches)
    # Half the digits go where two branches meet: what is found there lies within the root of the rounding.
    wrapped = [max(abs(math.remainder(a - b, math.tau)) for a, b in zip(q, joints, strict=True)) for q in branches]
    assert min(wrapped) < 2e-6


@given(ANGLES, TINY)
@settings(deadline=None, max_examples=200)
def test_where_the_two_ways_of_the_shoulder_meet_the_pose_is_reached(joints, near):
    """The wrist's middle comes over joint 1's axis, but for the arm's offset and `near` metres."""
    a2, a3, d4, d5 = UR5E.dh[1].a_m, UR5E.dh[2].a_m, UR5E.dh[3].d_m, UR5E.dh[4].d_m
    total = joints[1] + joints[2] + joints[3]
    span = a2 + a3 * cmath.exp(1j * joints[2])  # shoulder to wrist, seen from the upper arm
    share = (near - d5 * math.sin(total)) / abs(span)
    assume(abs(share) < 0.99 and min(abs(math.sin(joints[2])), abs(math.sin(joints[4]))) > 1e-2)
    lift = math.acos(share) - cmath.phase(span)
    joints = (joints[0], lift, joints[2], total - lift - joints[2], joints[4], joints[5])
    pose = EXACT_ARM.flange(joints)
    x, y, _ = pose.shifted(z=-UR5E.dh[5].d_m).p
    assert math.hypot(x, y) == pytest.approx(math.hypot(d4, near), abs=1e-9)
    branches = EXACT_ARM.branches(pose, joints)
    assert branches
    assert all(off(EXACT_ARM.flange(branch), pose) < 1e-9 for branch in branches)
    wrapped = [max(abs(math.remainder(a - b, math.tau)) for a, b in zip(q, joints, strict=True)) for q in branches]
    assert min(wrapped) < 1e-4


@given(ANGLES)
@settings(deadline=None, max_examples=25)
def test_the_closed_form_misses_no_way_that_iteration_finds(joints):
    assume(min(abs(math.sin(joints[4])), abs(math.sin(joints[2]))) > 1e-2)
    told = Kinematics(own_arm("ur5e"))
    pose = told.flange(joints)
    known = EXACT_ARM.branches(pose, joints)
    for way in told.branches(pose, joints):
        nearest = min(max(abs(math.remainder(a - b, math.tau)) for a, b in zip(way, q, strict=True)) for q in known)
        assert nearest < 1e-4
