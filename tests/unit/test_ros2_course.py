"""Trajectories along a planned path: where they lead, how fast, and how one takes over from another."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.ros2.course import LEAD_S, Course, Place, standing
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.timing import Ride, straight, through

HOME = UR5E.home_rad
THERE = tuple(angle + turn for angle, turn in zip(HOME, (0.8, -0.4, 0.3, 0.2, -0.5, 1.0), strict=True))
BEND = tuple(angle + turn for angle, turn in zip(THERE, (-0.2, 0.1, 0.4, -0.3, 0.2, 0.1), strict=True))
CURVES = (
    straight(HOME, THERE, UR5E),
    through([THERE, tuple((a + b) / 2 + 0.02 for a, b in zip(THERE, BEND, strict=True)), BEND], [0, 0.5, 1], UR5E),
)


def test_it_begins_and_ends_at_rest_where_the_curves_do_and_takes_as_long_as_they():
    course = Course(CURVES, Place(), 1.0)
    points = course.waypoints
    assert 0 < points[0].t_s <= 0.02 + 1e-9
    assert points[-1].positions == pytest.approx(BEND)
    assert points[-1].velocities == (0.0,) * 6
    assert course.whole
    assert course.duration_s == pytest.approx(sum(Ride(curve).remaining_s for curve in CURVES), abs=1e-6)
    assert all(a.t_s < b.t_s for a, b in itertools.pairwise(points))


def test_velocities_and_accelerations_are_those_of_the_positions_and_within_the_arms_limits():
    points = Course(CURVES, Place(), 1.0).waypoints
    for a, b in itertools.pairwise(points):
        dt = b.t_s - a.t_s
        moved = (np.array(b.positions) - a.positions) / dt
        middle = (np.array(a.velocities) + b.velocities) / 2
        assert np.abs(moved - middle).max() < 0.02
        assert np.all(np.abs(b.velocities) <= np.array(UR5E.velocity_rad_s) + 1e-6)
        assert np.all(np.abs(b.accelerations) <= 1.01 * np.array(UR5E.acceleration_rad_s2))


@settings(deadline=None, max_examples=60)
@given(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.sampled_from([0.2, 1.0]))
def test_another_speed_takes_over_ahead_of_the_arm_without_a_jump(share, factor, before):
    course = Course(CURVES, Place(), before)
    points = course.waypoints
    here = points[round(share * (len(points) - 1))]
    course.found(here.positions)
    other = course.leave(factor)
    if other is None:
        assert course.left_s <= LEAD_S + 0.02
        return
    first = other.waypoints[0]
    assert LEAD_S - 1e-9 <= first.t_s <= LEAD_S + 0.02 + 1e-9
    took_over = next(point for point in points if point.at == first.at)
    assert (first.positions, first.velocities) == (took_over.positions, took_over.velocities)
    assert np.abs(np.array(first.accelerations) - took_over.accelerations).max() < 1e-9
    assert other.waypoints[-1].velocities == (0.0,) * 6
    assert other.whole is (factor > 0.0) or other.end.state[0] == pytest.approx(CURVES[other.end.curve].length)
    jerk = max(UR5E.jerk_rad_s3) * 1.5
    for a, b in itertools.pairwise(other.waypoints):
        assert np.abs(np.array(b.accelerations) - a.accelerations).max() <= jerk * (b.t_s - a.t_s) + 0.05


def test_a_course_that_was_only_just_taken_up_is_left_later_by_the_way_to_its_first_waypoint():
    course = Course(CURVES, Place(), 1.0)
    course.found(course.waypoints[10].positions)
    slower = course.leave(0.5)
    assert slower is not None
    at_once, in_time = slower.leave(0.0, gone_s=0.03), slower.leave(0.0, gone_s=slower.first_s)
    assert at_once is not None
    assert in_time is not None
    assert at_once.waypoints[0].at == in_time.waypoints[0].at
    assert at_once.first_s == pytest.approx(in_time.first_s + slower.first_s - 0.03)


def test_a_pause_ends_on_the_path_and_goes_on_to_its_end():
    course = Course(CURVES, Place(), 1.0)
    course.found(course.waypoints[10].positions)
    pause = course.leave(0.0)
    assert pause is not None
    assert not pause.whole
    rest = Course(CURVES, pause.end, 1.0)
    assert rest.whole
    assert rest.waypoints[-1].positions == pytest.approx(BEND)


def test_where_the_arm_is_only_goes_forward():
    course = Course(CURVES, Place(), 1.0)
    course.found(course.waypoints[30].positions)
    share = course.share
    course.found(course.waypoints[20].positions)
    assert course.share == share
    course.found(BEND)
    course.found(BEND)
    assert course.share == pytest.approx(1.0)


def test_at_the_start_of_a_way_there_and_back_the_arm_is_not_at_its_end():
    there, back = straight(HOME, THERE, UR5E), straight(THERE, HOME, UR5E)
    course = Course((there, back), Place(), 1.0)
    noisy = tuple(angle - 1e-9 for angle in course.waypoints[0].positions)
    assert course.found(noisy, gone_s=0.0) < 3
    assert course.leave(0.0, 0.01) is not None
    turned = course.found(THERE, gone_s=course.duration_s / 2)
    assert course.share == pytest.approx(0.5, abs=0.05)
    assert course.found(HOME, gone_s=course.duration_s) > turned
    assert course.share == pytest.approx(1.0)


def test_an_arm_that_stands_is_told_to_stand():
    (point,) = standing(HOME)
    assert point.positions == HOME
    assert not any((*point.velocities, *point.accelerations))
