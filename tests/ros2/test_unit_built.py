"""A whole unit of the shipped product with a ROS 2 robot: the same steps and results as in the embedded cell."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.clock_wall import WallClock
from tests.ros2.building import built, in_the_embedded_cell, ros2_cell
from tests.ros2.double import Double
from tests.ros2.found import why_not
from tests.ros2.hardware import Nothing
from tests.ros2.moveit_double import ExecutingDouble
from tests.ros2.moveit_rig import why_no_moveit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [Double, ExecutingDouble])
def test_over_a_double_the_journal_is_that_of_the_embedded_cell(tmp_path, kind):
    moveit = kind is ExecutingDouble

    async def over_the_double():
        async with ros2_cell(tmp_path, lambda clock: kind(Nothing(), clock), moveit=moveit) as cell:
            return await built(cell)

    assert run_virtual(over_the_double) == run_virtual(in_the_embedded_cell)


@pytest.mark.ros2
@pytest.mark.parametrize("moveit", [False, True])
def test_over_a_real_middleware_the_journal_is_that_of_the_embedded_cell(request, tmp_path, moveit):
    if reason := why_no_moveit() if moveit else why_not():
        pytest.skip(reason)
    for process in ("servers", "move_group") if moveit else ("servers",):
        request.getfixturevalue(process).start()

    async def over_ros_2():
        async with ros2_cell(tmp_path, None, moveit=moveit, clock=WallClock()) as cell:
            return await built(cell)

    assert asyncio.run(over_ros_2()) == run_virtual(in_the_embedded_cell)
