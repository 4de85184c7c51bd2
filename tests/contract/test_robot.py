"""What every robot adapter promises, whatever moves behind it."""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.sim.guarded import STIFF_N_M
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.core.errors import BadInput, PlanError, RobotError, TandemError
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.ports import (
    JOG_M_S,
    JOG_RENEW_S,
    Acknowledgement,
    Box,
    Grip,
    GuardedMove,
    Mesh,
    Move,
    MoveJoints,
    Outcome,
    Robot,
    Safety,
    Scene,
    SceneObject,
    Tool,
    Twist,
)
from tests.contract.robot_rigs import ROBOTS, others_at_work, tasks
from tests.contract.running import on_robot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from orchestrator.core.ports import Motion, RobotState
    from tests.contract.robot_rigs import Rig

DOWN = (math.pi, 0.0, 0.0)
HIGH = Pose.from_rpy((-0.45, -0.15, 0.35), DOWN)
LOW = Pose.from_rpy((-0.45, -0.15, 0.25), DOWN)
FAR = Pose.from_rpy((-0.15, -0.5, 0.30), DOWN)
PRESSES = 3  # of a rig that may press on: most of them for less than its longest


@pytest.fixture(autouse=True)
def no_orphans():
    """Hold every test to leaving no thread and no process behind."""
    before = others_at_work()
    yield
    assert others_at_work() == before


@pytest.fixture(params=ROBOTS.values(), ids=ROBOTS)
def on_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine on a robot that is ready (unless told not to be), and hold it to leaving no task behind."""
    return on_robot(request.param, tmp_path)


async def at(rig: Rig, pose: Pose) -> None:
    assert (await rig.robot.execute(await rig.robot.plan([Move(pose)])).result()).ok


def gap_m(robot: Robot, pose: Pose) -> float:
    return math.dist(robot.state.value.tcp.p, pose.p)


async def stands(rig: Rig) -> bool:
    before = rig.robot.state.value.joints
    await asyncio.sleep(0.5)
    state = rig.robot.state.value
    return distance(state.joints, before) <= rig.creep_rad and not state.moving


def test_a_planned_sequence_is_accepted_and_reaches_its_goal(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        plan = await rig.robot.plan([Move(HIGH), Move(LOW, line=True, speed_m_s=0.1), Move(HIGH, line=True)])
        assert rig.robot.state.value.joints == start
        began = rig.clock.now()
        motion = rig.robot.execute(plan)
        assert await motion.accepted()
        outcome = await motion.result()
        assert outcome.ok
        assert gap_m(rig.robot, HIGH) < 1e-6
        assert await stands(rig)
        assert plan.duration_s > 1.0
        assert rig.clock.now() - began == pytest.approx(plan.duration_s + 0.5, abs=0.2 + rig.lag * plan.duration_s)
        assert 1 < len(plan.preview) <= 50
        assert math.dist(plan.preview[-1].p, HIGH.p) < 1e-6

    on_rig(body)


def test_feedback_rises_to_the_end(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH), Move(LOW, line=True)]))
        shares = [progress.share async for progress in motion.feedback()]
        assert len(shares) > 50
        assert shares == sorted(shares)
        assert shares[0] < 0.05
        assert shares[-1] == 1.0
        assert [p async for p in motion.feedback()] == []

    on_rig(body)


def test_cancel_before_acceptance_moves_nothing(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        start = rig.robot.state.value.joints
        motion = rig.robot.execute(plan)
        outcome = await motion.cancel()
        assert outcome.kind == "canceled"
        assert not await motion.accepted()
        assert rig.robot.state.value.joints == start
        assert (await rig.robot.execute(plan).result()).ok

    on_rig(body)


def test_an_arm_that_moves_as_slowly_as_it_can_does_not_stand(on_rig):
    async def body(rig):
        assert await stands(rig)
        motion = await held(rig, Twist((0.005, 0.0, 0.0)), 0.4)
        standing = asyncio.ensure_future(stands(rig))
        await held(rig, Twist((0.005, 0.0, 0.0)), 0.7)
        assert not await standing
        await motion.cancel()
        assert await stands(rig)

    on_rig(body)


def test_cancel_under_way_returns_when_the_arm_stands(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH), Move(LOW, line=True)]))
        await motion.accepted()
        await asyncio.sleep(0.4)
        assert rig.robot.state.value.moving
        outcome = await motion.cancel()
        assert outcome.kind == "canceled"
        assert not rig.robot.state.value.moving
        assert await stands(rig)
        assert gap_m(rig.robot, LOW) > 0.05
        assert outcome == await motion.cancel() == await motion.result()

    on_rig(body)


def test_two_cancels_at_once_have_one_outcome(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await asyncio.sleep(0.3)
        first, second = await asyncio.gather(motion.cancel(), motion.cancel())
        assert first == second
        assert first.kind == "canceled"

    on_rig(body)


def test_cancel_after_the_end_changes_nothing(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        assert (await motion.result()).ok
        assert (await motion.cancel()).ok

    on_rig(body)


def test_cancelling_a_waiter_does_not_cancel_the_motion(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        waiter = asyncio.ensure_future(motion.result())
        await asyncio.sleep(0.2)
        waiter.cancel()
        assert (await motion.result()).ok

    on_rig(body)


def test_stop_ends_the_motion_even_while_a_cancel_is_pending(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await asyncio.sleep(0.3)
        cancelling = asyncio.ensure_future(motion.cancel())
        await asyncio.sleep(0)
        await rig.robot.stop()
        assert not rig.robot.state.value.moving
        assert (await cancelling).code == "stopped"
        await rig.robot.stop()

    on_rig(body)


def test_speed_zero_pauses_in_place_and_the_motion_goes_on(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await asyncio.sleep(0.3)
        assert await rig.robot.cap_speed("hold", 0.0) == 0.0
        await asyncio.sleep(1.0)
        assert await stands(rig)
        assert gap_m(rig.robot, HIGH) > 0.01
        assert await rig.robot.cap_speed("hold", 1.0) == 1.0
        assert (await motion.result()).ok
        assert gap_m(rig.robot, HIGH) < 1e-6

    on_rig(body)


def test_a_paused_motion_can_be_cancelled(on_rig):
    async def body(rig):
        await rig.robot.cap_speed("hold", 0.0)
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        assert await motion.accepted()
        await asyncio.sleep(1.0)
        assert (await motion.cancel()).kind == "canceled"

    on_rig(body)


def test_the_lowest_named_cap_counts_and_slows_the_motion(on_rig):
    async def body(rig):
        await rig.robot.cap_speed("person", 0.25)
        assert await rig.robot.cap_speed("autonomy", 0.5) == 0.25
        assert rig.robot.state.value.speed_factor == 0.25
        plan = await rig.robot.plan([Move(HIGH)])
        began = rig.clock.now()
        assert (await rig.robot.execute(plan).result()).ok
        assert rig.clock.now() - began > 2 * plan.duration_s
        assert await rig.robot.cap_speed("person", 1.0) == 0.5
        with pytest.raises(BadInput, match="0 to 1"):
            await rig.robot.cap_speed("person", 1.5)

    on_rig(body)


def test_a_second_motion_is_refused_while_one_runs(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        first, second = rig.robot.execute(plan), rig.robot.execute(plan)
        assert not await second.accepted()
        assert ((await second.result()).kind, (await second.result()).code) == ("rejected", "busy")
        assert (await first.result()).ok

    on_rig(body)


def test_a_plan_from_elsewhere_is_refused(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        await at(rig, FAR)
        before = rig.robot.state.value.joints
        outcome = await rig.robot.execute(plan).result()
        assert (outcome.kind, outcome.code) == ("rejected", "stale_start")
        assert outcome.remedy
        assert rig.robot.state.value.joints == before

    on_rig(body)


def test_a_plan_for_another_scene_is_refused(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        block = SceneObject("block", Box((0.1, 0.1, 0.1)), Pose((0.6, 0.4, 0.05)))
        await rig.robot.sync_scene(Scene((block,)))
        outcome = await rig.robot.execute(plan).result()
        assert (outcome.kind, outcome.code) == ("rejected", "stale_scene")

    on_rig(body)


def test_a_plan_for_another_tool_is_refused(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        await rig.robot.select_tool(Tool("needle", Pose((0.0, 0.0, 0.15))))
        outcome = await rig.robot.execute(plan).result()
        assert (outcome.kind, outcome.code) == ("rejected", "stale_tool")

    on_rig(body)


def test_the_scene_version_changes_exactly_when_the_scene_does(on_rig):
    async def body(rig):
        a = SceneObject("a", Box((0.1, 0.1, 0.1)), Pose((0.6, 0.4, 0.05)))
        b = SceneObject("b", Box((0.1, 0.1, 0.1)), Pose((0.6, -0.4, 0.05)))
        first = await rig.robot.sync_scene(Scene((a, b)))
        assert await rig.robot.sync_scene(Scene((b, a))) == first
        moved = SceneObject("a", a.shape, a.pose.shifted(0.001))
        assert await rig.robot.sync_scene(Scene((moved, b))) != first
        assert await rig.robot.sync_scene(Scene((a, b), allowed=frozenset({frozenset({"a", "b"})}))) != first
        assert await rig.robot.sync_scene(Scene((a, b))) == first

    on_rig(body)


def test_a_plans_own_moves_and_grips_do_not_make_it_stale(on_rig):
    async def body(rig):
        part = SceneObject("part", Box((0.04, 0.04, 0.04)), Pose((-0.45, -0.15, 0.23)))
        await rig.robot.sync_scene(Scene((part,)))
        touch = frozenset({"part"})
        plan = await rig.robot.plan(
            [
                Move(HIGH),
                Move(LOW, line=True, touching=touch),
                Grip(close=True, opening_m=0.04, attach="part"),
                Move(HIGH, line=True, touching=touch),
            ]
        )
        assert plan.steps == 4
        for part_of in (slice(0, 2), slice(2, 3), slice(3, None)):
            outcome = await rig.robot.execute(plan, part_of).result()
            assert outcome.ok, outcome
        assert gap_m(rig.robot, HIGH) < 1e-6
        again = await rig.robot.execute(plan, slice(2, 3)).result()
        assert again.kind == "rejected"

    on_rig(body)


def test_a_slice_that_is_none_is_refused(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        assert (await rig.robot.execute(plan, slice(1, 2)).result()).code == "bad_slice"
        assert (await rig.robot.execute(plan, slice(None, None, 2)).result()).code == "bad_slice"

    on_rig(body)


def test_nothing_moves_before_ready_and_ready_twice_is_one(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        for begin in (lambda: rig.robot.execute(plan), lambda: rig.robot.grip(Grip(close=True, opening_m=0.0))):
            motion = begin()
            assert not await motion.accepted()
            assert ((await motion.result()).kind, (await motion.result()).code) == ("rejected", "not_ready")
        await rig.robot.ready()
        await rig.robot.ready()
        assert (await rig.robot.execute(plan).result()).ok

    on_rig(body, ready=False)


def test_a_protective_stop_aborts_and_only_an_acknowledgement_recovers(on_rig):
    async def body(rig):
        robot = rig.robot
        seen: list[Safety] = []
        robot.safety.listen(seen.append)
        early = Acknowledgement("ana", rig.clock.now())
        plan = await robot.plan([Move(HIGH)])
        motion = robot.execute(plan)
        await asyncio.sleep(0.3)
        rig.trip()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        assert await stands(rig)
        assert (await robot.execute(await robot.plan([Move(HIGH)])).result()).code == "unsafe"
        assert (await robot.grip(Grip(close=False, opening_m=0.05)).result()).code == "unsafe"
        for worthless in (early, Acknowledgement(" ", rig.clock.now())):
            with pytest.raises(RobotError) as refused:
                await robot.recover(worthless)
            assert refused.value.code == "not_acknowledged"
        with pytest.raises(RobotError):
            await robot.ready()
        assert await robot.recover(Acknowledgement("ana", rig.clock.now())) is Safety.NORMAL
        assert seen == [Safety.PROTECTIVE_STOP, Safety.NORMAL]
        await at(rig, HIGH)

    on_rig(body)


def test_the_gripper_opens_to_what_is_asked_and_an_empty_close_holds_nothing(on_rig):
    async def body(rig):
        assert (await rig.robot.grip(Grip(close=False, opening_m=0.03)).result()).ok
        assert rig.robot.state.value.opening_m == pytest.approx(0.03)
        assert (await rig.robot.grip(Grip(close=True, opening_m=0.02)).result()).ok
        assert not rig.robot.state.value.holding

    on_rig(body)


def test_a_guarded_move_that_meets_nothing_says_so(on_rig):
    async def body(rig):
        await at(rig, HIGH)
        command = GuardedMove((0.0, 0.0, -1.0), 0.02, 0.02, 15.0, (0.005, 0.015))
        outcome = await rig.robot.guarded_move(command).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_contact")
        assert outcome.depth_m == pytest.approx(0.02)
        assert outcome.force_N == 0.0
        assert gap_m(rig.robot, HIGH) == pytest.approx(0.02, abs=1e-6)

    on_rig(body)


def test_what_cannot_be_planned_names_the_bodies_and_moves_nothing(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        block = SceneObject("crate", Box((0.3, 0.3, 0.3)), Pose((-0.45, -0.15, 0.20)))
        await rig.robot.sync_scene(Scene((block,)))
        with pytest.raises(PlanError, match=r"Segment 2 of 2 .*crate.*\(-450, -150, \d+\) mm") as refused:
            await rig.robot.plan([Move(HIGH.shifted(z=-0.15)), Move(LOW, line=True)])
        assert refused.value.remedy
        with pytest.raises(PlanError, match=r"joint 3 at 200\.0°"):
            await rig.robot.plan([MoveJoints((0.0, -1.0, math.radians(200), 0.0, 0.0, 0.0))])
        with pytest.raises(PlanError, match="no joints reach it"):
            await rig.robot.plan([Move(Pose.from_rpy((2.0, 0.0, 0.3), DOWN))])
        assert rig.robot.state.value.joints == start

    on_rig(body)


# ---- acceptance, feedback, result ------------------------------------------------------------------------------


def test_feedback_ends_with_a_cancelled_and_with_a_rejected_motion(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        motion, refused = rig.robot.execute(plan), rig.robot.execute(plan)
        assert [p async for p in refused.feedback()] == []

        async def shares():
            return [progress.share async for progress in motion.feedback()]

        listeners = [asyncio.ensure_future(shares()) for _ in range(2)]
        await asyncio.sleep(0.4)
        assert (await motion.cancel()).kind == "canceled"
        first, second = await asyncio.gather(*listeners)
        assert first == second == sorted(first)
        assert 0.0 < first[-1] < 1.0

    on_rig(body)


def test_a_listener_of_feedback_that_leaves_disturbs_nobody(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        async for progress in motion.feedback():
            assert 0.0 <= progress.share <= 1.0
            break
        waiter = asyncio.ensure_future(anext(motion.feedback()))
        await asyncio.sleep(0)
        waiter.cancel()
        assert (await motion.result()).ok

    on_rig(body)


def test_listeners_hear_every_change_until_they_leave(on_rig):
    async def body(rig):
        heard: list[str] = []
        leave = rig.robot.safety.listen(lambda value: heard.append(f"first {value}"))
        rig.robot.safety.listen(lambda value: heard.append(f"second {value}"))
        rig.trip()
        leave()
        await rig.robot.recover(Acknowledgement("ana", rig.clock.now()))
        assert heard == ["first protective_stop", "second protective_stop", "second normal"]

    on_rig(body)


# ---- cancel and stop -------------------------------------------------------------------------------------------


async def nothing_is_left_of(rig: Rig, motion: Motion) -> None:
    """A motion that has ended leaves no task: neither its own nor one of those who asked."""
    await motion.result()
    await asyncio.sleep(0)
    assert tasks() == set()
    assert not rig.robot.state.value.moving


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.05, 0.3, 0.9])
def test_after_any_cancel_no_task_is_left_and_the_robot_takes_the_next_motion(on_rig, after_s):
    async def body(rig):
        robot = rig.robot
        await at(rig, LOW)
        ways: list[Callable[[], Awaitable[Motion]]] = [
            lambda: executed(rig, [Move(HIGH), Move(LOW, line=True)]),
            lambda: just(robot.grip(Grip(close=False, opening_m=0.01))),
            lambda: just(robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.05, 0.02, 15.0, (0.0, 0.05)))),
        ]
        for way in ways:
            motion = await way()
            if after_s:
                await asyncio.sleep(after_s)
            outcome = await motion.cancel()
            assert outcome.kind in {"canceled", "succeeded", "aborted"}
            await nothing_is_left_of(rig, motion)
        await at(rig, HIGH)

    on_rig(body)


async def executed(rig: Rig, segments: list[Any]) -> Motion:
    return rig.robot.execute(await rig.robot.plan(segments))


async def just(motion: Motion) -> Motion:
    return motion


def test_a_cancel_that_races_the_end_has_one_outcome_that_fits_where_the_arm_stands(on_rig):
    async def body(rig):
        kinds = set()
        for early_s in (0.03, 0.016, 0.012, 0.008, 0.004, 0.0, -0.004, -0.02, -1.0):
            await at(rig, LOW)
            plan = await rig.robot.plan([Move(HIGH, line=True)])
            motion = rig.robot.execute(plan)
            await asyncio.sleep(plan.duration_s - early_s)
            outcome = await motion.cancel()
            assert outcome == await motion.result()
            assert outcome.kind in {"canceled", "succeeded"}
            assert await stands(rig)
            if outcome.ok:
                assert gap_m(rig.robot, HIGH) < 1e-6
            kinds.add(outcome.kind)
        assert kinds == {"canceled", "succeeded"}

    on_rig(body)


def test_a_cancel_goes_through_when_its_waiter_gives_up(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await asyncio.sleep(0.3)
        asked = asyncio.ensure_future(motion.cancel())
        await asyncio.sleep(0)
        asked.cancel()
        assert (await motion.result()).kind == "canceled"
        await nothing_is_left_of(rig, motion)

    on_rig(body)


def test_a_motion_that_does_not_answer_its_cancel_is_ended_by_stop(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH), Move(LOW, line=True, speed_m_s=0.005)]))
        await asyncio.sleep(0.3)
        rig.deafen(motion)
        cancelling = asyncio.ensure_future(motion.cancel())
        done, _ = await asyncio.wait({cancelling}, timeout=2.0)
        assert not done
        await rig.robot.stop()
        outcome = await cancelling
        assert (outcome.kind, outcome.code) == ("aborted", "stopped")
        assert await stands(rig)
        await nothing_is_left_of(rig, motion)

    on_rig(body)


def test_stop_before_acceptance_moves_nothing(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await rig.robot.stop()
        assert not await motion.accepted()
        assert (await motion.result()).code == "stopped"
        assert rig.robot.state.value.joints == start

    on_rig(body)


def test_a_paused_motion_can_be_stopped_and_a_paused_gripper_cancelled(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await asyncio.sleep(0.3)
        await rig.robot.cap_speed("hold", 0.0)
        await asyncio.sleep(1.0)
        await rig.robot.stop()
        assert (await motion.result()).code == "stopped"
        grip = rig.robot.grip(Grip(close=False, opening_m=0.01))
        await asyncio.sleep(0.5)
        opening = rig.robot.state.value.opening_m
        assert opening > 0.05
        assert (await grip.cancel()).kind == "canceled"
        assert rig.robot.state.value.opening_m == opening

    on_rig(body)


def test_what_was_cancelled_half_way_does_not_go_on(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH), Move(LOW, line=True)])
        motion = rig.robot.execute(plan)
        await asyncio.sleep(0.4)
        await motion.cancel()
        for part in (slice(None), slice(0, 1), slice(1, None)):
            assert (await rig.robot.execute(plan, part).result()).code == "stale_start"
        assert (await (await executed(rig, [Move(HIGH)])).result()).ok

    on_rig(body)


# ---- safety ----------------------------------------------------------------------------------------------------

ASKED = [
    pytest.param(lambda robot, plan: robot.execute(plan), id="execute"),
    pytest.param(lambda robot, plan: robot.grip(Grip(close=True, opening_m=0.02)), id="grip"),
    pytest.param(
        lambda robot, plan: robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.05, 0.02, 15.0, (0.0, 0.05))),
        id="guarded_move",
    ),
]


@pytest.mark.parametrize("ask", ASKED)
def test_no_motion_starts_on_stale_safety_data(on_rig, ask):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        rig.lose_safety()
        assert rig.robot.safety.value is Safety.UNKNOWN
        motion = ask(rig.robot, plan)
        assert not await motion.accepted()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("rejected", "unsafe")
        assert outcome.remedy
        with pytest.raises(RobotError):
            await rig.robot.recover(Acknowledgement("ana", rig.clock.now()))
        rig.regain_safety()
        assert (await rig.robot.execute(plan).result()).ok

    on_rig(body)


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("safety", [Safety.PROTECTIVE_STOP, Safety.EMERGENCY_STOP])
def test_a_stop_of_the_hardware_ends_whatever_moves_and_outweighs_a_cancel(on_rig, ask, safety):
    async def body(rig):
        await at(rig, LOW)
        motion = ask(rig.robot, await rig.robot.plan([Move(HIGH)]))
        assert await motion.accepted()
        await asyncio.sleep(0.1)
        cancelling = asyncio.ensure_future(motion.cancel())
        await asyncio.sleep(0)
        rig.trip(safety)
        outcome = await cancelling
        assert (outcome.kind, outcome.code) == ("aborted", safety.value)
        await nothing_is_left_of(rig, motion)
        assert await stands(rig)

    on_rig(body)


@pytest.mark.parametrize("safety", [Safety.EMERGENCY_STOP, Safety.FAULT])
def test_an_emergency_stop_and_a_fault_are_not_recovered_from_by_a_word(on_rig, safety):
    async def body(rig):
        rig.trip(safety)
        with pytest.raises(RobotError) as refused:
            await rig.robot.recover(Acknowledgement("ana", rig.clock.now()))
        assert refused.value.code == "unsafe"
        assert refused.value.remedy
        with pytest.raises(RobotError):
            await rig.robot.ready()
        assert rig.robot.safety.value is safety
        rig.trip(Safety.NORMAL)
        await at(rig, HIGH)

    on_rig(body)


@pytest.mark.parametrize("stop", [Safety.EMERGENCY_STOP, Safety.FAULT])
def test_a_lesser_stop_does_not_hide_an_emergency_stop_or_a_fault(on_rig, stop):
    async def body(rig):
        motion = await executed(rig, [Move(HIGH)])
        rig.trip(stop)
        rig.trip(Safety.PROTECTIVE_STOP)  # as by what the braking arm still meets
        await motion.result()
        assert rig.robot.safety.value is stop
        with pytest.raises(RobotError):
            await rig.robot.recover(Acknowledgement("ana", rig.clock.now() + 1))

    on_rig(body)


def test_a_stop_that_comes_while_one_is_recovered_from_stays(on_rig):
    async def body(rig):
        rig.trip()
        await asyncio.sleep(0.1)
        recovering = asyncio.ensure_future(rig.robot.recover(Acknowledgement("ana", rig.clock.now())))
        rig.trip(Safety.EMERGENCY_STOP)
        await asyncio.wait({recovering})
        assert recovering.exception() is not None
        assert rig.robot.safety.value is Safety.EMERGENCY_STOP

    on_rig(body)


def test_recover_where_all_is_well_changes_nothing(on_rig):
    async def body(rig):
        heard: list[Safety] = []
        rig.robot.safety.listen(heard.append)
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await asyncio.sleep(0.2)
        assert await rig.robot.recover(Acknowledgement("ana", rig.clock.now())) is Safety.NORMAL
        assert heard == []
        assert (await motion.result()).ok

    on_rig(body)


def test_after_recovery_nothing_moves_by_itself(on_rig):
    async def body(rig):
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH)]))
        await asyncio.sleep(0.3)
        rig.trip(Safety.SAFEGUARD_STOP)
        assert (await motion.result()).code == "safeguard_stop"
        assert await rig.robot.recover(Acknowledgement("ana", rig.clock.now())) is Safety.NORMAL
        assert await stands(rig)
        assert gap_m(rig.robot, HIGH) > 0.01

    on_rig(body)


# ---- plans, scene and tool -------------------------------------------------------------------------------------


def test_the_same_question_has_the_same_plan_and_another_has_another(on_rig):
    async def body(rig):
        robot = rig.robot
        now = robot.state.value.joints
        first, again = await robot.plan([Move(HIGH)], start=now), await robot.plan([Move(HIGH)], start=now)
        assert first.id == again.id
        here = (await robot.plan([Move(HIGH)])).start
        assert here == pytest.approx(now, abs=rig.creep_rad)
        elsewhere = await robot.plan([Move(HIGH)], start=(0.3, *robot.state.value.joints[1:]))
        other = await robot.plan([Move(LOW)])
        touching = await robot.plan([Move(HIGH, touching=frozenset({"part"}))])
        await robot.select_tool(Tool("needle", Pose((0.0, 0.0, 0.15))))
        needle = await robot.plan([Move(HIGH)])
        assert len({plan.id for plan in (first, elsewhere, other, touching, needle)}) == 5

    on_rig(body)


def test_a_plan_from_another_start_waits_for_the_arm_to_be_there(on_rig):
    async def body(rig):
        first = await rig.robot.plan([Move(HIGH)])
        there = (await rig.robot.plan([Move(HIGH), Move(LOW, line=True)])).preview[-1]
        assert math.dist(there.p, LOW.p) < 1e-6
        assert (await rig.robot.execute(first).result()).ok
        high = rig.robot.state.value.joints
        await at(rig, FAR)
        back = await rig.robot.plan([Move(LOW, line=True)], start=high)
        assert (await rig.robot.execute(back).result()).code == "stale_start"
        assert (await (await executed(rig, [MoveJoints(high)])).result()).ok
        assert (await rig.robot.execute(back).result()).ok
        assert gap_m(rig.robot, LOW) < 1e-6

    on_rig(body)


def test_a_plan_is_good_again_once_the_scene_is_as_it_was(on_rig):
    async def body(rig):
        block = SceneObject("block", Box((0.1, 0.1, 0.1)), Pose((0.6, 0.4, 0.05)))
        version = await rig.robot.sync_scene(Scene((block,)))
        plan = await rig.robot.plan([Move(HIGH)])
        assert plan.scene == version
        await rig.robot.sync_scene(Scene())
        assert (await rig.robot.execute(plan).result()).code == "stale_scene"
        assert await rig.robot.sync_scene(Scene((block,))) == version
        assert (await rig.robot.execute(plan).result()).ok

    on_rig(body)


def test_a_scene_with_an_unknown_mesh_is_refused_and_the_old_one_stays(on_rig):
    async def body(rig):
        version = await rig.robot.sync_scene(Scene())
        with pytest.raises(TandemError) as refused:
            await rig.robot.sync_scene(Scene((SceneObject("ghost", Mesh("nowhere/ghost.glb"), Pose()),)))
        assert refused.value.remedy
        assert await rig.robot.sync_scene(Scene()) == version

    on_rig(body)


def test_a_grip_outside_the_plan_makes_it_stale(on_rig):
    async def body(rig):
        part = SceneObject("part", Box((0.04, 0.04, 0.04)), Pose((-0.45, -0.15, 0.25)))
        rig.put("part", part.shape, part.pose)
        await rig.robot.sync_scene(Scene((part,)))
        touch = frozenset({"part"})
        assert (await (await executed(rig, [Move(HIGH), Move(LOW, line=True, touching=touch)])).result()).ok
        plan = await rig.robot.plan([Move(HIGH, line=True, touching=touch)])
        assert (await rig.robot.grip(Grip(close=True, opening_m=0.04, attach="part")).result()).ok
        assert rig.robot.state.value.holding
        assert (await rig.robot.execute(plan).result()).code == "stale_scene"
        assert (await (await executed(rig, [Move(HIGH, line=True, touching=touch)])).result()).ok
        assert rig.robot.state.value.holding

    on_rig(body)


def test_the_tcp_follows_the_tool_which_does_not_change_in_motion(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        needle = Tool("needle", Pose((0.0, 0.0, 0.15)))
        motion = rig.robot.execute(plan)
        assert await motion.accepted()
        with pytest.raises(RobotError) as refused:
            await rig.robot.select_tool(needle)
        assert refused.value.code == "busy"
        await motion.cancel()
        stood = rig.robot.state.value
        await rig.robot.select_tool(needle)
        assert rig.robot.state.value.joints == stood.joints
        assert math.dist(rig.robot.state.value.tcp.p, stood.tcp.p) > 0.01
        assert (await (await executed(rig, [Move(HIGH)])).result()).ok
        assert gap_m(rig.robot, HIGH) < 1e-6

    on_rig(body)


# ---- speed -----------------------------------------------------------------------------------------------------


def test_caps_hold_for_later_motions_and_nonsense_changes_none(on_rig):
    async def body(rig):
        await at(rig, LOW)
        await rig.robot.cap_speed("person", 0.05)
        for wrong in (-0.1, math.nan):
            with pytest.raises(BadInput):
                await rig.robot.cap_speed("person", wrong)
        for _ in range(2):
            plan = await rig.robot.plan([Move(HIGH, line=True), Move(LOW, line=True)])
            began = rig.clock.now()
            assert (await rig.robot.execute(plan).result()).ok
            assert rig.clock.now() - began > 2 * plan.duration_s
        assert await rig.robot.cap_speed("nobody", 1.0) == 0.05

    on_rig(body)


# ---- moves until contact ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "code"), [((0.03, 0.05), ""), ((0.05, 0.06), "jammed"), ((0.0, 0.02), "no_contact")]
)
def test_a_guarded_move_tells_by_depth_and_force_what_it_met(on_rig, window, code):
    async def body(rig):
        block = Box((0.2, 0.2, 0.05))
        rig.put("block", block, Pose((-0.45, -0.15, LOW.p[2] - 0.003 - 0.04 - 0.025)))
        late = []
        for _ in range(PRESSES if rig.late_s else 1):
            await at(rig, HIGH)
            await at(rig, LOW)
            motion = rig.robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.06, 0.02, 15.0, window))
            assert await motion.accepted()
            outcome = await motion.result()
            assert outcome.code == code
            assert outcome.kind == ("aborted" if code else "succeeded")
            assert -0.001 <= outcome.depth_m - 0.04 <= 0.001 + 0.02 * rig.late_s
            late.append(late_s(outcome))
            assert bool(outcome.remedy) == bool(code)
            assert LOW.p[2] - rig.robot.state.value.tcp.p[2] == pytest.approx(outcome.depth_m, abs=1e-4)
        assert 0.0 <= min(late) <= max(late) <= rig.late_s
        assert statistics.median(late) <= 2 / 3 * rig.late_s

    on_rig(body)


def late_s(outcome):
    """How long a move at 20 mm/s until 15 N has pressed on, by its force."""
    return round((outcome.force_N - 15.0) / STIFF_N_M / 0.02, 8)


def test_a_guarded_move_that_meets_nothing_has_not_succeeded_whatever_its_window(on_rig):
    async def body(rig):
        await at(rig, LOW)
        outcome = await rig.robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.06, 0.02, 15.0, (0.03, 0.06))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_contact")
        assert outcome.force_N == 0.0
        assert outcome.remedy

    on_rig(body)


def test_a_guarded_move_meets_what_comes_into_its_way_while_it_runs(on_rig):
    async def body(rig):
        await at(rig, LOW)
        motion = rig.robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.06, 0.02, 15.0, (0.03, 0.05)))
        assert await motion.accepted()
        await asyncio.sleep(1.0)
        rig.put("block", Box((0.2, 0.2, 0.05)), Pose((-0.45, -0.15, LOW.p[2] - 0.003 - 0.04 - 0.025)))
        outcome = await motion.result()
        assert outcome.ok
        assert -0.001 <= outcome.depth_m - 0.04 <= 0.001 + 0.02 * rig.late_s
        assert 0.0 <= late_s(outcome) <= rig.late_s
        assert LOW.p[2] - rig.robot.state.value.tcp.p[2] == pytest.approx(outcome.depth_m, abs=1e-4)

    on_rig(body)


@pytest.mark.parametrize("paused", [False, True])
def test_a_guarded_move_does_not_meet_what_was_taken_out_of_its_way(on_rig, paused):
    async def body(rig):
        block = rig.put("block", Box((0.2, 0.2, 0.05)), Pose((-0.45, -0.15, LOW.p[2] - 0.003 - 0.03 - 0.025)))
        await at(rig, LOW)
        motion = rig.robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.06, 0.02, 15.0, (0.02, 0.04)))
        assert await motion.accepted()
        await asyncio.sleep(1.0)
        if paused:
            await rig.robot.cap_speed("hold", 0.0)
            await asyncio.sleep(1.0)
        rig.take(block)
        await rig.robot.cap_speed("hold", 1.0)
        shares = [progress.share async for progress in motion.feedback()]
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_contact")
        assert (outcome.depth_m, outcome.force_N) == (pytest.approx(0.06, abs=1e-4), 0.0)
        assert LOW.p[2] - rig.robot.state.value.tcp.p[2] == pytest.approx(0.06, abs=1e-4)
        assert shares == sorted(shares)
        assert await stands(rig)

    on_rig(body)


@pytest.mark.parametrize(
    "wrong",
    [
        GuardedMove((0.0, 0.0, -2.0), 0.05, 0.02, 15.0, (0.0, 0.05)),
        GuardedMove((0.0, 0.0, -1.0), -0.05, 0.02, 15.0, (0.0, 0.05)),
        GuardedMove((0.0, 0.0, -1.0), 0.05, 0.0, 15.0, (0.0, 0.05)),
        GuardedMove((0.0, 0.0, -1.0), math.nan, 0.02, 15.0, (0.0, 0.05)),
    ],
)
def test_a_guarded_move_that_makes_no_sense_is_refused(on_rig, wrong):
    async def body(rig):
        motion = rig.robot.guarded_move(wrong)
        assert not await motion.accepted()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("rejected", "bad_input")

    on_rig(body)


# ---- state -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        Move(Pose((math.nan, 0.0, 0.3))),
        Move(HIGH, speed_m_s=0.0),
        Move(HIGH, line=True, speed_m_s=-0.1),
        Move(HIGH, speed_m_s=math.nan),
        MoveJoints((0.0, 0.0)),
        MoveJoints((math.nan,) * 6),
        Grip(close=False, opening_m=math.nan),
    ],
)
def test_what_makes_no_sense_is_never_planned(on_rig, wrong):
    async def body(rig):
        with pytest.raises(PlanError) as refused:
            await rig.robot.plan([Move(HIGH), wrong])
        assert refused.value.remedy
        with pytest.raises(PlanError):
            await rig.robot.plan([Move(HIGH)], start=(0.0,))
        assert (await rig.robot.execute(await rig.robot.plan([])).result()).kind == "rejected"
        assert (await rig.robot.grip(Grip(close=False, opening_m=math.nan)).result()).code == "bad_input"

    on_rig(body)


def test_state_is_told_while_moving_and_while_idle(on_rig):
    async def body(rig):
        stamps: list[float] = []
        rig.robot.state.listen(lambda state: stamps.append(state.stamp))
        await asyncio.sleep(1.0)
        assert len(stamps) >= 5
        stamps.clear()
        await at(rig, HIGH)
        assert len(stamps) > 50
        assert max(b - a for a, b in itertools.pairwise(stamps)) < 0.05
        assert stamps == sorted(stamps)

    on_rig(body)


def test_state_says_since_when_the_arm_stands_or_moves(on_rig):
    async def body(rig):
        before = rig.robot.state.value
        assert not before.moving
        assert before.since <= before.stamp
        motion = rig.robot.execute(await rig.robot.plan([Move(HIGH), Move(LOW, line=True)]))
        readings: list[RobotState] = []
        leave = rig.robot.state.listen(readings.append)
        assert (await motion.result()).ok
        ended = rig.clock.now()
        await asyncio.sleep(0.5)
        leave()
        under_way = [reading for reading in readings if reading.moving and reading.since >= before.stamp]
        assert under_way[0].since == under_way[0].stamp
        after = rig.robot.state.value
        assert not after.moving
        assert under_way[-1].stamp <= after.since <= ended
        assert all(a.since <= b.since for a, b in itertools.pairwise(readings))
        assert all(reading.since == after.since for reading in readings if reading.stamp > ended)

    on_rig(body)


# ---- jogging ---------------------------------------------------------------------------------------------------


async def held(rig: Rig, twist: Twist, hold_s: float, period_s: float = 0.1) -> Motion:
    """Renew a jog for a while, as a pressed button does, and leave it alone then."""
    motion = rig.robot.jog(twist)
    for _ in range(round(hold_s / period_s)):
        await asyncio.sleep(period_s)
        assert rig.robot.jog(twist) is motion, await motion.result()
    return motion


async def pressed(rig: Rig, twist: Twist) -> Outcome:
    """Renew a jog until it ends by itself."""
    motion = rig.robot.jog(twist)
    ended = asyncio.ensure_future(motion.result())
    while not (await asyncio.wait({ended}, timeout=0.1))[0]:
        assert rig.robot.jog(twist) is motion, await motion.result()
    return ended.result()


def test_a_renewed_jog_goes_straight_and_a_zero_twist_ends_it(on_rig):
    async def body(rig):
        before = rig.robot.state.value.tcp
        motion = await held(rig, Twist((0.1, 0.0, 0.0)), 1.0)
        assert await motion.accepted()
        assert rig.robot.state.value.moving
        assert rig.robot.jog(Twist()) is motion
        assert (await motion.result()).ok
        assert await stands(rig)
        off = deviation(Pose(rig.robot.state.value.tcp.p), Pose(before.p))
        assert off.xyz_m[0] == pytest.approx(0.1, abs=0.02)
        assert max(map(abs, off.xyz_m[1:])) < 0.001
        assert math.hypot(*deviation(rig.robot.state.value.tcp, before).rot_rad) < 0.002

    on_rig(body)


def test_a_jog_that_is_not_renewed_comes_to_a_stand(on_rig):
    async def body(rig):
        began = rig.clock.now()
        motion = rig.robot.jog(Twist((0.1, 0.0, 0.0)))
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "not_renewed")
        assert JOG_RENEW_S < rig.clock.now() - began < JOG_RENEW_S + 0.3
        assert await stands(rig)
        again = rig.robot.jog(Twist((0.1, 0.0, 0.0)))
        assert again is not motion
        assert await again.accepted()
        await again.cancel()

    on_rig(body)


def test_a_jog_turns_about_the_tcp_in_the_tools_axes(on_rig):
    async def body(rig):
        await at(rig, HIGH)
        before = rig.robot.state.value.tcp
        motion = await held(rig, Twist(angular_rad_s=(0.0, 0.0, 0.3), frame="tool"), 1.0)
        await motion.cancel()
        off = deviation(rig.robot.state.value.tcp, before)
        assert off.distance_m < 0.001
        assert off.rot_rad[2] == pytest.approx(0.3, abs=0.06)
        assert max(map(abs, off.rot_rad[:2])) < 0.002
        sunk = rig.robot.state.value.tcp.p[2]
        motion = await held(rig, Twist((0.0, 0.0, 0.05), frame="tool"), 1.0)
        await motion.cancel()
        assert rig.robot.state.value.tcp.p[2] - sunk == pytest.approx(-0.05, abs=0.01)

    on_rig(body)


def test_a_joint_jog_moves_that_joint_alone(on_rig):
    async def body(rig):
        before = rig.robot.state.value.joints
        speeds = (0.0, 0.0, 0.0, 0.0, 0.0, 0.4)
        motion = await held(rig, Twist(frame="joint", joints_rad_s=speeds), 1.0)
        await motion.cancel()
        moved = [b - a for a, b in zip(before, rig.robot.state.value.joints, strict=True)]
        assert moved[:5] == pytest.approx([0.0] * 5, abs=1e-9)
        assert moved[5] == pytest.approx(0.4, abs=0.08)

    on_rig(body)


def test_another_twist_takes_over_without_a_stop(on_rig):
    async def body(rig):
        await at(rig, FAR)
        motion = await held(rig, Twist((0.1, 0.0, 0.0)), 0.6)
        moving: list[bool] = []
        leave = rig.robot.state.listen(lambda state: moving.append(state.moving))
        assert await held(rig, Twist((0.0, 0.1, 0.0)), 0.6) is motion
        leave()
        assert all(moving)
        before = rig.robot.state.value
        await held(rig, Twist((0.0, 0.1, 0.0)), 0.5)
        after = rig.robot.state.value
        off = [b - a for a, b in zip(before.tcp.p, after.tcp.p, strict=True)]
        assert off[1] / (after.stamp - before.stamp) == pytest.approx(0.1, rel=0.03)
        assert abs(off[0]) < 0.002
        await motion.cancel()

    on_rig(body)


def spans(way: list[tuple[float, Pose]], span_s: float) -> Iterator[tuple[tuple[float, Pose], tuple[float, Pose]]]:
    """Give every place of a way with the next one that is at least so much later."""
    for index, begin in enumerate(way):
        later = (place for place in way[index + 1 :] if place[0] - begin[0] >= span_s)
        if (end := next(later, None)) is not None:
            yield begin, end


def test_no_jog_is_faster_than_reduced_speed_and_caps_slow_it_further(on_rig):
    async def body(rig):
        way: list[tuple[float, Pose]] = []

        def follow(state):
            if way and way[-1][0] == state.stamp:
                way.pop()
            if not way or way[-1][1] != state.tcp:
                way.append((state.stamp, state.tcp))

        def fastest():
            return max(math.dist(b.p, a.p) / (t - s) for (s, a), (t, b) in spans(way, rig.span_s))

        rig.robot.state.listen(follow)
        motion = await held(rig, Twist((-3.0, 3.0, 0.0)), 0.5)
        await motion.cancel()
        assert 0.15 < fastest() <= JOG_M_S
        way.clear()
        await rig.robot.cap_speed("person", 0.2)
        motion = await held(rig, Twist((0.1, 0.0, 0.0)), 1.0)
        await motion.cancel()
        assert 0.015 < fastest() < 0.025
        await rig.robot.cap_speed("person", 0.0)
        await asyncio.sleep(0.2)
        way.clear()
        motion = await held(rig, Twist((0.1, 0.0, 0.0)), 1.0)
        assert not rig.robot.state.value.moving
        assert sum(math.dist(a.p, b.p) for (_, a), (_, b) in itertools.pairwise(way)) < 1e-5
        assert (await motion.result()).code == "not_renewed"

    on_rig(body)


def test_a_jog_stops_before_a_body_and_goes_away_from_it(on_rig):
    async def body(rig):
        await at(rig, HIGH)
        crate = SceneObject("crate", Box((0.1, 0.1, 0.3)), Pose((-0.45, 0.10, 0.25)))
        await rig.robot.sync_scene(Scene((crate,)))
        outcome = await pressed(rig, Twist((0.0, 0.1, 0.0)))
        assert (outcome.kind, outcome.code) == ("aborted", "collision")
        assert "crate" in outcome.message
        assert outcome.remedy
        near = rig.robot.state.value.tcp.p[1]
        assert -0.15 + 0.05 < near < 0.05
        assert (await pressed(rig, Twist((0.0, 0.1, 0.0)))).code == "collision"
        assert rig.robot.state.value.tcp.p[1] == pytest.approx(near, abs=0.01)
        away = await held(rig, Twist((0.0, -0.1, 0.0)), 0.5)
        assert (await away.cancel()).kind == "canceled"
        assert rig.robot.state.value.tcp.p[1] < near - 0.03

    on_rig(body)


def test_a_jog_stops_at_a_joints_limit_and_comes_back(on_rig):
    async def body(rig):
        begin = (*rig.robot.state.value.joints[:5], math.radians(345))
        assert (await rig.robot.execute(await rig.robot.plan([MoveJoints(begin)])).result()).ok
        out = Twist(frame="joint", joints_rad_s=(0.0, 0.0, 0.0, 0.0, 0.0, 0.3))
        outcome = await pressed(rig, out)
        assert (outcome.kind, outcome.code) == ("aborted", "joint_limit")
        assert "Joint 6 is at its limit of 3" in outcome.message
        limit = rig.robot.state.value.joints[5]
        assert math.radians(345) < limit <= math.tau
        back = await held(rig, Twist(frame="joint", joints_rad_s=(0.0, 0.0, 0.0, 0.0, 0.0, -0.3)), 0.5)
        assert (await back.cancel()).kind == "canceled"
        assert rig.robot.state.value.joints[5] < limit - 0.05

    on_rig(body)


def test_a_jog_out_of_reach_stops_at_the_singularity_of_a_stretched_arm(on_rig):
    async def body(rig):
        await at(rig, FAR)
        x, y, _ = FAR.p
        outwards = 0.2 / math.hypot(x, y)
        outcome = await pressed(rig, Twist((outwards * x, outwards * y, 0.0)))
        assert (outcome.kind, outcome.code) == ("aborted", "singularity")
        assert "singularity" in outcome.message
        assert outcome.remedy

    on_rig(body)


def test_jogs_and_other_motions_exclude_each_other(on_rig):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        motion = rig.robot.execute(plan)
        assert await motion.accepted()
        assert (await rig.robot.jog(Twist((0.1, 0.0, 0.0))).result()).code == "busy"
        assert (await motion.result()).ok
        jog = rig.robot.jog(Twist((0.1, 0.0, 0.0)))
        assert await jog.accepted()
        assert (await rig.robot.grip(Grip(close=False, opening_m=0.05)).result()).code == "busy"
        assert (await jog.cancel()).kind == "canceled"

    on_rig(body)


def test_what_stops_a_jog_for_good_is_not_revived_by_a_renewal(on_rig):
    async def body(rig):
        twist = Twist((0.1, 0.0, 0.0))
        motion = await held(rig, twist, 0.5)
        stopping = asyncio.ensure_future(rig.robot.stop())
        await asyncio.sleep(0)
        assert rig.robot.jog(twist) is motion
        await stopping
        assert (await motion.result()).code == "stopped"
        assert await stands(rig)
        motion = await held(rig, twist, 0.5)
        rig.trip()
        assert rig.robot.jog(twist) is motion
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        assert (await rig.robot.jog(twist).result()).code == "unsafe"
        assert await stands(rig)

    on_rig(body)


@pytest.mark.parametrize(
    "twist",
    [
        Twist((math.nan, 0.0, 0.0)),
        Twist(frame="joint", joints_rad_s=(0.1, 0.1)),
        Twist((0.1, 0.0, 0.0), joints_rad_s=(0.1,) * 6),
        Twist((0.1, 0.0, 0.0), frame="joint", joints_rad_s=(0.1,) * 6),
    ],
)
def test_a_twist_that_cannot_be_is_refused(on_rig, twist):
    async def body(rig):
        outcome = await rig.robot.jog(twist).result()
        assert (outcome.kind, outcome.code) == ("rejected", "bad_input")
        assert not rig.robot.state.value.moving

    on_rig(body)
