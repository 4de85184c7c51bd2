"""What every robot adapter promises, on ros2_control's mock hardware with the real trajectory controller."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.core.ports import Acknowledgement, Move, Safety
from tests.contract import test_robot as suite
from tests.contract.running import on_robot
from tests.ros2.building import built, in_the_embedded_cell, ros2_cell
from tests.ros2.mock_rig import UNFELT, Hardware, MockKind, MockRig, why_not_mock
from tests.ros2.rig import apart
from tests.ros2.test_misbehaving import executed
from tests.unit.test_ros2_choosing import PLAIN, SCALED

pytestmark = pytest.mark.ros2
globals().update({name: value for name, value in vars(suite).items() if name.startswith("test_")})


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    with apart(50):
        hardware = Hardware(tmp_path_factory.mktemp("mock"), "mock.launch.py")
        yield hardware
        hardware.close()


@pytest.fixture
def on_rig(request, tmp_path):
    """Run a coroutine on a robot that is ready (unless told not to be), and hold it to leaving no task behind."""
    if reason := why_not_mock():
        pytest.skip(reason)
    return on_robot(MockKind(request.getfixturevalue("hardware").guard), tmp_path)


@pytest.mark.slow
def test_a_unit_is_built_with_the_journal_of_the_embedded_cell(request, tmp_path):
    if reason := why_not_mock():
        pytest.skip(reason)
    request.getfixturevalue("hardware").guard.start()

    async def on_mock_hardware():
        async with ros2_cell(tmp_path, None, clock=WallClock()) as cell:
            return await built(cell)

    assert asyncio.run(on_mock_hardware()) == run_virtual(in_the_embedded_cell)


@pytest.mark.slow
def test_of_several_controllers_the_one_is_used_that_ros2_controls_manager_calls_active(request, tmp_path):
    if reason := why_not_mock():
        pytest.skip(reason)
    guard = request.getfixturevalue("hardware").guard

    async def main():
        rig = MockRig(tmp_path, guard, UNFELT.model_copy(update={"controller": (SCALED, PLAIN)}))
        try:
            await rig.robot.ready()
            assert (await (await executed(rig, Move(suite.HIGH))).result()).ok
            rig.trip()  # its controller is taken off the arm, as a UR's driver does
            assert await rig._link.doubt() == f"{PLAIN} is inactive"
            assert await rig.robot.recover(Acknowledgement("ada", rig.clock.now())) is Safety.NORMAL
            assert (await (await executed(rig, Move(suite.LOW))).result()).ok
        finally:
            await rig.close()

    asyncio.run(main())
