"""The embedded tools and instruments: a screwdriver, a tester, a gauge, with scatter by seed and faults by name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.core.errors import DeviceError, known
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.geometry import Pose

SCATTER = 0.01  # one sigma of what a tool reaches, as a share of its setpoint; 2.5 sigma at most
USE_S = 2.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A way for a tool to go wrong: the status and words that it reports, and what becomes of its values."""

    status: str
    message: str
    share: float = 1.0  # of the setpoint that is reached
    raises: bool = False


FAULTS = {
    "offline": Fault("offline", "does not answer", raises=True),
    "slips": Fault("slipped", "slipped off before the setpoint", share=0.4),
    "cross_threaded": Fault("cross_threaded", "reached its torque too early: the thread is crossed"),
    "stripped": Fault("stripped", "never reached its torque: the thread is stripped", share=0.15),
    "drifts": Fault("ok", "", share=1.25),  # out of calibration: it says ok and is wrong
}


class SimDevices:
    """Tools by the names of the cell file, each with the values that it gives and their range in the value's unit."""

    def __init__(self, tools: Mapping[str, Mapping[str, tuple[float, float]]], *, seed: int) -> None:
        self._tools = {name: dict(gives) for name, gives in tools.items()}
        self._random = np.random.default_rng((seed, 2))
        self._faults: dict[str, tuple[str, int | None]] = {}

    def set_fault(self, tool: str, fault: str, *, times: int | None = None) -> None:
        """Let a tool fail, for a number of uses or until cleared. Raises NotFound for unknown names."""
        self._gives(tool)
        if fault not in FAULTS:
            raise known("fault", fault, FAULTS)
        self._faults[tool] = (fault, times)

    def clear_fault(self, tool: str) -> None:
        """Let a tool work again. Raises NotFound."""
        self._gives(tool)
        self._faults.pop(tool, None)

    async def use(self, tool: str, setpoints: Mapping[str, float], *, at: Pose | None = None) -> Reading:  # noqa: ARG002 - simulated tools work alike everywhere
        """Run a tool towards its setpoints ({"torque_Nm": 12.0}); it takes seconds on the loop's clock.

        Raises NotFound for an unknown tool or value, DeviceError for a setpoint outside the range and when the tool
        does not answer.
        """
        gives = self._gives(tool)
        for name, value in setpoints.items():
            if name not in gives:
                raise known(f"value of {tool}", name, gives)
            low, high = gives[name]
            if not low <= value <= high:
                raise DeviceError(
                    f"{tool} can't do {name} {value:g}: its range is {low:g} to {high:g}.",
                    remedy="Use a tool with this range, or correct the setpoint.",
                    code="out_of_range",
                )
        fault = self._strike(tool)
        await asyncio.sleep(USE_S)
        if fault is not None and fault.raises:
            raise DeviceError(f"{tool} {fault.message}.", remedy="Check its power and network.", code=fault.status)
        values: dict[str, float] = {}
        for name, value in setpoints.items():
            scatter = float(np.clip(self._random.standard_normal(), -2.5, 2.5)) * SCATTER
            values[name] = round(value * (fault.share if fault else 1.0) * (1 + scatter), 3)
        if fault is None:
            return Reading(values)
        return Reading(values, fault.status, f"{tool} {fault.message}." if fault.message else "")

    def _gives(self, tool: str) -> dict[str, tuple[float, float]]:
        if tool not in self._tools:
            raise known("tool", tool, self._tools)
        return self._tools[tool]

    def _strike(self, tool: str) -> Fault | None:
        if tool not in self._faults:
            return None
        name, times = self._faults[tool]
        if times is not None:
            if times <= 1:
                del self._faults[tool]
            else:
                self._faults[tool] = (name, times - 1)
        return FAULTS[name]
