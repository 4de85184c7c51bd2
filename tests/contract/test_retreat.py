"""What every robot adapter promises of ways back: along the way it came and no other, slowly, with its grip kept."""

from __future__ import annotations

import asyncio
import itertools
import math
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Grip, Move, MoveJoints, Retrace, Safety, Scene, SceneObject
from orchestrator.engine.trail import TrailKeeper
from tests.contract.robot_rigs import ROBOTS, others_at_work
from tests.contract.running import on_robot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.core.ports import Joints, Robot, RobotState
    from tests.contract.robot_rigs import Rig

DOWN = (math.pi, 0.0, 0.0)
HIGH = Pose.from_rpy((-0.45, -0.15, 0.35), DOWN)
LOW = Pose.from_rpy((-0.45, -0.15, 0.22), DOWN)
FAR = Pose.from_rpy((-0.15, -0.5, 0.30), DOWN)
SLOW_M_S = 0.08
NEAR_RAD = 0.01  # to the way that it came


@pytest.fixture(autouse=True)
def no_orphans():
    """Hold every test to leaving no thread and no process behind."""
    before = others_at_work()
    yield
    assert others_at_work() == before


@pytest.fixture(params=ROBOTS.values(), ids=ROBOTS)
def on_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine on a robot that is ready, and hold it to leaving no task behind."""
    return on_robot(request.param, tmp_path)


async def gone(rig: Rig, *segments: Any) -> tuple[Joints, ...]:
    """Go from home through segments, and return the way back: what a keeper of the trail has heard, newest first."""
    keeper = TrailKeeper(rig.robot)
    assert (await rig.robot.execute(await rig.robot.plan(segments)).result()).ok
    keeper.close()
    return keeper.trail().points[-2::-1]


def off_way(readings: list[RobotState], way: list[Joints]) -> float:
    """Return how far (rad) any reading was from a way, in the joint that is farthest."""
    return max(min(_off(reading.joints, a, b) for a, b in itertools.pairwise(way)) for reading in readings)


def _off(q: Joints, a: Joints, b: Joints) -> float:
    line = [y - x for x, y in zip(a, b, strict=True)]
    length = sum(x * x for x in line)
    share = sum((x - y) * z for x, y, z in zip(q, a, line, strict=True)) / length if length else 0.0
    share = min(1.0, max(0.0, share))
    return max(abs(x - y - share * z) for x, y, z in zip(q, a, line, strict=True))


def fastest_m_s(readings: list[RobotState], over: int = 10) -> float:
    """Return how fast the fastest point of the arm was, over so many readings."""
    places = [(r.stamp, [r.tcp.p, *(link.p for link in r.links)]) for r in readings]
    return max(
        math.dist(a, b) / max(t1 - t0, 1e-9)
        for (t0, one), (t1, two) in zip(places, places[over:], strict=False)
        for a, b in zip(one, two, strict=True)
    )


def test_the_way_back_is_the_way_that_it_came_and_ends_where_that_began(on_rig):
    async def body(rig):
        robot = rig.robot
        home = robot.state.value.joints
        back = await gone(rig, Move(FAR), Move(HIGH), Move(LOW, line=True))
        here = robot.state.value.joints
        readings: list[RobotState] = []
        plan = await robot.plan([Retrace(back, SLOW_M_S)])
        assert robot.state.value.joints == here
        end = robot.state.listen(readings.append)
        assert (await robot.execute(plan).result()).ok
        end()
        assert max(abs(a - b) for a, b in zip(robot.state.value.joints, home, strict=True)) < 2e-3
        assert off_way(readings, [here, *back]) < NEAR_RAD
        assert math.dist(plan.preview[0].p, LOW.p) < 1e-3
        assert 1 < len(plan.preview) <= 50

    on_rig(body)


def test_it_is_slow_everywhere_and_a_cap_slows_it_further(on_rig):
    async def body(rig):
        robot = rig.robot
        back = await gone(rig, Move(FAR), Move(HIGH))
        plan = await robot.plan([Retrace(back, SLOW_M_S)])
        for cap in (1.0, 0.5):
            await robot.cap_speed("test", cap)
            readings: list[RobotState] = []
            end = robot.state.listen(readings.append)
            motion = robot.execute(plan)
            await asyncio.sleep(4.0)
            end()
            await motion.cancel()
            assert fastest_m_s(readings) <= cap * SLOW_M_S * 1.1
            plan = await robot.plan([Retrace(back, SLOW_M_S)])

    on_rig(body)


def test_a_line_past_the_robot_s_foot_is_slow_at_its_elbow_too(on_rig):
    """There the shoulder turns far for a little way of the TCP, in some ways of standing."""
    begin, end = (Pose.from_rpy(p, DOWN) for p in ((-0.22, -0.25, 0.3), (-0.22, -0.1, 0.3)))

    async def body(rig):
        robot = rig.robot
        took_s = {}
        for everywhere in (False, True):
            assert (await robot.execute(await robot.plan([Move(begin)])).result()).ok
            readings: list[RobotState] = []
            plan = await robot.plan([Move(end, line=True, speed_m_s=SLOW_M_S, everywhere=everywhere)])
            heard = robot.state.listen(readings.append)
            assert (await robot.execute(plan).result()).ok
            heard()
            took_s[everywhere] = plan.duration_s
        assert fastest_m_s(readings) <= SLOW_M_S * 1.1
        assert took_s[True] > took_s[False]

    on_rig(body)


def test_what_stands_in_the_way_by_now_is_an_error_and_no_way_around_is_looked_for(on_rig):
    async def body(rig):
        robot = rig.robot
        back = await gone(rig, Move(FAR), Move(HIGH))
        middle = robot.state.value.tcp.p
        await robot.sync_scene(Scene((SceneObject("post", Box((0.05, 0.05, 0.9)), Pose((-0.3, -0.33, 0.45))),)))
        with pytest.raises(PlanError, match="post"):
            await robot.plan([Retrace(back, SLOW_M_S)])
        assert robot.state.value.tcp.p == middle

    on_rig(body)


def test_it_may_touch_what_is_named_and_nothing_else(on_rig):
    async def body(rig):
        robot = rig.robot
        back = await gone(rig, Move(HIGH), Move(LOW, line=True))
        at = robot.state.value.tcp.p
        await robot.sync_scene(
            Scene((SceneObject("u1/body", Box((0.1, 0.1, 0.1)), Pose((at[0], at[1], at[2] - 0.03))),))
        )
        with pytest.raises(PlanError, match="u1/body"):
            await robot.plan([MoveJoints(robot.state.value.joints)])
        with pytest.raises(PlanError, match="u1/body"):
            await robot.plan([Retrace(back, SLOW_M_S)])
        plan = await robot.plan([Retrace(back, SLOW_M_S, frozenset({"u1/body"})), MoveJoints(back[-1])])
        assert (await robot.execute(plan).result()).ok

    on_rig(body)


def test_its_plan_is_bound_to_where_the_arm_stood_and_to_the_scene(on_rig):
    async def body(rig):
        robot = rig.robot
        back = await gone(rig, Move(FAR), Move(HIGH))
        plan = await robot.plan([Retrace(back, SLOW_M_S)])
        await robot.sync_scene(Scene((SceneObject("box", Box((0.05, 0.05, 0.05)), Pose((0.6, 0.6, 0.3))),)))
        assert (await robot.execute(plan).result()).code == "stale_scene"
        plan = await robot.plan([Retrace(back, SLOW_M_S)])
        assert (await robot.execute(await robot.plan([Move(LOW, line=True)])).result()).ok
        assert (await robot.execute(plan).result()).code == "stale_start"

    on_rig(body)


def test_a_cancel_a_stop_and_a_protective_stop_end_it_where_it_is_and_the_rest_can_be_gone_then(on_rig):
    async def body(rig):
        robot = rig.robot
        back = await gone(rig, Move(FAR), Move(HIGH))
        motion = robot.execute(await robot.plan([Retrace(back, SLOW_M_S)]))
        await asyncio.sleep(2.0)
        assert (await motion.cancel()).kind == "canceled"
        assert not robot.state.value.moving
        motion = robot.execute(await robot.plan([Retrace(back[1:] or back, SLOW_M_S)]))
        await asyncio.sleep(1.0)
        await robot.stop()
        assert (await motion.result()).kind == "aborted"
        motion = robot.execute(await robot.plan([Retrace(back[-1:], SLOW_M_S)]))
        await asyncio.sleep(1.0)
        rig.trip(Safety.PROTECTIVE_STOP)
        assert (await motion.result()).kind == "aborted"
        assert not robot.state.value.moving

    on_rig(body)


def test_the_grip_is_kept_all_the_way(on_rig):
    async def body(rig):
        robot = rig.robot
        shape = Box((0.04, 0.04, 0.06))
        rig.put("pin", shape, LOW @ Pose((0.0, 0.0, 0.0)))
        await robot.sync_scene(Scene((SceneObject("u1/pin", shape, LOW),)))
        touching = frozenset({"u1/pin"})
        back = await gone(
            rig,
            Move(HIGH),
            Move(LOW, line=True, touching=touching),
            Grip(close=True, opening_m=0.04, attach="u1/pin", mass_kg=0.1),
            Move(HIGH, line=True, touching=touching),
            Move(FAR),
        )
        assert robot.state.value.holding
        assert (await robot.execute(await robot.plan([Retrace(back, SLOW_M_S, touching)])).result()).ok
        assert robot.state.value.holding
        assert math.dist(robot.state.value.tcp.p, LOW.p) < 2e-3  # where it was gripped: no farther

    on_rig(body)


@pytest.mark.parametrize(
    "wrong",
    [
        Retrace(((0.0, 0.0),), SLOW_M_S),
        Retrace(((math.nan,) * 6,), SLOW_M_S),
        Retrace(((0.0,) * 6,), 0.0),
        Retrace(((0.0,) * 6,), math.inf),
    ],
    ids=["joints", "nan", "speed zero", "speed endless"],
)
def test_nonsense_is_refused(on_rig, wrong):
    async def body(rig):
        with pytest.raises(PlanError) as refused:
            await rig.robot.plan([wrong])
        assert refused.value.code == "bad_input"

    on_rig(body)


def test_joints_beyond_their_range_are_refused(on_rig):
    async def body(rig):
        robot: Robot = rig.robot
        far = (*robot.state.value.joints[:-1], 99.0)
        with pytest.raises(PlanError, match="range"):
            await robot.plan([Retrace((far,), SLOW_M_S)])

    on_rig(body)
