"""Safety states and readings are as old as they are, however long they lay about before they were heard."""

from __future__ import annotations

import asyncio

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.robot_ros2 import STALE_S
from orchestrator.core.ports import Move, Safety
from tests.contract.test_robot import HIGH
from tests.ros2.double import DoubleRig


def on_double(body, folder):
    async def whole():
        rig = DoubleRig(folder)
        await rig.robot.ready()
        try:
            return await body(rig)
        finally:
            await rig.close()

    return run_virtual(whole)


def test_a_safety_state_that_was_told_long_ago_is_not_known_however_often_it_is_heard(tmp_path):
    async def body(rig):
        loop = asyncio.get_running_loop()
        plan = await rig.robot.plan([Move(HIGH)])
        rig._link.silent = True
        told_s = loop.time()
        while loop.time() < told_s + STALE_S + 0.15:
            rig._link._heard.safety_told(Safety.NORMAL, told_s)
            await asyncio.sleep(0.01)
        assert rig.robot.safety.value is Safety.UNKNOWN
        rig._link._heard.safety_told(Safety.NORMAL, told_s)
        assert rig.robot.safety.value is Safety.UNKNOWN
        assert (await rig.robot.execute(plan).result()).code == "unsafe"

    on_double(body, tmp_path)


def test_no_motion_starts_on_a_state_that_has_become_too_old_between_two_looks(tmp_path):
    async def body(rig):
        plan = await rig.robot.plan([Move(HIGH)])
        rig._link.silent = True
        rig._ros._safety_s = asyncio.get_running_loop().time() - STALE_S - 0.01
        assert rig.robot.safety.value is Safety.NORMAL  # nobody has looked yet
        assert (await rig.robot.execute(plan).result()).code == "unsafe"
        assert rig.robot.safety.value is Safety.UNKNOWN

    on_double(body, tmp_path)


def test_a_stop_that_is_heard_of_late_is_taken_at_once(tmp_path):
    async def body(rig):
        rig._link.silent = True
        old_s = asyncio.get_running_loop().time() - 2 * STALE_S
        rig._link._heard.safety_told(Safety.PROTECTIVE_STOP, old_s)
        assert rig.robot.safety.value is Safety.PROTECTIVE_STOP

    on_double(body, tmp_path)


def test_readings_that_are_late_say_nothing_of_now(tmp_path):
    async def body(rig):
        assert rig.robot.safety.value is Safety.NORMAL
        loop, begun_s = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        stamped = rig.clock.now()
        while loop.time() < begun_s + 2 * STALE_S:  # joint states go on to come, stamped ever the same
            rig._link.off_s = stamped - rig.clock.now()
            await asyncio.sleep(0.004)
        assert rig.robot.safety.value is Safety.UNKNOWN

    on_double(body, tmp_path)
