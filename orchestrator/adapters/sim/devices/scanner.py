"""A scanner that reads the mark of what is truly before it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, ClassVar

from orchestrator.adapters.sim.devices.device import SimSensor
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose

REACH_M = 0.3
SCAN_S = 0.4
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class SimScanner(SimSensor):
    """A scanner at a frame: of the marked bodies within its reach it reads the nearest."""

    kind: ClassVar[str] = "scanner"
    own_faults: ClassVar[tuple[str, ...]] = ("reads_nothing", "reads_wrong")

    def __init__(self, name: str, seed: int, world: World, frame: Pose) -> None:
        super().__init__(name, seed)
        self._world = world
        self._frame = frame

    async def read(self) -> Reading:
        """Return the code that it sees; status no_read without one."""
        await self.answers()
        fault = self.struck()
        await asyncio.sleep(SCAN_S)
        near = [
            (distance, self._world.body(body).mark)
            for body, pose in self._world.visible().items()
            if self._world.body(body).mark and (distance := math.dist(pose.p, self._frame.p)) <= REACH_M
        ]
        if not near or fault == "reads_nothing":
            return Reading({}, "no_read", f"{self.name} sees no code.")
        code = min(near)[1]
        return Reading({"code": self._misread(code) if fault == "reads_wrong" else code})

    def _misread(self, code: str) -> str:
        place = int(self.random.integers(len(code)))
        others = [letter for letter in LETTERS if letter != code[place]]
        return code[:place] + others[int(self.random.integers(len(others)))] + code[place + 1 :]
