"""A clamp at a frame of the cell, with sensed ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from orchestrator.adapters.sim.devices.device import SimSensor, standing_at
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose

TRAVEL_S = 0.6


class SimClamp(SimSensor):
    """A clamp that senses whether it is closed, and whether something stands in it. Broken off, it goes back."""

    kind: ClassVar[str] = "clamp"
    own_faults: ClassVar[tuple[str, ...]] = ("jammed",)

    def __init__(self, name: str, seed: int, world: World, frame: Pose) -> None:
        super().__init__(name, seed)
        self.closed = False
        self._world = world
        self._frame = frame

    async def read(self) -> Reading:
        """Return whether it is closed and whether something stands in it."""
        await self.answers()
        return self._sensed()

    async def move(self, *, close: bool) -> Reading:
        """Close or open. See `Devices.clamp`."""
        await self.answers()
        if self.closed == close:
            return self._sensed()
        jammed = self.struck() == "jammed"
        await asyncio.sleep(TRAVEL_S)
        if jammed:
            word = "close" if close else "open"
            return Reading(self._sensed().values, "jammed", f"{self.name} did not {word}: it is jammed.")
        self.closed = close
        return self._sensed()

    def _sensed(self) -> Reading:
        return Reading({"clamped": self.closed, "part": bool(standing_at(self._world, self._frame))})
