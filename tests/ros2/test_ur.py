"""A UR's own status: what of it stops motion, and in which order its stop is released."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from orchestrator.adapters import robot_ros2
from orchestrator.adapters.robot_ros2 import STALE_S
from orchestrator.adapters.ros2 import node
from orchestrator.adapters.ros2.ur import RUNNING, SAFETY
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.core.errors import RobotError
from orchestrator.core.ports import Acknowledgement, Grip, Move, Safety
from orchestrator.core.ros2_spec import Ros2DigitalSpec, Ros2GripperSpec, Ros2SafetySpec
from tests.contract.test_robot import HIGH, stands
from tests.ros2.found import why_not
from tests.ros2.rig import SETTINGS, RosRig
from tests.ros2.test_misbehaving import SLOWLY, executed
from tests.unit.test_ros2_choosing import PLAIN, SCALED

STATUS = "io_and_status_controller"
UR = SETTINGS.model_copy(update={"safety": Ros2SafetySpec(source="ur")})
BOTH = UR.model_copy(update={"controller": (SCALED, PLAIN)})


def test_only_normal_and_reduced_let_a_ur_move():
    assert {mode for mode, safety in SAFETY.items() if safety in (Safety.NORMAL, Safety.REDUCED)} == {1, 2}
    assert 11 not in SAFETY  # undefined


@pytest.fixture
def with_ur(request, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    pytest.importorskip("ur_dashboard_msgs")
    pytest.importorskip("controller_manager_msgs")
    from tests.ros2.fake_manager import FakeManager
    from tests.ros2.fake_ur import FakeUr

    servers = request.getfixturevalue("servers")

    def run(body, *, states=None, settings=UR, **fake):
        async def whole():
            ur = FakeUr(**fake)
            ur.manager = FakeManager({STATUS: "active", **(states or {})})
            rig = RosRig(tmp_path, servers, settings, wait=False)
            try:
                await body(rig, ur)
            finally:
                await rig.close()
                ur.manager.close()
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
def test_an_arm_whose_brakes_take_longer_than_other_calls_is_made_ready(with_ur, monkeypatch):
    monkeypatch.setattr(node, "CALL_S", 0.0)  # whatever takes any time takes longer

    async def body(rig, ur):
        ur.tell(safety=1, mode=3)
        await heard(rig, Safety.NORMAL)
        await rig.robot.ready()
        assert ur.asked == ["brake_release", "resend_robot_program"]

    with_ur(body)


@pytest.mark.ros2
def test_without_headless_mode_somebody_is_told_to_start_the_program(with_ur, monkeypatch):
    async def body(rig, ur):
        ur.tell(safety=1, mode=RUNNING)
        await heard(rig, Safety.NORMAL)
        monkeypatch.setattr(robot_ros2, "WAIT_S", 0.1)  # nobody will
        with pytest.raises(RobotError) as lacking:
            await rig.robot.ready()
        assert (lacking.value.code, lacking.value.message) == ("not_ready", "The robot's program does not run.")
        assert "Play" in lacking.value.remedy
        assert "headless_mode:=true" in lacking.value.remedy
        ur.tell(program=True)
        assert await rig._ros._until(lambda: rig._ros._program, 20.0)
        await rig.robot.ready()

    with_ur(body, headless=False)


@pytest.mark.ros2
def test_without_headless_mode_a_stop_is_released_all_the_same(with_ur, monkeypatch):
    async def body(rig, ur):
        await well(rig, ur)
        ur.tell(safety=3)
        await heard(rig, Safety.PROTECTIVE_STOP)
        monkeypatch.setattr(robot_ros2, "WAIT_S", 1.0)
        assert await rig.robot.recover(Acknowledgement("ada", rig.clock.now())) is Safety.NORMAL
        assert ur.asked == ["stop", "unlock_protective_stop", "resend_robot_program"]
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.code, "Play" in outcome.remedy) == ("not_ready", True)

    with_ur(body, headless=False)


def activated_late(rig, ur):
    """Have the driver take the controller off the arm, and return what puts it back once somebody asked in vain."""
    states = ur.manager.states
    states[PLAIN] = "inactive"
    rig.misbehave(rejects=True)

    def activate(asked):
        while ur.manager.asked < asked + 2:
            time.sleep(0.01)
        rig.misbehave(rejects=False)
        states[PLAIN] = "active"

    return lambda: threading.Thread(target=activate, args=(ur.manager.asked,)).start()


@pytest.mark.ros2
def test_after_a_stop_the_arm_moves_as_soon_as_its_driver_has_activated_the_controller(with_ur):
    async def body(rig, ur):
        def stopped():
            ur.runs = activated_late(rig, ur)

        await well(rig, ur)
        ur.ends = stopped
        ur.tell(safety=3)
        await heard(rig, Safety.PROTECTIVE_STOP)
        assert await rig.robot.recover(Acknowledgement("ada", rig.clock.now())) is Safety.NORMAL
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    with_ur(body, states={SCALED: "inactive", PLAIN: "active"}, settings=BOTH)


@pytest.mark.ros2
def test_after_play_the_arm_moves_as_soon_as_its_driver_has_activated_the_controller(with_ur):
    async def body(rig, ur):
        await well(rig, ur)
        ur.tell(program=False)
        assert await rig._ros._until(lambda: not rig._ros._program, 20.0)
        activate = activated_late(rig, ur)
        ur.tell(program=True)
        assert await rig._ros._until(lambda: rig._ros._program, 20.0)
        activate()
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    with_ur(body, states={SCALED: "inactive", PLAIN: "active"}, settings=BOTH)


@pytest.mark.ros2
def test_where_its_controller_is_inactive_the_program_is_looked_at_first(with_ur):
    async def body(rig, ur):
        await well(rig, ur)
        ur.manager.states.update({PLAIN: "inactive"})
        rig.misbehave(rejects=True)
        outcome = await (await executed(rig, Move(HIGH))).result()
        assert (outcome.code, "Play" in outcome.remedy) == ("inactive", True)

    with_ur(body, states={SCALED: "inactive", PLAIN: "active"}, settings=BOTH)


@pytest.mark.ros2
@pytest.mark.parametrize("how", ["deactivated", "cleaned up"])
def test_without_its_status_controller_nothing_is_known_though_joint_states_go_on(with_ur, how):
    async def body(rig, ur):
        assert rig.robot.safety.value is Safety.UNKNOWN  # nothing was told yet
        await well(rig, ur)
        await asyncio.sleep(2 * STALE_S)
        assert rig.robot.safety.value is Safety.NORMAL  # a latched state does not grow old
        if how == "deactivated":
            ur.manager.states[STATUS] = "inactive"
        else:
            ur.lose_status()
        await heard(rig, Safety.UNKNOWN)
        assert rig._ros._fresh
        assert not rig.robot.state.value.program_running
        if how == "deactivated":  # what was told last is told again
            ur.manager.states[STATUS] = "active"
            await heard(rig, Safety.NORMAL)
            assert await rig._ros._until(lambda: rig.robot.state.value.program_running, 20.0)

    with_ur(body)


@pytest.mark.ros2
@pytest.mark.parametrize("crashed", [False, True])
def test_a_program_of_a_driver_that_was_restarted_runs_once_it_says_so(with_ur, crashed):
    async def body(rig, ur):
        await well(rig, ur)
        ur.restart(crashed=crashed)
        ur.tell(safety=1, mode=RUNNING)  # a program that does not run is not told of
        assert await rig._ros._until(lambda: not rig._ros._program, 20.0)
        await heard(rig, Safety.NORMAL)
        assert (await (await executed(rig, Move(HIGH))).result()).code == "not_ready"
        ur.tell(program=True)
        assert await rig._ros._until(lambda: rig._ros._program, 20.0)
        assert (await (await executed(rig, Move(HIGH))).result()).ok

    with_ur(body)


@pytest.mark.ros2
def test_a_manager_that_is_busy_for_a_while_changes_nothing(with_ur):
    async def body(rig, ur):
        await well(rig, ur)
        asked = ur.manager.asked
        ur.manager.free.clear()
        assert await rig._ros._until(lambda: ur.manager.asked > asked, 20.0)
        assert (await (await executed(rig, Move(HIGH))).result()).ok
        assert rig.robot.safety.value is Safety.NORMAL

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


@pytest.mark.ros2
def test_a_gripper_on_its_own_pins_holds_a_part_closes_on_nothing_and_fails(with_ur):
    pytest.importorskip("ur_msgs")
    digital = Ros2DigitalSpec(output=16, holding=2, closed=3)

    async def body(rig, ur):
        set_to, between = [], [2]  # what was set, and which inputs closing turns on

        def output(pin, on):
            set_to.append((pin, on))
            ur.inputs = set(between) if on else set()
            return True

        ur.output = output
        await well(rig, ur)
        robot = rig.robot
        assert robot.state.value.opening_m == pytest.approx(UR5E.gripper.stroke_m)
        assert (await robot.grip(Grip(close=True, opening_m=0.03)).result()).ok
        assert robot.state.value.holding
        assert (await robot.grip(Grip(close=False, opening_m=0.06)).result()).ok
        assert not robot.state.value.holding
        assert set_to == [(16, True), (16, False)]
        between[:] = [3]
        assert (await robot.grip(Grip(close=True, opening_m=0.03)).result()).ok
        assert not robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.0, abs=1e-6)
        between[:] = []
        outcome = await robot.grip(Grip(close=True, opening_m=0.03)).result()
        assert (outcome.code, "neither input 2 nor input 3" in outcome.message) == ("gripper", True)
        ur.output = lambda pin, on: False
        outcome = await robot.grip(Grip(close=False, opening_m=0.06)).result()
        assert (outcome.code, "set_io said no" in outcome.message) == ("gripper", True)

    with_ur(body, settings=UR.model_copy(update={"gripper": Ros2GripperSpec(digital=digital)}))
