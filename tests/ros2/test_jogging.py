"""What a jog does on a machine that is late, and with an arm that does not follow: never faster than was asked for."""

from __future__ import annotations

import asyncio
import itertools
import math
import random

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.ros2.course import LEAD_S, STEP_S
from orchestrator.adapters.ros2.jogging import LATE_S
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.jog import Jog
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.core.ports import JOG_M_S, Safety, Twist
from tests.contract.test_robot import held, stands
from tests.ros2.double import DoubleRig
from tests.ros2.found import why_not
from tests.ros2.rig import RosRig

FAST = Twist((-3.0, 3.0, 0.0))


def busy(for_s):
    """Let this loop do nothing else for a while."""
    asyncio.get_running_loop()._now += for_s


def tcp(joints):
    return (Kinematics(UR5E).flange(joints) @ UR5E.gripper.tcp).p


@pytest.mark.ros2
@pytest.mark.parametrize("twist", [FAST, Twist((0.0, 0.0, -3.0)), Twist((3.0, 0.0, 3.0))])
def test_whatever_a_machine_is_at_the_arm_itself_is_never_faster_than_reduced_speed(request, tmp_path, twist):
    if reason := why_not():
        pytest.skip(reason)
    servers = request.getfixturevalue("servers")

    async def whole():
        rig = RosRig(tmp_path, servers)
        try:
            await rig.robot.ready()
            for _ in range(15):
                rig.robot.jog(twist)  # another one, where this machine was too late for the one before
                await asyncio.sleep(0.1)
            await rig.robot.jog(Twist()).result()
        finally:
            await rig.close()
        assert 0.02 < servers.call("fastest_m_s") <= JOG_M_S

    asyncio.run(whole())


def on_double(body, folder):
    async def whole():
        rig = DoubleRig(folder)
        given = []  # when, and where to

        def steer(waypoints, stamp_s=None, *, steered=rig._link.steer):
            given.append((asyncio.get_running_loop().time(), tcp(waypoints[0].positions)))
            return steered(waypoints, stamp_s)

        rig._link.steer = steer
        await rig.robot.ready()
        try:
            return await body(rig, given)
        finally:
            await rig.close()

    return run_virtual(whole)


def fastest(places):
    return max(math.dist(a, b) / max(t - s, 1e-6) for (s, a), (t, b) in itertools.pairwise(places))


@pytest.mark.parametrize("seed", range(5))
def test_ticks_that_come_late_never_make_a_jog_faster(tmp_path, seed):
    async def body(rig, given):
        loop, random_ = asyncio.get_running_loop(), random.Random(seed)
        went = {}
        rig.robot.state.listen(lambda state: went.update({state.stamp: state.tcp.p}))
        for k in range(1, 9):
            loop.call_later(0.1 * k + random_.uniform(0.0, 0.04), busy, random_.uniform(0.2, 0.95) * LATE_S)
        motion = await held(rig, FAST, 0.8)
        await motion.cancel()
        assert 0.8 * JOG_M_S < fastest(given) <= JOG_M_S
        assert fastest(list(went.items())) <= JOG_M_S

    on_double(body, tmp_path)


@pytest.mark.parametrize(
    ("off_s", "stamps", "uneven_s", "least_m_s"),
    [(0.0, True, 0.05, 0.2), (5.0, True, 0.05, 0.2), (-3600.0, True, 0.05, 0.2), (0.0, False, 0.018, 0.15)],
    ids=["one clock", "clocks apart", "clocks far apart", "no stamps"],
)
def test_trajectories_that_are_under_way_unevenly_long_make_a_jog_no_faster(
    tmp_path, off_s, stamps, uneven_s, least_m_s
):
    async def body(rig, given):
        random_ = random.Random(1)
        rig.misbehave(off_s=off_s, stamps=stamps)
        rig._link.under_way_s = lambda: 0.001 + random_.uniform(0.0, uneven_s)
        await asyncio.sleep(0.1)  # until that is heard of
        motion = await held(rig, FAST, 1.5)
        assert (await motion.cancel()).kind == "canceled"
        assert least_m_s < rig._link.arm.fastest_m_s <= JOG_M_S

    on_double(body, tmp_path)


@pytest.mark.parametrize("set_s", [0.3, -0.3, 40.0])
def test_a_clock_that_is_set_ends_a_jog_and_the_next_one_goes_by_what_it_says_then(tmp_path, set_s):
    async def body(rig, given):
        stamps, steer = [], rig._link.steer

        def told(waypoints, stamp_s=None):
            stamps.append(stamp_s - rig.clock.now())
            return steer(waypoints, stamp_s)

        rig._link.steer = told
        motion = await held(rig, FAST, 0.4)
        rig._link.off_s = set_s
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "clock_set")
        assert await stands(rig)
        stamps.clear()
        again = await held(rig, FAST, 0.4)
        assert (await again.cancel()).kind == "canceled"
        assert stamps == pytest.approx([set_s] * len(stamps), abs=0.02)
        assert fastest(given[-15:]) > 0.8 * JOG_M_S
        assert rig._link.arm.fastest_m_s <= JOG_M_S

    on_double(body, tmp_path)


@pytest.mark.parametrize("slow_s", [0.1, 0.15])
def test_no_jog_sets_out_in_a_graph_whose_messages_come_later_than_a_trajectory_begins(tmp_path, slow_s):
    async def body(rig, given):
        await asyncio.sleep(1.0)
        rig.misbehave(told_after_s=slow_s)
        rig._link.under_way_s = lambda: slow_s
        await asyncio.sleep(slow_s + 0.1)
        motion = rig.robot.jog(FAST)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "late")
        assert given == []

    on_double(body, tmp_path)


@pytest.mark.parametrize("slow_s", [0.1, 0.15])
def test_a_jog_ends_where_messages_become_that_slow_on_the_way(tmp_path, slow_s):
    async def body(rig, given):
        loop = asyncio.get_running_loop()
        motion = await held(rig, FAST, 0.4)
        rig.misbehave(told_after_s=slow_s)
        rig._link.under_way_s = lambda: slow_s
        slow_since_s = loop.time()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "late")
        assert given[-1][0] - slow_since_s <= LEAD_S + STEP_S
        assert await stands(rig)

    on_double(body, tmp_path)


def test_a_jog_ends_as_soon_as_joint_states_cease(tmp_path):
    async def body(rig, given):
        loop = asyncio.get_running_loop()
        motion = await held(rig, FAST, 0.4)
        rig.misbehave(mute=True)
        mute_since_s = loop.time()
        loop.call_later(0.3, setattr, rig._link, "mute", False)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "late")
        assert "old" in outcome.message
        assert given[-1][0] - mute_since_s <= LEAD_S + STEP_S
        assert rig._link.arm.fastest_m_s <= JOG_M_S

    on_double(body, tmp_path)


def test_where_joint_states_stay_away_after_a_jog_nobody_says_that_the_arm_moves(tmp_path):
    async def body(rig, given):
        motion = await held(rig, FAST, 0.4)
        rig.misbehave(mute=True)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("unknown", "lost")

    on_double(body, tmp_path)


def test_a_first_reckoning_that_takes_long_refuses_no_press(tmp_path, monkeypatch):
    async def body(rig, given):
        cold, advance = [2 * LATE_S], Jog.advance

        def reckoned(jog, *args):
            if cold:
                busy(cold.pop())
            return advance(jog, *args)

        monkeypatch.setattr(Jog, "advance", reckoned)
        motion = await held(rig, FAST, 0.6)
        assert (await motion.cancel()).kind == "canceled"
        assert 0.8 * JOG_M_S < rig._link.arm.fastest_m_s <= JOG_M_S

    on_double(body, tmp_path)


def test_ticks_that_all_come_a_little_late_make_a_jog_no_slower(tmp_path):
    async def body(rig, given):
        loop, went = asyncio.get_running_loop(), []
        for k in range(1, 300):
            loop.call_later(0.0073 * k, busy, 0.005)
        motion = await held(rig, Twist((0.0, 0.1, 0.0)), 0.6)
        rig.robot.state.listen(lambda state: went.append((state.stamp, state.tcp.p)))
        assert await held(rig, Twist((0.0, 0.1, 0.0)), 1.0) is motion
        await motion.cancel()
        (s, a), (t, b) = went[0], went[len(went) // 2]
        assert math.dist(a, b) / (t - s) == pytest.approx(0.1, rel=0.02)

    on_double(body, tmp_path)


def test_a_tick_that_comes_too_late_ends_the_jog_and_the_arm_stands_on_its_own(tmp_path):
    async def body(rig, given):
        motion = await held(rig, FAST, 0.4)
        asyncio.get_running_loop().call_soon(busy, 3 * LATE_S)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "late")
        assert asyncio.get_running_loop().time() - given[-1][0] > 2 * LATE_S
        assert await stands(rig)

    on_double(body, tmp_path)


@pytest.mark.parametrize("speed", [0.2, 0.0])
def test_an_arm_that_is_held_back_ends_the_jog_and_never_makes_up_for_it(tmp_path, speed):
    async def body(rig, given):
        motion = await held(rig, FAST, 0.4)
        rig.slow(speed)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "not_following")
        stood = rig.robot.state.value.tcp.p
        went = []
        rig.robot.state.listen(lambda state: went.append(state.tcp.p))
        rig.slow(1.0)
        await asyncio.sleep(1.0)
        assert max(math.dist(place, stood) for place in went) < 1e-4

    on_double(body, tmp_path)


@pytest.mark.parametrize("share", [0.8, 0.5, 0.2, 0.05])
def test_a_robots_own_speed_slider_slows_a_jog_as_it_slows_its_controller(tmp_path, share):
    async def body(rig, given):
        rig.slow(share)
        rig._ros.scaled(share)
        went = []
        rig.robot.state.listen(lambda state: went.append((state.stamp, state.tcp.p)))
        motion = await held(rig, Twist((0.0, 0.1, 0.0)), 0.5 + 0.4 / share)  # until it is as far behind as it gets
        (s, a), (t, b) = went[-40], went[-1]
        assert math.dist(a, b) / (t - s) == pytest.approx(0.1 * share, rel=0.05)
        assert (await motion.cancel()).kind == "canceled"
        assert rig._link.arm.fastest_m_s <= 1.05 * share * 0.1

    on_double(body, tmp_path)


@pytest.mark.parametrize(("share", "most_m_s"), [(0.5, JOG_M_S), (0.3, JOG_M_S), (0.1, 0.32)])
def test_a_slider_that_is_moved_during_a_jog_is_followed(tmp_path, share, most_m_s):
    async def body(rig, given):
        motion = await held(rig, FAST, 0.5)
        for now in (share, 1.0):
            rig.slow(now)
            rig._ros.scaled(now)
            assert await held(rig, FAST, 0.6) is motion
        assert (await motion.cancel()).kind == "canceled"
        assert rig._link.arm.fastest_m_s <= most_m_s  # what it was behind is made up for at once

    on_double(body, tmp_path)


def test_nothing_of_a_jog_is_left_to_be_done_once_a_stop_is_released(tmp_path):
    async def body(rig, given):
        motion = await held(rig, FAST, 0.4)
        rig._link.arm.speed = 0.0  # as a robot's own stop holds a trajectory
        rig._link._heard.safety_told(Safety.PROTECTIVE_STOP, asyncio.get_running_loop().time())
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        stood = rig.robot.state.value.tcp.p
        rig._link.arm.speed = 1.0
        await asyncio.sleep(1.0)
        assert math.dist(rig.robot.state.value.tcp.p, stood) < 1e-4

    on_double(body, tmp_path)
