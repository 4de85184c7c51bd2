"""What every simulated device has: a name, chance of its own, and faults by name."""

from __future__ import annotations

import asyncio
import zlib
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from orchestrator.core.errors import DeviceError, known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Reading

NO_ANSWER_S = 1.0  # how long a device is waited for before it counts as offline
NEAR_M = 0.06  # what stands within this of a frame, or over it, is at the frame
SIGMAS = 2.5  # where scatter is cut off


class SimDevice:
    """A device by its name in the cell file. `seed` and name decide its scatter, whatever other devices do."""

    kind: ClassVar[str] = "device"
    own_faults: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.random = np.random.default_rng((seed, 2, zlib.crc32(name.encode())))
        self._fault = ""
        self._times: int | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults that this kind of device knows."""
        return ("offline", "hangs", *self.own_faults)

    def set_fault(self, fault: str, times: int | None) -> None:
        """Let it fail, for a number of uses or until cleared. Raises NotFound for a fault that it can't have."""
        if fault not in self.faults:
            raise known(f"fault of a {self.kind}", fault, self.faults)
        self._fault, self._times = fault, times

    def clear_fault(self) -> None:
        """Let it work again."""
        self._fault, self._times = "", None

    def struck(self, faults: Iterable[str] | None = None) -> str:
        """Return which of some faults (its own) strikes now, and count it; "" for none."""
        fault = self._fault
        if fault not in (self.own_faults if faults is None else faults):
            return ""
        if self._times is not None:
            self._times -= 1
            if self._times <= 0:
                self.clear_fault()
        return fault

    async def answers(self) -> None:
        """Go on where the device answers. Raises DeviceError (offline); one that hangs never returns."""
        fault = self.struck(("offline", "hangs"))
        if fault == "hangs":
            await asyncio.get_running_loop().create_future()
        if fault == "offline":
            await asyncio.sleep(NO_ANSWER_S)
            raise DeviceError(f"{self.name} does not answer.", remedy="Check its power and network.", code="offline")

    def scatter(self, sigma: float) -> float:
        """Return a seeded normal deviate, cut off at 2.5 sigma."""
        return float(np.clip(self.random.standard_normal(), -SIGMAS, SIGMAS)) * sigma


class SimSensor(SimDevice):
    """A device that senses something."""

    @abstractmethod
    async def read(self) -> Reading:
        """Return what it senses now. See `Devices.read`."""


def standing_at(world: World, frame: Pose, near_m: float = NEAR_M) -> list[str]:
    """Return the bodies that stand at a frame of the cell (not on another body there), those in the gripper left out.

    At a frame is what has its origin within `near_m` of it, or covers it seen from above, at its height.
    """
    found = []
    for body_id in world.visible():
        body = world.body(body_id)
        if body.parent or body.source:
            continue
        low, high = world.bounds(body_id)
        x, y, z = frame.p
        over = low[0] <= x <= high[0] and low[1] <= y <= high[1]
        p = world.pose(body_id).p
        near = (p[0] - x) ** 2 + (p[1] - y) ** 2 < near_m**2
        if (over or near) and low[2] - NEAR_M <= z <= high[2]:
            found.append(body_id)
    return found
