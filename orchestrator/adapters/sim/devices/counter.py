"""A sensor that counts what truly lies in a bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from orchestrator.adapters.sim.devices.device import SimSensor
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from orchestrator.adapters.sim.world import World


class SimCounter(SimSensor):
    """A counter of one bin. One that miscounts is one off."""

    kind: ClassVar[str] = "counter"
    own_faults: ClassVar[tuple[str, ...]] = ("miscounts",)

    def __init__(self, name: str, seed: int, world: World, bin_name: str) -> None:
        super().__init__(name, seed)
        self._world = world
        self._bin = bin_name

    async def read(self) -> Reading:
        """Return how many parts lie in the bin."""
        await self.answers()
        count = sum(body.source == self._bin for body in self._world)
        return Reading({"count_pcs": count + (self.struck() == "miscounts")})
