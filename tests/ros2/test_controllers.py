"""An arm that has several controllers, as a UR has: the active one moves it, and one that is not is called so."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core.errors import RobotError
from orchestrator.core.ports import Move, Twist
from tests.contract.test_robot import HIGH, held
from tests.ros2.double import SETTINGS, DoubleRig
from tests.ros2.found import why_not
from tests.ros2.rig import SETTINGS as REAL
from tests.ros2.rig import RosRig
from tests.unit.test_ros2_choosing import PLAIN, SCALED

BOTH = {"controller": (SCALED, PLAIN)}
UP = Twist((0.0, 0.0, 0.1))


def on_double(body, folder, states, **changes):
    async def whole():
        rig = DoubleRig(folder, settings=SETTINGS.model_copy(update=changes))
        rig._link.states = states
        try:
            await body(rig)
        finally:
            await rig.close()

    run_virtual(whole)


async def moved(rig):
    return await rig.robot.execute(await rig.robot.plan([Move(HIGH)])).result()


@pytest.mark.parametrize("states", [{SCALED: "active", PLAIN: "inactive"}, {PLAIN: "active"}, None])
def test_the_active_controller_moves_the_arm(tmp_path, states):
    async def body(rig):
        await rig.robot.ready()
        assert (await moved(rig)).ok
        motion = await held(rig, UP, 0.3)
        assert (await motion.cancel()).kind == "canceled"

    on_double(body, tmp_path, states, **BOTH)


def test_a_robot_without_an_active_controller_is_not_ready(tmp_path):
    async def body(rig):
        with pytest.raises(RobotError) as lacking:
            await rig.robot.ready()
        assert (lacking.value.code, SCALED in lacking.value.message) == ("not_ready", True)

    on_double(body, tmp_path, {SCALED: "inactive", PLAIN: "inactive"}, **BOTH)


def test_where_a_controller_is_switched_a_motion_says_so_and_the_next_one_runs(tmp_path):
    async def body(rig):
        await rig.robot.ready()
        rig._link.states.update({SCALED: "inactive", PLAIN: "active"})
        outcome = await moved(rig)
        assert (outcome.kind, outcome.code) == ("rejected", "inactive")
        assert f"{SCALED} is inactive" in outcome.message
        assert "ros2 control list_controllers" in outcome.remedy
        assert (await moved(rig)).ok

    on_double(body, tmp_path, {SCALED: "active", PLAIN: "inactive"}, **BOTH)


@pytest.mark.parametrize("changes", [{}, BOTH])
def test_a_jog_on_a_controller_that_is_not_active_says_so(tmp_path, changes):
    async def body(rig):
        await rig.robot.ready()
        rig._link.states.update({SCALED: "inactive", PLAIN: "inactive"})
        motion = await held(rig, Twist((-3.0, 3.0, 0.0)), 0.2)
        outcome = await motion.result()
        assert (outcome.kind, outcome.code) == ("aborted", "inactive")
        assert "ros2 control list_controllers" in outcome.remedy

    on_double(body, tmp_path, {SCALED: "active", PLAIN: "active"}, **changes)


def test_a_controller_that_nobody_tells_of_may_be_inactive_where_it_refuses(tmp_path):
    async def body(rig):
        await rig.robot.ready()
        rig.misbehave(rejects=True)
        outcome = await moved(rig)
        assert outcome.code == "refused"
        assert "ros2 control list_controllers" in outcome.remedy

    on_double(body, tmp_path, None)


# ---- over a real middleware ------------------------------------------------------------------------------------


@pytest.fixture
def on_managed(request, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    pytest.importorskip("controller_manager_msgs")
    from tests.ros2.fake_manager import FakeManager

    servers = request.getfixturevalue("servers")

    def run(body, states):
        async def whole():
            manager = FakeManager(states) if states is not None else None
            rig = RosRig(tmp_path, servers, REAL.model_copy(update=BOTH))
            try:
                await body(rig, manager)
            finally:
                await rig.close()
                if manager is not None:
                    manager.close()

        asyncio.run(whole())

    return run


@pytest.mark.ros2
@pytest.mark.parametrize("states", [{SCALED: "inactive", PLAIN: "active"}, None], ids=["managed", "nobody tells"])
def test_over_ros_2_the_active_controller_moves_the_arm(on_managed, states):
    async def body(rig, manager):
        await rig.robot.ready()
        assert (await moved(rig)).ok

    on_managed(body, states)


@pytest.mark.ros2
def test_over_ros_2_a_controller_that_refuses_is_called_inactive_where_it_is(on_managed):
    async def body(rig, manager):
        await rig.robot.ready()
        manager.states = {SCALED: "inactive", PLAIN: "inactive"}
        rig.misbehave(rejects=True)
        outcome = await moved(rig)
        assert (outcome.code, f"{PLAIN} is inactive" in outcome.message) == ("inactive", True)
        manager.states = {SCALED: "inactive", PLAIN: "active"}
        rig.misbehave(rejects=False)
        assert (await moved(rig)).ok

    on_managed(body, {SCALED: "inactive", PLAIN: "active"})
