"""What a check leaves behind in the memory of the vision process."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.work import memory_mb
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.geometry import Pose
from tests.bench.report import Figure, bench
from tests.depth_scenes import PLACE, Photographer, expected, moved, request, write_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKS = 3000 if os.environ.get("TANDEM_SOAK") else 300
SETTLE = 60  # checks until caches and the allocator's pools are full
HOLD_KB = 4.0  # 3,000 checks then leave 12 MB at most
TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
BRACKET = expected("bracket", PLACE)


@bench("vision.memory_slope", "kB", hold=HOLD_KB)
def slope() -> Figure:
    """Check a bracket in its place and displaced in turns, with evidence, in one process."""
    used_mb = asyncio.run(memory_over(CHECKS))
    note = f"a check, from the {SETTLE}th on; {used_mb[0]:.0f} MB at first, {used_mb[-1]:.0f} MB at last, one process"
    return Figure(slope_kb(used_mb[SETTLE:]), CHECKS, note)


def slope_kb(used_mb: Sequence[float]) -> float:
    """Return by how many kB a series of readings (MB) grows from one to the next, by least squares.

    >>> round(slope_kb([100.0, 100.2, 100.4, 100.6]), 3)
    200.0
    """
    return float(np.polyfit(np.arange(len(used_mb)), used_mb, 1)[0]) * 1000


async def memory_over(checks: int) -> list[float]:
    """Return the memory (MB) that one vision process has in use after each of some checks.

    Raises AssertionError where a check does not end as it should, or another process took over.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "evidence").mkdir()
        write_parts(folder)
        photographer = Photographer(folder, seed=5)
        shots = {
            "ok": photographer.shoot([TABLE, BRACKET]),
            "displaced": photographer.shoot([TABLE, moved(BRACKET, 2)]),
        }
        vision = VisionOpen3D(folder, evidence=folder / "evidence")
        try:
            pid = await vision.warm_up()
            used = []
            for number in range(checks):
                verdict = ("ok", "displaced")[number % 2]
                answer = await vision.check(request(BRACKET, [TABLE]), shots[verdict])
                assert answer.verdict == verdict, answer.reason
                used.append(memory_mb(pid))
            assert vision.process_id == pid
            return used
        finally:
            await vision.close()
