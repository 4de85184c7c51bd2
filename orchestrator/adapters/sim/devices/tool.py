"""Tools and instruments that reach, or measure, what they are set to: a tester, a press, a gauge."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from orchestrator.adapters.sim.devices.device import SimDevice
from orchestrator.core.errors import DeviceError, known
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.geometry import Pose

SCATTER = 0.01  # one sigma of what a tool reaches, as a share of its setpoint
USE_S = 2.0
SLIPPED = 0.4  # of the setpoint: where a tool slips off
DRIFT = 1.25  # of the truth: what a tool out of calibration says


class SimTool(SimDevice):
    """A tool with the values that it gives and their range in the value's unit. `runs` while it works."""

    kind: ClassVar[str] = "tool"
    own_faults: ClassVar[tuple[str, ...]] = ("slips", "drifts")

    def __init__(self, name: str, seed: int, gives: Mapping[str, tuple[float, float]]) -> None:
        super().__init__(name, seed)
        self.gives = dict(gives)
        self.runs = False

    async def use(self, setpoints: Mapping[str, float], at: Pose | None) -> Reading:
        """Run towards the setpoints; seconds pass. See `Devices.use`."""
        self._refuse(setpoints)
        await self.answers()
        self.runs = True
        try:
            return await self._run(setpoints, at)
        finally:
            self.runs = False

    def by_hand(self, near: Pose) -> Pose:
        """Return where a person puts it who is told to use it at a pose."""
        return near

    async def _run(self, setpoints: Mapping[str, float], at: Pose | None) -> Reading:  # noqa: ARG002 - it works alike everywhere
        fault = self.struck()
        await asyncio.sleep(USE_S)
        share = {"slips": SLIPPED, "drifts": DRIFT}.get(fault, 1.0)
        values = {name: round(value * share * (1 + self.scatter(SCATTER)), 3) for name, value in setpoints.items()}
        if fault == "slips":
            return Reading(values, "slipped", f"{self.name} slipped off before the setpoint.")
        return Reading(values)

    def _refuse(self, setpoints: Mapping[str, float]) -> None:
        for name, value in setpoints.items():
            if name not in self.gives:
                raise known(f"value of {self.name}", name, self.gives)
            low, high = self.gives[name]
            if not low <= value <= high:
                raise DeviceError(
                    f"{self.name} can't do {name} {value:g}: its range is {low:g} to {high:g}.",
                    remedy="Use a tool with this range, or correct the setpoint.",
                    code="out_of_range",
                )
