"""Whether the vision process keeps its size: kilobytes that it grows by in a check."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.adapters.vision_process import resident_mb
from orchestrator.core.geometry import Pose
from tests.bench.report import Figure, bench
from tests.depth_scenes import PLACE, Photographer, expected, moved, request, write_parts

if TYPE_CHECKING:
    from orchestrator.core.ports import CheckRequest, Shot

CHECKS = 3000 if os.environ.get("TANDEM_SOAK") else 400
SETTLED = 100  # checks until meshes, scenes and allocators have what they need
TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
POT = expected("pot", PLACE)
RING = expected("ring", PLACE.shifted(z=0.03), 0, part="ring_47")
SMALL_RING = expected("small_ring", PLACE.shifted(z=0.03), 0, part="ring_42")


@bench("vision.memory_slope", "kB/check", hold=1)
def slope() -> Figure:
    """Check in turns a ring in its place, displaced, another one, and none, with evidence kept of each."""
    with tempfile.TemporaryDirectory() as folder:
        write_parts(Path(folder))
        photographer = Photographer(Path(folder), seed=5)
        asks = request(RING, [TABLE, POT], look_alikes=[SMALL_RING])
        truths = ([TABLE, POT, RING], [TABLE, POT, moved(RING, 2.0)], [TABLE, POT, SMALL_RING], [TABLE, POT])
        held_mb, replaced = asyncio.run(_held_mb(Path(folder), asks, [photographer.shoot(truth) for truth in truths]))
    settled = held_mb[SETTLED:]
    slope_kb = float(np.polyfit(np.arange(len(settled)), settled, 1)[0]) * 1024
    note = (
        f"resident memory of the vision process, the last {len(settled):,} of {len(held_mb):,} checks with evidence: "
        f"{settled[0]:.1f} MB, then {settled[-1]:.1f} MB, {max(settled):.1f} at most; replaced {replaced} times"
    )
    return Figure(slope_kb, len(settled), note)


async def _held_mb(folder: Path, asks: CheckRequest, shots: list[Shot]) -> tuple[list[float], int]:
    vision = VisionOpen3D(folder, evidence=folder / "evidence")
    pids = {await vision.warm_up()}
    out = []
    for shot in itertools.islice(itertools.cycle(shots), CHECKS):
        await vision.check(asks, shot)
        pids.add(pid := await vision.warm_up())
        out.append(resident_mb(pid))
    await vision.close()
    return out, len(pids) - 1
