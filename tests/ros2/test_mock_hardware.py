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
STIFF = "what is rehearsed does not yield: the push depends on when the controller heard of it"
HASTE = "a trajectory counts from when the controller hears of it: uneven ticks bend a jog's speed by up to a quarter"
OPEN = {
    "test_a_guarded_move_tells_by_depth_and_force_what_it_met": STIFF,
    "test_a_guarded_move_meets_what_comes_into_its_way_while_it_runs": STIFF,
    "test_no_jog_is_faster_than_reduced_speed_and_caps_slow_it_further": HASTE,
}
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
    open_why = next((why for name, why in OPEN.items() if request.node.name.startswith(name)), None)
    if open_why is not None:
        request.applymarker(pytest.mark.xfail(reason=open_why))
    kind = MockKind(request.getfixturevalue("hardware").guard)
    return on_robot(kind, tmp_path)


@pytest.mark.slow
def test_a_unit_is_built_with_the_journal_of_the_embedded_cell(request, tmp_path):
    if reason := why_not_mock():
        pytest.skip(reason)
    request.getfixturevalue("hardware").guard.start()

    async def on_mock_hardware():
        async with ros2_cell(tmp_path, None, clock=WallClock()) as cell:
            return await built(cell)

    assert asyncio.run(on_mock_hardware()) == run_virtual(in_the_embedded_cell)
