"""A scale that weighs what truly stands on its pan."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from orchestrator.adapters.sim.devices.device import SimSensor, standing_at
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose

PAN_M = 0.15  # how far from the middle of its pan something may stand
SETTLE_S = 1.2
STEP_KG = 0.001  # what it shows
NOISE_KG = 0.0005  # one sigma
DRIFT = 1.05


class SimScale(SimSensor):
    """A scale with its pan at a frame. `masses` (kg, by kind of part) is the truth; a kind without one weighs nothing.

    Repeatability and step are those of a 10 kg bench scale of class III: half a gram and a gram.
    """

    kind: ClassVar[str] = "scale"
    own_faults: ClassVar[tuple[str, ...]] = ("drifts",)

    def __init__(
        self, name: str, seed: int, world: World, frame: Pose, max_kg: float, masses: Mapping[str, float]
    ) -> None:
        super().__init__(name, seed)
        self._world = world
        self._frame = frame
        self._max_kg = max_kg
        self._masses = masses

    async def read(self) -> Reading:
        """Return the settled mass on the pan; status overload above its range."""
        await self.answers()
        fault = self.struck()
        await asyncio.sleep(SETTLE_S)
        bodies = {
            part for body in standing_at(self._world, self._frame, PAN_M) for part in self._world.with_contents(body)
        }
        true_kg = sum(self._masses.get(self._world.body(body).kind, 0.0) for body in bodies)
        shown = true_kg * (DRIFT if fault == "drifts" else 1.0) + self.scatter(NOISE_KG)
        values = {"mass_kg": round(round(shown / STEP_KG) * STEP_KG, 6) + 0.0}
        if true_kg > self._max_kg:
            return Reading({}, "overload", f"{self.name} carries more than its {self._max_kg:g} kg.")
        return Reading(values)
