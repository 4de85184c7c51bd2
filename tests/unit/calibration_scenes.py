"""A simulated camera that is wrong about itself, and a person who moves a board about in front of it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.sim.boards import SimBoards
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.calibration import BoardSpec
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Shot

BOARD = BoardSpec(squares=(9, 6), square_m=0.03, marker_m=0.022)
OFF = Pose.from_rpy((0.002, -0.002, 0.001), [math.radians(v) for v in (0.3, -0.3, 0.2646)])  # 3 mm, 0.5 degrees
TOP = CameraSetup("top", Pose.from_rpy((0.45, 0.0, 1.05), (math.pi, 0.0, math.pi / 2)))
WRONG = replace(TOP, calibration_error=OFF, focal_error=0.01, centre_error_px=(2.0, -1.5))
TILTS = [(30, 0), (-30, 0), (0, 30), (0, -30), (25, 25), (-25, 25), (25, -25), (-25, -25), (0, 0), (40, 10), (10, 40)]
SPOTS = [(x, y) for x in (-0.15, 0.0, 0.15) for y in (-0.08, 0.0, 0.08)] + [(0.1, 0.0), (-0.1, 0.0)]
HELD = [
    TOP.pose @ Pose.from_rpy((x, y, 0.5 + 0.06 * (i % 3)), (math.pi + math.radians(a), math.radians(b), 0.1 * i))
    for i, ((x, y), (a, b)) in enumerate(zip(SPOTS, TILTS, strict=True))
]
LAID = [Pose.from_rpy((x, y, 0.003), (0, 0, 0.1)) for x in (0.25, 0.65) for y in (-0.3, 0.3)]
LAID.append(Pose.from_rpy((0.45, 0.0, 0.1), (0.3, 0.0, 0.0)))


def pictures(setup: CameraSetup, places: Sequence[Pose], board: BoardSpec = BOARD, seed: int = 1) -> list[Shot]:
    """Take a picture of the board at each place (world)."""

    async def main() -> list[Shot]:
        world = World(MeshStore(Path("nowhere")))
        boards = SimBoards(world, {"chart": board}, {})
        clock = VirtualClock(asyncio.get_running_loop())
        camera = SimCamera(setup, world, clock, robot=None, seed=seed, boards=boards.bodies)
        taken = []
        for place in places:
            boards.hold("chart", place)
            taken.append(await camera.shoot())
        return taken

    return run_virtual(main)
