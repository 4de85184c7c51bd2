"""What a look costs once the picture is there: Open3D in its process, warmed up."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.camera_sim import intrinsics_for
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.geometry import Pose
from tests.bench.report import Figure, bench, percentile
from tests.depth_scenes import PLACE, Photographer, expected, request, write_parts

if TYPE_CHECKING:
    from orchestrator.core.ports import Check, CheckRequest, Shot

CHECKS = 30
TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
POT = expected("pot", PLACE)
RING = expected("ring", PLACE.shifted(z=0.03), 0, part="ring_47")
BRACKET = expected("bracket", PLACE)


@bench("vision.check_ms_1280", "ms", hold=100)
def wide() -> Figure:
    return _checks(1280, 720)


@bench("vision.check_ms_640", "ms", hold=50)
def small() -> Figure:
    return _checks(640, 360)


def _checks(width: int, height: int) -> Figure:
    """Check a ring in a pot and a bracket on the table in turns, each in its place, each in a picture of its own."""
    asked = [(request(RING, [TABLE, POT]), [TABLE, POT, RING]), (request(BRACKET, [TABLE]), [TABLE, BRACKET])]
    with tempfile.TemporaryDirectory() as folder:
        write_parts(Path(folder))
        photographer = Photographer(Path(folder), seed=5)
        lens = intrinsics_for(width, height)
        shots = [
            (asks, photographer.shoot(truth, intrinsics=lens)) for _ in range(CHECKS // 2 + 1) for asks, truth in asked
        ]
        answers = asyncio.run(_judge(Path(folder), shots))[2:]  # the first of each kind load its meshes
    took_ms = [ms for ms, answer in answers if answer.verdict == "ok"]
    note = (
        f"median, p95 {percentile(took_ms, 0.95):.0f} ms; {width} x {height}, a ring in a pot and a bracket, in place; "
        f"to the vision process and back, {len(took_ms)} of {len(answers)} ended ok"
    )
    return Figure(percentile(took_ms, 0.5), len(took_ms), note)


async def _judge(folder: Path, shots: list[tuple[CheckRequest, Shot]]) -> list[tuple[float, Check]]:
    vision = VisionOpen3D(folder)
    await vision.warm_up()
    out = []
    for asks, shot in shots:
        began = time.perf_counter()
        answer = await vision.check(asks, shot)
        out.append(((time.perf_counter() - began) * 1000, answer))
    await vision.close()
    return out
