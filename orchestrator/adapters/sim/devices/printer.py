"""A label printer: a label is a true part that comes out at the printer's frame."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, ClassVar

from orchestrator.adapters.sim.devices.device import NEAR_M, SimSensor
from orchestrator.core.errors import BadInput, known
from orchestrator.core.ports import Box, Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.devices_spec import PrinterSpec
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Mesh

PRINT_S = 1.5
LABEL = Box((0.05, 0.025, 0.0002))


class SimPrinter(SimSensor):
    """A printer with a roll of labels of one kind of part; `shape` is what comes out."""

    kind: ClassVar[str] = "printer"
    own_faults: ClassVar[tuple[str, ...]] = ("empty", "jammed")

    def __init__(
        self, name: str, seed: int, world: World, frame: Pose, spec: PrinterSpec, shape: Box | Mesh = LABEL
    ) -> None:
        super().__init__(name, seed)
        self.left = spec.holds
        self._world = world
        self._frame = frame
        self._spec = spec
        self._shape = shape

    async def read(self) -> Reading:
        """Return how many labels are left, and whether one waits to be taken."""
        await self.answers()
        return Reading({"left": self.left, "waiting": self._waiting()})

    async def print_label(self, template: str, fields: Mapping[str, str]) -> Reading:
        """Print one label. See `Devices.print_label`; raises BadInput without a code to print."""
        if self._spec.templates and template not in self._spec.templates:
            raise known(f"template of {self.name}", template, self._spec.templates)
        code = fields.get("code", "")
        if not code:
            raise BadInput(f"{self.name} has no code to print.", remedy="Give a field named code.")
        await self.answers()
        fault = self.struck()
        if self._waiting():
            return self._none("waiting", "the label before has not been taken")
        if fault == "empty" or self.left == 0:
            return self._none("empty", "its roll is empty")
        await asyncio.sleep(PRINT_S)
        if fault == "jammed":
            return self._none("jammed", "a label is jammed in it")
        self.left -= 1
        self._world.add(self._spec.prints, self._shape, self._frame, mark=code)
        return Reading({"code": code, "left": self.left})

    def _none(self, status: str, why: str) -> Reading:
        return Reading({"left": self.left}, status, f"{self.name} printed nothing: {why}.")

    def _waiting(self) -> bool:
        return any(
            math.dist(pose.p, self._frame.p) < NEAR_M
            for body, pose in self._world.visible().items()
            if self._world.body(body).kind == self._spec.prints
        )
