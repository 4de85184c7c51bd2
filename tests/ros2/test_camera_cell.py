"""A cell with one camera over ROS 2 and one that is simulated: each is asked where it is."""

from __future__ import annotations

import asyncio
import sys

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.app import embedded
from orchestrator.core.errors import SetupError
from orchestrator.core.settings import Settings
from orchestrator.engine.library import read_cell
from tests.contract.camera_rigs import LENS
from tests.ros2.building import ROOT, cell_file
from tests.ros2.double import Double
from tests.ros2.found import why_not
from tests.ros2.hardware import Nothing

TOP = "model: structured_light}"


def with_a_camera(folder, ros2):
    path = cell_file(folder)
    text = path.read_text(encoding="utf-8")
    told = text.replace(TOP, f"{TOP[:-1]}, size_px: [{LENS.width}, {LENS.height}], view_deg: 50, ros2: {ros2}}}", 1)
    assert told != text
    path.write_text(told, encoding="utf-8")
    return Settings(instructions=ROOT / "instructions", cell=path, skills=ROOT / "skills", seed=1)


def test_a_cell_whose_camera_can_not_be_had_ends_its_robot_and_says_why(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sensor_msgs.msg", None)
    settings = with_a_camera(tmp_path, "{depth: top/depth}")
    links = []

    async def begin():
        loop = asyncio.get_running_loop()
        from orchestrator.adapters.clock_virtual import VirtualClock

        clock = VirtualClock(loop)
        links.append(Double(Nothing(), clock))
        async with embedded(settings, clock, link=links[0]):
            raise AssertionError("it can't begin")

    with pytest.raises(SetupError, match="ROS 2 is not to be had here for cameras"):
        run_virtual(begin)
    assert links[0]._timer.cancelled()


@pytest.mark.ros2
def test_a_cell_takes_pictures_of_both(request, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    driver = request.getfixturevalue("camera_driver")
    driver.start()
    settings = with_a_camera(tmp_path, "{depth: top/depth}")
    spec = read_cell(settings.cell)

    async def body():
        clock = WallClock()
        async with embedded(settings, clock, link=Double(Nothing(), clock)) as cell:
            asked = clock.now()
            shot = await cell.calibrated["top"].shoot()
            other = await cell.calibrated["press_cam"].shoot()
            assert set(cell.cameras) == {"press_cam"}  # the simulated ones
            assert shot.depth_m.shape == (LENS.height, LENS.width)
            assert (shot.camera, shot.pose) == ("top", spec.cameras["top"].at)
            assert asked <= shot.stamp <= clock.now()
            assert other.depth_m.shape == (720, 1280)

    asyncio.run(body())
