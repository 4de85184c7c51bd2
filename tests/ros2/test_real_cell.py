"""A cell in which nothing is simulated but behind ROS 2: arm, digital gripper and camera, each in another process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.machine import CellVerb
from orchestrator.core.ports import Box, Safety
from orchestrator.engine.library import read_cell
from tests.ros2.found import why_not
from tests.ros2.rig import ServerProcess, alone
from tests.unit.cell_bench import ROOT, authored, bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDS_S = 240.0
BASE = Box((0.06, 0.06, 0.03))
ROS2 = """adapters:
  robot_ros2:
    safety: {source: topic, release: release}
    gripper: {digital: {output: gripper/close, holding: gripper/holding, closed: gripper/closed, time_s: 1.5}}
"""
pytestmark = [pytest.mark.ros2, pytest.mark.slow]


@pytest.fixture(scope="module")
def processes() -> Iterator[tuple[ServerProcess, ServerProcess]]:
    if reason := why_not():
        pytest.skip(reason)
    alone(8)
    hardware = ServerProcess("--gripper", "digital"), ServerProcess(module="tests.ros2.pictures")
    for process in hardware:
        process.start()
    yield hardware
    for process in hardware:
        process.close()
    alone()


def real_cell(folder: Path) -> Path:
    """Write the small product with its first step alone, and its cell with nothing in it that Tandem would simulate."""
    procedure = authored(folder) / "stack" / "procedure.yaml"
    text = procedure.read_text(encoding="utf-8")
    head, steps = text.split("steps:\n")
    procedure.write_text(f"{head}steps:\n{steps.splitlines()[0]}\n", encoding="utf-8")
    path = folder / "cell.yaml"
    text = path.read_text(encoding="utf-8")
    text = text[: text.index("devices:")] + ROS2
    for ours, theirs in (
        ("{model: ur5e,", "{adapter: ros2, model: ur5e,"),
        ("model: structured_light}", "model: structured_light, ros2: {depth: top/depth, wait_s: 8}}"),
        ("for: [robot, human]", "for: [human]"),
    ):
        assert text.count(ours) == 1
        text = text.replace(ours, theirs)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("there", [True, False])
def test_a_part_is_picked_placed_and_seen(processes, tmp_path, there):
    arm, camera = processes
    spec = read_cell(real_cell(tmp_path))
    assert spec.real
    nest, top = spec.frames["nest_1"], spec.cameras["top"]
    arm.start()
    camera.start()
    for slot in range(6):
        arm.call("put", "base", BASE, spec.supply["bases"].slot(slot).shifted(z=0.015))
    seen: tuple[tuple[str, Any], ...] = (("stack/base.glb", nest),) if there else ()
    camera.call("see", seen, folder=str(tmp_path), pose=top.at, lens=top.intrinsics)

    async def body() -> Any:
        vision = VisionOpen3D(tmp_path)
        try:
            async with bench(tmp_path, vision=vision, clock=WallClock(), skills=ROOT / "skills") as cell:
                view = cell.cell.desk.screen.topics["cell"]
                assert (view.simulated, view.rehearsal) == (False, False)
                await cell.until(lambda state: state.safety is Safety.NORMAL, ENDS_S)
                cell.work(
                    tends=True
                )  # on a busy machine readings come late, the cell holds, and somebody lets it go on
                await cell.change(CellVerb.START)
                await cell.order()
                seen = (event.measured for event in cell.log if getattr(event, "measured", None))
                await cell.until(lambda _: any(getattr(event, "measured", None) for event in cell.log), ENDS_S)
                assert not cell.cell.robot.state.value.holding
                assert {event.type for event in cell.log} >= {"motion_intended", "part_moved"}
                return next(seen)
        finally:
            await vision.close()

    measured = asyncio.run(body())
    assert measured.verdict == ("ok" if there else "missing"), measured
    assert measured.shot_t > 0
