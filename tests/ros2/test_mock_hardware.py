"""What every robot adapter promises, on ros2_control's mock hardware with the real trajectory controller."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.clock_wall import WallClock
from tests.contract import test_robot as suite
from tests.contract.running import on_robot
from tests.ros2.building import built, in_the_embedded_cell, ros2_cell
from tests.ros2.mock_rig import Hardware, MockKind, why_not_mock
from tests.ros2.rig import apart

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
