"""What every robot adapter promises, in Gazebo: an arm that physics moves, under the real trajectory controller."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.clock_wall import WallClock
from tests.contract import test_robot as suite
from tests.contract.running import on_robot
from tests.ros2.building import built, in_the_embedded_cell, ros2_cell
from tests.ros2.mock_rig import GazeboKind, Hardware, why_not_gazebo
from tests.ros2.rig import apart

pytestmark = pytest.mark.ros2
HIGH = """robot: {adapter: ros2, model: ur5e, at: {xyz_mm: [0, 0, 1500]}, gripper: parallel_85, payload_kg: 5}
adapters:
  robot_ros2: {rehearsal: true, use_sim_time: true, safety: {source: none, supervised: true}}
"""  # the suite knows no table
globals().update({name: value for name, value in vars(suite).items() if name.startswith("test_")})


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gazebo")
    (folder / "high.yaml").write_text(HIGH, encoding="utf-8")
    with apart(25):
        hardware = Hardware(folder, "gazebo.launch.py", f"cell:={folder / 'high.yaml'}", "without:=parts cameras")
        yield hardware
        hardware.close()


@pytest.fixture
def on_rig(request, tmp_path):
    """Run a coroutine on a robot that is ready (unless told not to be), and hold it to leaving no task behind."""
    if reason := why_not_gazebo():
        pytest.skip(reason)
    return on_robot(GazeboKind(request.getfixturevalue("hardware").guard), tmp_path)


@pytest.mark.slow
def test_a_unit_is_built_with_the_journal_of_the_embedded_cell(tmp_path):
    if reason := why_not_gazebo():
        pytest.skip(reason)

    async def in_gazebo():
        async with ros2_cell(tmp_path, None, clock=WallClock(), simulated=True) as cell:
            return await built(cell)

    with apart(30):
        hardware = Hardware(tmp_path, "gazebo.launch.py", "without:=parts cameras")
        try:
            hardware.guard.start()
            assert asyncio.run(in_gazebo()) == run_virtual(in_the_embedded_cell)
        finally:
            hardware.close()
