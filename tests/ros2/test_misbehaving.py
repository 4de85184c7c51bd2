"""Controllers that refuse, are silent, lie, lose results or die: every motion ends, within its limit, and says how."""

from __future__ import annotations

import asyncio
import math

import pytest

from orchestrator.adapters.ros2.touch import BLIND_S
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Grip, GuardedMove, Move, Safety
from tests.contract.running import on_robot
from tests.contract.test_robot import DOWN, FAR, HIGH, LOW, gap_m, stands
from tests.ros2.double import DoubleKind

SLOWLY = Move(Pose.from_rpy((-0.45, -0.15, 0.25), DOWN), line=True, speed_m_s=0.02)


async def executed(rig, *segments):
    return rig.robot.execute(await rig.robot.plan(list(segments)))


def test_a_goal_that_is_refused_is_rejected_and_nothing_moves(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        rig.misbehave(rejects=True)
        motion = await executed(rig, Move(HIGH))
        assert not await motion.accepted()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("rejected", "refused")
        assert outcome.remedy
        assert rig.robot.state.value.joints == start
        rig.misbehave(rejects=False)
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    on_rig(body)


def test_a_goal_that_is_never_answered_ends_and_can_not_start_late(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        rig.misbehave(deaf=True)
        motion = await executed(rig, Move(HIGH))
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_answer")
        rig.hear()  # it takes the goal now, and is told at once that nobody wants it any more
        await asyncio.sleep(1.0)
        assert await stands(rig)
        assert distance(rig.robot.state.value.joints, start) < 0.05

    on_rig(body)


def test_a_controller_that_takes_a_cancel_and_says_no_more_has_stopped_the_arm(on_rig):
    async def body(rig):
        rig.misbehave(swallows=True)
        motion = await executed(rig, SLOWLY)
        await asyncio.sleep(0.5)
        outcome = await motion.cancel()
        assert outcome.kind == "canceled"
        assert await stands(rig)
        rig.misbehave(swallows=False)
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    on_rig(body)


def test_a_gripper_that_never_answers_ends_its_motion(on_rig):
    async def body(rig):
        rig.misbehave(deaf=True)
        outcome = await rig.robot.grip(Grip(close=False, opening_m=0.03)).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_answer")
        rig.hear()

    on_rig(body)


def test_a_result_that_is_lost_is_missed_where_the_arm_stands(on_rig):
    async def body(rig):
        rig.misbehave(loses=True)
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_result")
        assert gap_m(rig.robot, HIGH) < 1e-6
        rig.misbehave(loses=False)
        assert (await (await executed(rig, Move(LOW, line=True))).result()).ok

    on_rig(body)


def test_a_success_that_is_none_is_not_believed(on_rig):
    async def body(rig):
        rig.misbehave(lies=True)
        before = gap_m(rig.robot, FAR)
        outcome = await (await executed(rig, Move(FAR))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "not_there")
        assert gap_m(rig.robot, FAR) == pytest.approx(before, abs=1e-4)
        assert before > 0.05

    on_rig(body)


def test_a_controller_that_dies_under_way_is_noticed_and_safety_is_not_known_any_more(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await motion.accepted()
        await asyncio.sleep(0.5)
        rig.die()
        outcome = await asyncio.wait_for(motion.result(), 3.0)
        assert (outcome.kind, outcome.code) == ("unknown", "lost")
        assert rig.robot.safety.value is Safety.UNKNOWN
        assert (await rig.robot.grip(Grip(close=True, opening_m=0.0)).result()).code == "unsafe"
        with pytest.raises(RobotError):
            await rig.robot.ready()

    on_rig(body)


def test_a_slow_controller_is_waited_for(on_rig):
    async def body(rig):
        rig.slow(0.3)
        plan = await rig.robot.plan([Move(HIGH)])
        began = rig.clock.now()
        motion = rig.robot.execute(plan)
        shares = [progress.share async for progress in motion.feedback()]
        assert (await motion.result()).ok
        assert rig.clock.now() - began > 2 * plan.duration_s
        assert shares == sorted(shares)
        assert gap_m(rig.robot, HIGH) < 1e-6

    on_rig(body)


@pytest.mark.parametrize("by_s", [100.0, -100.0])
def test_a_clock_that_jumps_disturbs_no_motion_and_no_stamp(on_rig, by_s):
    async def body(rig):
        stamps: list[float] = []
        rig.robot.state.listen(lambda state: stamps.append(state.stamp))
        motion = await executed(rig, Move(HIGH), Move(LOW, line=True))
        await motion.accepted()
        await asyncio.sleep(0.3)
        rig.misbehave(off_s=by_s)
        assert (await motion.result()).ok
        await asyncio.sleep(0.3)
        assert stamps == sorted(stamps)
        assert abs(stamps[-1] - rig.clock.now()) < 0.1
        assert rig.robot.safety.value is Safety.NORMAL

    on_rig(body)


def test_a_stop_while_a_guarded_move_ends_for_want_of_forces_is_what_it_tells(tmp_path):
    async def body(rig):
        await (await executed(rig, Move(HIGH))).result()
        motion = rig.robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.1, 0.05, 20.0, (0.0, 0.1)))
        await motion.accepted()
        await asyncio.sleep(0.5)
        rig.misbehave(numb=True)
        await asyncio.sleep(BLIND_S + 0.015)  # it has begun to end, as it hears no force
        await rig.robot.stop()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "stopped")

    on_robot(DoubleKind(), tmp_path)(body)


def test_a_guarded_move_that_hears_no_force_any_more_says_so(tmp_path):
    async def body(rig):
        await (await executed(rig, Move(HIGH))).result()
        motion = rig.robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.1, 0.05, 20.0, (0.0, 0.1)))
        await motion.accepted()
        await asyncio.sleep(0.5)
        rig.misbehave(numb=True)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_force")
        assert outcome.depth_m > 0.0

    on_robot(DoubleKind(), tmp_path)(body)


def test_closing_under_way_brings_the_arm_to_a_stand(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await motion.accepted()
        await asyncio.sleep(0.5)
        await rig.close()
        assert (await motion.result()).code == "stopped"
        assert gap_m(rig.robot, LOW) > 0.02
        assert not rig.robot.state.value.moving

    on_rig(body)


def test_a_speed_that_changes_again_and_again_never_leaves_the_path(on_rig):
    async def body(rig):
        await (await executed(rig, Move(HIGH))).result()
        off: list[float] = []
        rig.robot.state.listen(
            lambda state: off.append(math.hypot(*(a - b for a, b in zip(state.tcp.p[:2], HIGH.p[:2], strict=True))))
        )
        motion = await executed(rig, Move(LOW, line=True, speed_m_s=0.1), Move(HIGH, line=True, speed_m_s=0.1))
        for factor in (0.5, 1.0, 0.0, 0.3, 0.0, 1.0):
            await asyncio.sleep(0.25)
            await rig.robot.cap_speed("person", factor)
        assert (await motion.result()).ok
        assert max(off) < 0.0005

    on_rig(body)
