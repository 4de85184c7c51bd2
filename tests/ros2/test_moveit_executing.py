"""Motions that MoveIt executes: what it is given, how they are stopped and go on, and how each of its failures ends."""

from __future__ import annotations

import asyncio
import math

import pytest

from orchestrator.adapters.ros2.executing import EXECUTORS
from orchestrator.adapters.ros2.link import Ended
from orchestrator.adapters.ros2.run import IDLE_S
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import GuardedMove, Move, Safety, Twist
from tests.contract.running import on_robot
from tests.contract.test_robot import DOWN, FAR, HIGH, LOW, gap_m, stands
from tests.ros2.double import DoubleKind
from tests.ros2.moveit_double import ExecutingDoubleKind
from tests.ros2.moveit_rig import MoveItKind, why_no_moveit

SLOWLY = Move(Pose.from_rpy((-0.45, -0.15, 0.25), DOWN), line=True, speed_m_s=0.02)


@pytest.fixture
def on_rig(tmp_path):
    """Run a coroutine on a robot whose motions are executed by a double of MoveIt in this process."""
    return on_robot(ExecutingDoubleKind(), tmp_path)


@pytest.fixture
def on_group(request, tmp_path):
    """Run a coroutine on a robot whose motions are executed by a move_group in another process."""
    if reason := why_no_moveit():
        pytest.skip(reason)
    processes = (request.getfixturevalue("servers"), request.getfixturevalue("move_group"))
    return on_robot(MoveItKind(*processes, execute="moveit"), tmp_path)


async def executed(rig, *segments):
    return rig.robot.execute(await rig.robot.plan(list(segments)))


# ---- what it is given, and what it is not --------------------------------------------------------------------------


def test_a_planned_motion_is_given_to_it_from_where_the_arm_stands(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        assert (await (await executed(rig, Move(HIGH), Move(LOW, line=True))).result()).ok
        (points,) = rig.group.executed
        assert points[0].t_s == 0.0
        assert points[0].positions == pytest.approx(start, abs=1e-6)
        assert points[-1].velocities == (0.0,) * 6
        assert gap_m(rig.robot, LOW) < 1e-6

    on_rig(body)


def test_jogs_and_moves_until_contact_stay_the_controllers(on_rig):
    async def body(rig):
        await (await executed(rig, Move(HIGH))).result()
        given = len(rig.group.executed)
        touch = await rig.robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.03, 0.02, 15.0, (0.0, 0.03))).result()
        assert touch.code == "no_contact"
        motion = rig.robot.jog(Twist(linear_m_s=(0.0, 0.0, 0.02)))
        await asyncio.sleep(0.2)
        await motion.cancel()
        assert len(rig.group.executed) == given
        assert rig.group.stops == 0

    on_rig(body)


def test_without_execute_trajectory_the_robot_is_not_ready(on_rig):
    async def body(rig):
        async def there(server, limit_s):
            return server != "moveit"

        rig.group.wait_for = there
        with pytest.raises(RobotError, match="execute_trajectory") as refused:
            await rig.robot.ready()
        assert "execute" in refused.value.remedy

    on_rig(body, ready=False)


# ---- stops, pauses, other speeds -----------------------------------------------------------------------------------


def test_a_cancel_stops_it_by_its_event_as_its_actions_cancel_stops_nothing(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), Move(LOW, line=True))
        await asyncio.sleep(0.5)
        assert (await motion.cancel()).kind == "canceled"
        assert await stands(rig)
        assert rig.group.stops == 1
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    on_rig(body)


def test_a_pause_stands_and_the_rest_is_another_trajectory_from_there(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        await rig.robot.cap_speed("hold", 0.0)
        await asyncio.sleep(0.5)
        assert await stands(rig)
        paused = rig.robot.state.value.joints
        await asyncio.sleep(5.0)
        assert rig.robot.state.value.joints == paused
        await rig.robot.cap_speed("hold", 1.0)
        assert (await motion.result()).ok
        whole, rest = rig.group.executed
        assert distance(rest[0].positions, paused) < 1e-3
        assert rest[-1].t_s < whole[-1].t_s
        assert gap_m(rig.robot, SLOWLY.to) < 1e-6

    on_rig(body)


def test_a_lower_speed_counts_at_once_and_the_path_is_kept(on_rig):
    async def body(rig):
        await (await executed(rig, Move(HIGH))).result()
        off: list[float] = []
        rig.robot.state.listen(
            lambda state: off.append(math.hypot(*(a - b for a, b in zip(state.tcp.p[:2], HIGH.p[:2], strict=True))))
        )
        motion = await executed(rig, Move(LOW, line=True, speed_m_s=0.1))
        await asyncio.sleep(0.5)
        await rig.robot.cap_speed("person", 0.2)
        await asyncio.sleep(0.5)
        before = rig.robot.state.value.tcp.p
        await asyncio.sleep(0.5)
        assert 0.001 < math.dist(before, rig.robot.state.value.tcp.p) < 0.5 * 0.1 * 0.25
        assert (await motion.result()).ok
        assert max(off) < 0.0005

    on_rig(body)


def test_a_higher_speed_that_saves_much_is_worth_a_stand_and_one_that_saves_little_is_not(on_rig):
    async def body(rig):
        await (await executed(rig, Move(HIGH))).result()
        given = len(rig.group.executed)
        await rig.robot.cap_speed("person", 0.25)
        motion = await executed(rig, Move(LOW, line=True, speed_m_s=0.05))
        await asyncio.sleep(1.0)
        await rig.robot.cap_speed("person", 0.27)
        await asyncio.sleep(0.5)
        assert len(rig.group.executed) == given + 1
        await rig.robot.cap_speed("person", 1.0)
        assert (await motion.result()).ok
        assert len(rig.group.executed) == given + 2

    on_rig(body)


@pytest.mark.parametrize("kind", [ExecutingDoubleKind(), DoubleKind()])
def test_an_arm_that_was_moved_off_its_path_while_it_paused_goes_no_farther(tmp_path, kind):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        await rig.robot.cap_speed("hold", 0.0)
        await asyncio.sleep(0.5)
        rig._link.arm.q = tuple(angle + 0.05 for angle in rig._link.arm.q)
        await asyncio.sleep(0.5)
        moved = rig.robot.state.value.joints
        await rig.robot.cap_speed("hold", 1.0)
        outcome = await motion.result()
        assert rig.robot.state.value.joints == moved
        assert (outcome.kind, outcome.code) == ("aborted", "off_path")
        assert outcome.remedy

    on_robot(kind, tmp_path)(body)


# ---- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (-2, "bad_plan", "trajectory"),
        (-3, "moveit", "scene"),
        (-4, "controller", "refused the motion or gave it up"),
        (-5, "moveit", "sensors"),
        (-6, "timed_out", "longer"),
        (-7, "preempted", "somebody else"),
        (0, "moveit", "nothing"),
        (-777, "moveit", "-777"),
    ],
)
def test_every_error_code_is_an_outcome_with_what_helps(on_rig, error, code, words):
    async def body(rig):
        rig.misbehave(group_code=error)
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.kind, outcome.code) == ("aborted", code)
        assert words in outcome.message
        assert outcome.remedy
        rig.misbehave(group_code=1)
        assert (await (await executed(rig, Move(LOW, line=True))).result()).ok

    on_rig(body)


def test_its_own_words_come_along_and_an_end_that_contradicts_itself_is_no_success():
    by = EXECUTORS["moveit"]
    assert "no current" in by.failed(Ended("aborted", "no current.", error=-4)).message
    assert by.failed(Ended("aborted", error=1)).code == "moveit"
    assert by.failed(Ended("succeeded", error=1)) is None


def test_a_trajectory_that_is_rejected_moves_nothing(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        rig.misbehave(group_rejects=True)
        motion = await executed(rig, Move(HIGH))
        assert not await motion.accepted()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("rejected", "refused")
        assert "MoveIt" in outcome.message
        assert rig.robot.state.value.joints == start

    on_rig(body)


def test_a_controller_that_refuses_it_is_the_controllers_fault(on_rig):
    async def body(rig):
        rig.misbehave(rejects=True)
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "controller")

    on_rig(body)


def test_the_rest_of_a_motion_that_is_rejected_ends_what_had_begun(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        await rig.robot.cap_speed("hold", 0.0)
        await asyncio.sleep(0.5)
        rig.misbehave(group_rejects=True)
        await rig.robot.cap_speed("hold", 1.0)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "refused")

    on_rig(body)


def test_one_that_never_answers_ends_within_its_limit(on_rig):
    async def body(rig):
        start = rig.robot.state.value.joints
        rig.misbehave(group_deaf=True)
        began = rig.clock.now()
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_answer")
        assert rig.clock.now() - began < 3.0
        assert rig.robot.state.value.joints == start

    on_rig(body)


def test_one_that_takes_a_trajectory_and_does_nothing_ends_within_its_limit(on_rig):
    async def body(rig):
        rig.misbehave(group_hangs=True)
        began = rig.clock.now()
        outcome = await (await executed(rig, Move(HIGH), SLOWLY)).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_answer")
        assert "stands" in outcome.message
        assert IDLE_S < rig.clock.now() - began < IDLE_S + 1.0

    on_rig(body)


def test_one_that_does_not_stop_the_arm_is_passed_by_on_the_controllers_topic(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        rig.misbehave(group_deaf=True)
        began = rig.clock.now()
        outcome = await motion.cancel()
        assert outcome.kind == "canceled"
        assert rig.clock.now() - began < 4.0
        assert await stands(rig)
        assert gap_m(rig.robot, SLOWLY.to) > 0.01

    on_rig(body)


def test_one_that_does_not_slow_the_arm_down_ends_the_motion(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        rig.misbehave(group_deaf=True)
        await rig.robot.cap_speed("person", 0.1)
        outcome = await asyncio.wait_for(motion.result(), 5.0)
        assert (outcome.kind, outcome.code) == ("aborted", "no_answer")
        assert await stands(rig)
        assert gap_m(rig.robot, SLOWLY.to) > 0.01

    on_rig(body)


def test_one_that_dies_leaves_an_arm_that_goes_on_and_is_stopped(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        rig.group.leave()
        outcome = await asyncio.wait_for(motion.result(), 3.0)
        assert (outcome.kind, outcome.code) == ("aborted", "lost")
        assert "move_group" in outcome.remedy
        assert await stands(rig)
        assert gap_m(rig.robot, SLOWLY.to) > 0.01

    on_rig(body)


@pytest.mark.parametrize("goes", ["leave", "deaf"])
def test_where_nobody_listens_to_the_topic_either_the_controllers_goals_are_cancelled(on_rig, goes):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        rig.group.steer = lambda _: False
        if goes == "leave":
            rig.group.leave()
        else:
            rig.misbehave(group_deaf=True)
            await rig.robot.cap_speed("person", 0.1)
        outcome = await asyncio.wait_for(motion.result(), 6.0)
        assert outcome.kind == "aborted"
        assert await stands(rig)
        assert gap_m(rig.robot, SLOWLY.to) > 0.01

    on_rig(body)


def test_a_controller_that_dies_with_it_is_not_known_to_stand(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        rig.die()
        outcome = await asyncio.wait_for(motion.result(), 5.0)
        assert (outcome.kind, outcome.code) == ("unknown", "lost")
        assert rig.robot.safety.value is Safety.UNKNOWN

    on_rig(body)


def test_a_success_that_is_none_is_not_believed(on_rig):
    async def body(rig):
        rig.misbehave(group_lies=True)
        outcome = await (await executed(rig, Move(FAR))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "not_there")
        assert "MoveIt" in outcome.message

    on_rig(body)


def test_a_result_that_is_lost_is_missed_where_the_arm_stands(on_rig):
    async def body(rig):
        rig.misbehave(group_loses=True)
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "no_result")
        assert gap_m(rig.robot, HIGH) < 1e-6

    on_rig(body)


def test_a_robot_that_is_slower_than_move_group_allows_is_stopped_by_it_with_what_helps(on_rig):
    async def body(rig):
        rig.slow(0.3)
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "timed_out")
        assert "trajectory_execution" in outcome.remedy
        assert await stands(rig)

    on_rig(body)


def test_somebody_elses_stop_ends_the_motion_and_says_so(on_rig):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await asyncio.sleep(0.6)
        rig.group.stop_event()
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "preempted")
        assert await stands(rig)

    on_rig(body)


# ---- over a real middleware ----------------------------------------------------------------------------------------


@pytest.mark.ros2
def test_a_move_group_in_another_process_executes_stops_and_goes_on(on_group):
    async def body(rig):
        await (await executed(rig, Move(HIGH))).result()
        assert rig.move_group.call("executed") == (1, 0)
        motion = await executed(rig, SLOWLY)
        await asyncio.sleep(0.6)
        await rig.robot.cap_speed("hold", 0.0)
        await asyncio.sleep(1.5)
        assert await stands(rig)
        assert rig.move_group.call("executed")[1] >= 1
        await rig.robot.cap_speed("hold", 1.0)
        assert (await motion.result()).ok
        assert rig.move_group.call("executed")[0] == 3
        assert gap_m(rig.robot, SLOWLY.to) < 1e-5
        motion = await executed(rig, Move(HIGH, line=True, speed_m_s=0.05))
        await asyncio.sleep(0.6)
        assert (await motion.cancel()).kind == "canceled"
        assert await stands(rig)
        assert gap_m(rig.robot, HIGH) > 0.01
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    on_group(body)


@pytest.mark.ros2
@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1])
def test_a_cancel_that_comes_before_the_trajectory_is_under_way_stops_it_soon(on_group, after_s):
    async def body(rig):
        motion = await executed(rig, Move(HIGH), SLOWLY)
        assert await motion.accepted()
        await asyncio.sleep(after_s)
        assert (await motion.cancel()).kind == "canceled"
        assert await stands(rig)
        assert gap_m(rig.robot, HIGH) > 0.01
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    on_group(body)


@pytest.mark.ros2
@pytest.mark.parametrize(
    ("flags", "kind", "code"),
    [
        ({"rejects": True}, "rejected", "refused"),
        ({"deaf": True}, "aborted", "no_answer"),
        ({"hangs": True}, "aborted", "no_answer"),
        ({"lies": True}, "aborted", "not_there"),
        ({"loses": True}, "aborted", "no_result"),
    ],
)
def test_what_a_move_group_in_another_process_does_not_do_ends_the_motion(on_group, flags, kind, code):
    async def body(rig):
        rig.move_group.call("execute", **flags)
        outcome = await asyncio.wait_for((await executed(rig, Move(HIGH))).result(), 20.0)
        assert (outcome.kind, outcome.code) == (kind, code)
        assert await stands(rig)
        rig.move_group.start()
        assert (await (await executed(rig, Move(FAR))).result()).ok

    on_group(body)


@pytest.mark.ros2
def test_a_trajectory_that_is_taken_late_is_stopped_at_once(on_group):
    async def body(rig):
        start = rig.robot.state.value.joints
        rig.move_group.call("execute", deaf=True)
        assert (await (await executed(rig, Move(HIGH))).result()).code == "no_answer"
        rig.move_group.call("execute", deaf=False)
        await asyncio.sleep(1.5)
        assert await stands(rig)
        assert distance(rig.robot.state.value.joints, start) < 0.1
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    on_group(body)


@pytest.mark.ros2
def test_a_slow_robot_is_stopped_by_it_with_what_helps(on_group):
    async def body(rig):
        rig.slow(0.3)
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.kind, outcome.code) == ("aborted", "timed_out")
        assert await stands(rig)

    on_group(body)


@pytest.mark.ros2
def test_a_move_group_that_dies_while_the_arm_moves_ends_the_motion_and_the_arm_stands(on_group):
    async def body(rig):
        slowly = Move(SLOWLY.to, line=True, speed_m_s=0.005)
        await (await executed(rig, Move(HIGH))).result()
        rig.move_group.call("execute", dies=True)
        outcome = await asyncio.wait_for((await executed(rig, slowly)).result(), 30.0)
        assert (outcome.kind, outcome.code) == ("aborted", "lost")
        assert await stands(rig)
        assert gap_m(rig.robot, SLOWLY.to) > 0.001
        rig.move_group.start()

    on_group(body)
