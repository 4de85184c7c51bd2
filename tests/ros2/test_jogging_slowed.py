"""What a jog does with an arm that lags, is slowed or held, and a controller that heeds no stamp."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from orchestrator.adapters.ros2.jogging import LEAST_PACE, UNTIMED
from orchestrator.adapters.sim.jog import SPARE
from orchestrator.core.ports import JOG_M_S, Twist
from tests.contract.test_robot import held
from tests.ros2.test_jogging import FAST, on_double


@pytest.mark.parametrize(("speed", "scales"), [(0.2, True), (0.0, True), (0.0, False)])
def test_an_arm_that_is_held_back_ends_the_jog_and_never_makes_up_for_it(tmp_path, speed, scales):
    async def body(rig, given):
        rig.misbehave(scales=scales, slid=False)
        lagging(rig, lag_s=0.0 if scales else 0.03)
        motion = await held(rig, FAST, 0.4)
        rig.slow(speed)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "not_following")
        await creeps_no_more(rig)

    on_double(body, tmp_path)


async def creeps_no_more(rig, within_m=1e-4):
    """Hold the arm to standing still, once nothing slows it any more."""
    stood = rig.robot.state.value.tcp.p
    went = []
    rig.robot.state.listen(lambda state: went.append(state.tcp.p))
    rig.slow(1.0)
    rig._ros.scaled(1.0)
    await asyncio.sleep(1.0)
    assert max(math.dist(place, stood) for place in went) < within_m


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("m_s", [0.02, 0.05, 0.25])
def test_of_a_jog_that_ended_while_the_arm_was_paused_nothing_is_left(tmp_path, m_s, told):
    async def body(rig, given):
        rig.misbehave(scales=True, slid=told)
        motion = await held(rig, Twist((0.0, m_s, 0.0)), 0.6)
        rig.slow(0.0)
        if told:
            rig._ros.scaled(0.0)
        await motion.cancel()
        await asyncio.sleep(0.2)
        await creeps_no_more(rig)

    on_double(body, tmp_path)


LAGS = {
    "none": {},
    "first order": {"lag_s": 0.03},
    "delay": {"delay_s": 0.034},
    "both": {"lag_s": 0.03, "delay_s": 0.034},
}


@pytest.mark.parametrize("controller", ["", "from_desired", "replaces"])
@pytest.mark.parametrize("m_s", [0.02, 0.1, 0.25])
@pytest.mark.parametrize("lag", LAGS.values(), ids=LAGS)
def test_an_arm_that_lags_as_real_ones_do_is_jogged_as_fast_as_asked_and_no_faster(tmp_path, lag, m_s, controller):
    async def body(rig, given):
        lagging(rig, **lag)
        replaces = controller == "replaces"
        if controller:
            setattr(rig._link.arm, controller, True)
        went = []
        rig.robot.state.listen(lambda state: went.append((state.stamp, state.tcp.p)))
        motion = await held(rig, Twist((0.0, m_s, 0.0)), 1.0)
        (s, a), (t, b) = went[-40], went[-1]
        most_m_s = SPARE * (UNTIMED if replaces else 1.0) * JOG_M_S
        assert math.dist(a, b) / (t - s) == pytest.approx(min(m_s, most_m_s), rel=0.02)
        assert (await motion.cancel()).kind == "canceled"
        assert rig._link.arm.fastest_m_s <= min(1.05 * m_s, JOG_M_S)

    on_double(body, tmp_path)


def lagging(rig, *, lag_s=0.0, delay_s=0.0):
    rig._link.arm.lag_s, rig._link.arm.delay_s = lag_s, delay_s


@pytest.mark.parametrize(("replaces", "answers"), [(True, True), (False, False)])
def test_a_controller_that_may_not_heed_stamps_is_told_none_and_jogged_more_slowly(tmp_path, replaces, answers):
    async def body(rig, given):
        stamps, random_ = [], random.Random(1)

        def told(waypoints, stamp_s=None, *, steer=rig._link.steer):
            stamps.append(stamp_s)
            return steer(waypoints, stamp_s)

        rig._link.steer = told
        rig._link.arm.replaces = replaces
        rig.misbehave(answers=answers)
        rig._link.under_way_s = lambda: 0.001 + random_.uniform(0.0, 0.018)
        motion = await held(rig, FAST, 1.5)
        assert (await motion.cancel()).kind == "canceled"
        assert set(stamps) == {None}
        assert 0.15 < rig._link.arm.fastest_m_s <= JOG_M_S

    on_double(body, tmp_path)


@pytest.mark.parametrize("lag_s", [0.0, 0.03])
@pytest.mark.parametrize("share", [0.8, 0.5, 0.2, 0.05])
def test_a_robots_own_speed_slider_slows_a_jog_as_it_slows_its_controller(tmp_path, share, lag_s):
    async def body(rig, given):
        rig.misbehave(scales=True)
        lagging(rig, lag_s=lag_s)
        rig.slow(share)
        rig._ros.scaled(share)
        went = []
        rig.robot.state.listen(lambda state: went.append((state.stamp, state.tcp.p)))
        motion = await held(rig, Twist((0.0, 0.1, 0.0)), 0.5 + 0.4 / share)  # until it is as far behind as it gets
        (s, a), (t, b) = went[-40], went[-1]
        assert math.dist(a, b) / (t - s) == pytest.approx(0.1 * share, rel=0.05)
        assert (await motion.cancel()).kind == "canceled"
        assert rig._link.arm.fastest_m_s <= 0.1 * (1.05 * share if lag_s or share >= LEAST_PACE else 1.0)

    on_double(body, tmp_path)


@pytest.mark.parametrize(("share", "most_m_s"), [(0.5, JOG_M_S), (0.3, JOG_M_S), (0.1, 0.45)])
def test_a_slider_that_is_moved_during_a_jog_is_followed(tmp_path, share, most_m_s):
    async def body(rig, given):
        rig.misbehave(scales=True)
        lagging(rig, lag_s=0.03)
        motion = await held(rig, FAST, 0.5)
        for now in (share, 1.0):
            rig.slow(now)
            rig._ros.scaled(now)
            assert await held(rig, FAST, 0.6) is motion
        assert (await motion.cancel()).kind == "canceled"
        assert rig._link.arm.fastest_m_s <= most_m_s  # what it lags behind is made up for at once

    on_double(body, tmp_path)


@pytest.mark.parametrize("answers", [True, False], ids=["by stamps", "untimed"])
def test_a_jog_at_a_slider_that_is_all_but_shut_ends_when_the_arm_stands(tmp_path, answers):
    async def body(rig, given):
        rig.misbehave(scales=True, answers=answers)
        rig.slow(0.03)
        rig._ros.scaled(0.03)
        motion = await held(rig, FAST, 3.0)
        assert (await motion.cancel()).kind == "canceled"
        await creeps_no_more(rig, 5e-4)  # it was about to stand

    on_double(body, tmp_path)
