"""Whatever twists come, jogging keeps every limit, and it is always able to stop clear of everything."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.jog import Around, Jog, around
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import JOG_M_S, JOG_RENEW_S, Box, Outcome, Scene, SceneObject, Twist

TICK_S = 0.008
ARM = Kinematics(UR5E)
TCP = UR5E.gripper.tcp
PILLAR = SceneObject("pillar", Box((0.1, 0.1, 0.8)), Pose((-0.35, 0.25, 0.4)))


@pytest.fixture
def here(tmp_path) -> Around:
    return around(ARM, MeshStore(tmp_path), Scene((PILLAR,)), TCP, 0.085)


def _twist(random: np.random.Generator) -> Twist:
    if random.uniform() < 0.2:
        return Twist(frame="joint", joints_rad_s=tuple(random.uniform(-1, 1, 6)))
    some = random.uniform(size=6) < 0.5
    linear, angular = tuple(random.uniform(-0.4, 0.4, 3) * some[:3]), tuple(random.uniform(-0.8, 0.8, 3) * some[3:])
    return Twist(linear, angular, "base" if random.uniform() < 0.5 else "tool")


@pytest.mark.parametrize("seed", range(4))
def test_random_twists_caps_and_stops_break_no_limit_and_hit_nothing(here, seed) -> None:
    random = np.random.default_rng(seed)
    start = tuple(np.array(UR5E.home_rad) + random.uniform(-0.4, 0.4, 6))
    assert here.collision.hit(start, here.opening_m) is None
    jog = Jog(ARM, start, _twist(random), 0.0)
    jog.around = here
    t, factor = 0.0, 1.0
    way = [start]
    while not (jog.halting and jog.standing):
        t += TICK_S
        jog.renew(_twist(random) if random.uniform() < 0.02 else jog.twist, t)
        factor = float(random.choice([1.0, 0.3, 0.0])) if random.uniform() < 0.01 else factor
        if t > 4:
            jog.halt(Outcome("canceled"))
        way.append(jog.advance(TICK_S, t, factor))
        assert here.collision.hit(way[-1], here.opening_m) is None
        assert ARM.limit_broken(way[-1]) is None
        assert t < 5
    path = np.array(way)
    speeds = np.diff(path, axis=0) / TICK_S
    accelerations = np.diff(speeds, axis=0) / TICK_S
    jerks = np.diff(accelerations, axis=0) / TICK_S
    assert (np.abs(speeds) <= np.array(UR5E.velocity_rad_s) + 1e-6).all()
    assert (np.abs(accelerations) <= np.array(UR5E.acceleration_rad_s2) + 1e-6).all()
    assert (np.abs(jerks) <= np.array(UR5E.jerk_rad_s3) + 1e-3).all()
    for point in (Pose(), TCP):
        places = [(ARM.flange(joints) @ point).p for joints in way]
        assert max(math.dist(a, b) / TICK_S for a, b in itertools.pairwise(places)) <= JOG_M_S


def _ridden(here: Around, jog: Jog, ticks: int) -> list[tuple[float, ...]]:
    jog.around = here
    out = []
    for n in range(1, ticks + 1):
        if not (jog.halting and jog.standing):
            jog.renew(jog.twist, n * TICK_S)
            out.append(jog.advance(TICK_S, n * TICK_S, 1.0))
    return out


def test_a_line_is_straight_and_the_tool_keeps_its_attitude(here) -> None:
    jog = Jog(ARM, UR5E.home_rad, Twist((0.0, -0.2, 0.0)), 0.0)
    begin = ARM.flange(UR5E.home_rad) @ TCP
    poses = [ARM.flange(joints) @ TCP for joints in _ridden(here, jog, 200)]
    assert begin.p[1] - poses[-1].p[1] > 0.25
    assert max(math.hypot(pose.p[0] - begin.p[0], pose.p[2] - begin.p[2]) for pose in poses) < 0.001
    assert min(abs(sum(a * b for a, b in zip(pose.q, begin.q, strict=True))) for pose in poses) > 1 - 1e-6


def test_without_a_renewal_it_stands_soon_after_its_time(here) -> None:
    jog = Jog(ARM, UR5E.home_rad, Twist((0.0, -0.2, 0.0)), 0.0)
    jog.around = here
    t = 0.0
    while not (jog.halting and jog.standing):
        t += TICK_S
        jog.advance(TICK_S, t, 1.0)
        assert t < 1
    assert JOG_RENEW_S < t < JOG_RENEW_S + 0.25
    assert jog.outcome is not None
    assert jog.outcome.code == "not_renewed"


def test_an_arm_that_touches_something_already_may_only_come_away(tmp_path) -> None:
    begin = ARM.flange(UR5E.home_rad) @ TCP
    wall = SceneObject("wall", Box((0.03, 0.02, 0.03)), begin @ Pose((0.0, 0.06, 0.0)))
    touching = around(ARM, MeshStore(tmp_path), Scene((wall,)), TCP, 0.085)
    hit = touching.collision.hit(UR5E.home_rad, 0.085)
    assert hit is not None
    into = Jog(ARM, UR5E.home_rad, Twist((0.0, 0.05, 0.0), frame="tool"), 0.0)
    _ridden(touching, into, 50)
    assert into.outcome is not None
    assert into.outcome.code == "collision"
    assert "wall" in into.outcome.message
    away = Jog(ARM, UR5E.home_rad, Twist((0.0, -0.05, 0.0), frame="tool"), 0.0)
    last = _ridden(touching, away, 100)[-1]
    assert away.outcome is None
    assert touching.collision.hit(last, 0.085) is None


def test_a_ur_like_arm_names_the_joint_of_its_singularity(here) -> None:
    straight = (0.0, -math.pi / 2 - 0.6, 0.6, -math.pi / 2, -math.pi / 2, 0.0)
    jog = Jog(ARM, straight, Twist((0.0, 0.0, 0.1)), 0.0)
    _ridden(here, jog, 1000)
    assert jog.outcome is not None
    assert (jog.outcome.kind, jog.outcome.code) == ("aborted", "singularity")
    assert "elbow is straight (joint 3)" in jog.outcome.message


def test_at_speed_zero_nothing_is_pulled_back(here) -> None:
    jog = Jog(ARM, UR5E.home_rad, Twist((-0.2, 0.2, 0.0)), 0.0)
    _ridden(here, jog, 40)
    way = []
    for n in range(41, 141):
        jog.renew(jog.twist, n * TICK_S)
        way.append(jog.advance(TICK_S, n * TICK_S, 0.0))
    assert way[50] == way[-1]


@pytest.mark.parametrize("tick_s", [0.004, TICK_S, 0.02])
def test_the_tcp_is_as_fast_as_it_was_asked_to_be_at_any_tick(here, tick_s) -> None:
    jog = Jog(ARM, UR5E.home_rad, Twist((0.0, 0.0, -0.08)), 0.0)
    jog.around = here
    way = []
    for k in range(1, round(1.0 / tick_s)):
        jog.renew(jog.twist, k * tick_s)
        way.append((ARM.flange(jog.advance(tick_s, k * tick_s, 1.0)) @ TCP).p)
    count = round(0.4 / tick_s)
    assert math.dist(way[-1], way[-1 - count]) / (count * tick_s) == pytest.approx(0.08, rel=0.01)
