"""A UR's own status: what of it stops motion, and in which order its stop is released."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.robot_ros2 import STALE_S
from orchestrator.adapters.ros2.ur import RUNNING, SAFETY
from orchestrator.core.errors import RobotError
from orchestrator.core.ports import Acknowledgement, Move, Safety
from orchestrator.core.ros2_spec import Ros2SafetySpec
from tests.contract.test_robot import HIGH, stands
from tests.ros2.found import why_not
from tests.ros2.rig import SETTINGS, RosRig
from tests.ros2.test_misbehaving import SLOWLY, executed

UR = SETTINGS.model_copy(update={"safety": Ros2SafetySpec(source="ur")})


def test_only_normal_and_reduced_let_a_ur_move():
    assert {mode for mode, safety in SAFETY.items() if safety in (Safety.NORMAL, Safety.REDUCED)} == {1, 2}
    assert 11 not in SAFETY  # undefined


@pytest.fixture
def with_ur(request, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    pytest.importorskip("ur_dashboard_msgs")
    from tests.ros2.fake_ur import FakeUr

    servers = request.getfixturevalue("servers")

    def run(body):
        async def whole():
            ur = FakeUr()
            rig = RosRig(tmp_path, servers, UR, wait=False)
            try:
                await body(rig, ur)
            finally:
                await rig.close()
                ur.close()

        asyncio.run(whole())

    return run


async def heard(rig, safety):
    assert await rig._ros._until(lambda: rig.robot.safety.value is safety, 20.0), rig.robot.safety.value


async def well(rig, ur):
    ur.tell(safety=1, mode=RUNNING, program=True)
    await heard(rig, Safety.NORMAL)
    await rig.robot.ready()


@pytest.mark.ros2
def test_modes_are_numbered_as_the_drivers_messages_have_them(with_ur):
    async def body(rig, ur):
        from ur_dashboard_msgs.msg import RobotMode, SafetyMode

        assert RobotMode.RUNNING == RUNNING
        assert SAFETY[SafetyMode.PROTECTIVE_STOP] is Safety.PROTECTIVE_STOP
        assert SAFETY[SafetyMode.ROBOT_EMERGENCY_STOP] is Safety.EMERGENCY_STOP
        assert SAFETY[SafetyMode.SYSTEM_THREE_POSITION_ENABLING_STOP] is Safety.SAFEGUARD_STOP
        assert SafetyMode.UNDEFINED_SAFETY_MODE not in SAFETY

    with_ur(body)


@pytest.mark.ros2
def test_an_arm_without_power_is_made_ready_and_moves(with_ur):
    async def body(rig, ur):
        ur.tell(safety=1, mode=3)
        await heard(rig, Safety.NORMAL)
        await rig.robot.ready()
        assert ur.asked == ["brake_release", "resend_robot_program"]
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    with_ur(body)


@pytest.mark.ros2
def test_a_protective_stop_is_released_after_the_program_has_ended(with_ur):
    async def body(rig, ur):
        await well(rig, ur)
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await motion.accepted()
        await asyncio.sleep(0.5)
        rig.misbehave(speed=0.0)  # the robot holds; its controller would go on
        ur.tell(safety=3)
        assert (await motion.result()).code == "protective_stop"
        rig.misbehave(speed=1.0)
        assert ur.asked == []
        assert await rig.robot.recover(Acknowledgement("ada", rig.clock.now())) is Safety.NORMAL
        assert ur.asked == ["stop", "unlock_protective_stop", "resend_robot_program"]
        assert await stands(rig)

    with_ur(body)


@pytest.mark.ros2
def test_a_stop_whose_program_goes_on_is_not_released(with_ur):
    async def body(rig, ur):
        await well(rig, ur)
        ur.endless = True
        ur.tell(safety=3)
        await heard(rig, Safety.PROTECTIVE_STOP)
        with pytest.raises(RobotError):
            await rig.robot.recover(Acknowledgement("ada", rig.clock.now()))
        assert ur.asked == ["stop"]
        assert rig.robot.safety.value is Safety.PROTECTIVE_STOP

    with_ur(body)


@pytest.mark.ros2
def test_a_program_that_ends_ends_the_motion(with_ur):
    async def body(rig, ur):
        await well(rig, ur)
        motion = await executed(rig, Move(HIGH), SLOWLY)
        await motion.accepted()
        ur.tell(program=False)
        assert (await motion.result()).code == "program"
        assert (await (await executed(rig, Move(HIGH))).result()).code == "not_ready"

    with_ur(body)


@pytest.mark.ros2
def test_without_its_status_controller_nothing_is_known_though_joint_states_go_on(with_ur):
    async def body(rig, ur):
        assert rig.robot.safety.value is Safety.UNKNOWN  # nothing was told yet
        await well(rig, ur)
        await asyncio.sleep(2 * STALE_S)
        assert rig.robot.safety.value is Safety.NORMAL  # a latched state does not grow old
        ur.lose_status()
        await heard(rig, Safety.UNKNOWN)
        assert rig._ros._fresh

    with_ur(body)


@pytest.mark.ros2
def test_the_speed_slider_is_heard(with_ur):
    async def body(rig, ur):
        await well(rig, ur)
        for percent in (50.0, 0.0, 100.0):
            for _ in range(200):  # best effort: the first may go before anybody listens
                ur.slide(percent)
                await asyncio.sleep(0.05)
                if rig._ros._drive.slider == percent / 100.0:
                    break
            assert rig._ros._drive.slider == percent / 100.0

    with_ur(body)
