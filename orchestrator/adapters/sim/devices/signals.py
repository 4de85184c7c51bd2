"""Digital signals: outputs that are written, inputs that sense frames of the cell or are set from outside."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from orchestrator.adapters.sim.devices.device import SimSensor, standing_at
from orchestrator.core.errors import known
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.devices_spec import IoSpec
    from orchestrator.core.geometry import Pose

WRITE_S = 0.01  # one cycle of the bus


class SimSignals(SimSensor):
    """Inputs and outputs of one io. `senses` gives the frames (world) that inputs feel for a part at."""

    kind: ClassVar[str] = "io"
    own_faults: ClassVar[tuple[str, ...]] = ("stuck",)

    def __init__(self, name: str, seed: int, world: World, spec: IoSpec, senses: Mapping[str, Pose]) -> None:
        super().__init__(name, seed)
        self._inputs, self._outputs = spec.inputs, spec.outputs
        self._signals = dict.fromkeys((*spec.inputs, *spec.outputs), False)
        self._waiting: list[tuple[str, bool, asyncio.Future[None]]] = []
        self._world = world
        self._senses = dict(senses)
        if senses:
            world.listen(self._feel)
            self._feel()

    async def read(self) -> Reading:
        """Return every signal."""
        await self.answers()
        return self._sensed()

    async def write(self, outputs: Mapping[str, bool]) -> Reading:
        """Set outputs. See `Devices.write`."""
        for name in outputs:
            if name not in self._outputs:
                raise known(f"output of {self.name}", name, self._outputs)
        await self.answers()
        stuck = self.struck() == "stuck"
        await asyncio.sleep(WRITE_S)
        if not stuck:
            for name, value in outputs.items():
                self._put(name, value=value)
        wrong = [name for name, value in outputs.items() if self._signals[name] != value]
        if wrong:
            return Reading(self._sensed().values, "stuck", f"{self.name}: {', '.join(wrong)} did not follow.")
        return self._sensed()

    async def wait(self, signal: str, *, value: bool) -> Reading:
        """Wait for a signal. See `Devices.wait`; where it is stuck, no edge is ever heard."""
        if signal not in self._signals:
            raise known(f"signal of {self.name}", signal, self._signals)
        await self.answers()
        if self.struck() == "stuck":
            await asyncio.get_running_loop().create_future()
        if self._signals[signal] != value:
            edge: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            entry = (signal, value, edge)
            self._waiting.append(entry)
            try:
                await edge
            finally:
                self._waiting.remove(entry)
        return self._sensed()

    def set_input(self, signal: str, *, value: bool) -> None:
        """Change an input from outside: a button, a door. Raises NotFound."""
        if signal not in self._inputs:
            raise known(f"input of {self.name}", signal, self._inputs)
        self._put(signal, value=value)

    def _feel(self) -> None:
        """Called whenever a body has changed place."""
        for signal, frame in self._senses.items():
            self._put(signal, value=bool(standing_at(self._world, frame)))

    def _put(self, signal: str, *, value: bool) -> None:
        self._signals[signal] = value
        for name, wanted, edge in self._waiting:
            if name == signal and wanted == value and not edge.done():
                edge.set_result(None)

    def _sensed(self) -> Reading:
        return Reading(dict(self._signals))
