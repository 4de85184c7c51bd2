"""The cell's devices as an attempt uses them: whether each answers is heard on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Devices, Reading

OFFLINE = "offline"


class HeardDevices:
    """Devices that say by the way whether they answer: `heard` is called with the name and that, after each use.

    Nobody asks a device in between: whether it answers is known when a step needs it.
    """

    def __init__(self, devices: Devices, heard: Callable[[str, bool], None]) -> None:
        self._devices = devices
        self._heard = heard

    async def use(self, tool: str, setpoints: Mapping[str, float], *, at: Pose | None = None) -> Reading:
        """Run a tool; see `Devices`."""
        return await self._listened(tool, self._devices.use(tool, setpoints, at=at))

    async def read(self, device: str) -> Reading:
        """Return what a device senses; see `Devices`."""
        return await self._listened(device, self._devices.read(device))

    async def clamp(self, device: str, *, close: bool) -> Reading:
        """Close or open a clamp; see `Devices`."""
        return await self._listened(device, self._devices.clamp(device, close=close))

    async def write(self, device: str, outputs: Mapping[str, bool]) -> Reading:
        """Set outputs; see `Devices`."""
        return await self._listened(device, self._devices.write(device, outputs))

    async def wait(self, device: str, signal: str, *, value: bool) -> Reading:
        """Wait for a signal; see `Devices`."""
        return await self._listened(device, self._devices.wait(device, signal, value=value))

    async def print_label(self, device: str, template: str, fields: Mapping[str, str]) -> Reading:
        """Print a label; see `Devices`."""
        return await self._listened(device, self._devices.print_label(device, template, fields))

    async def _listened(self, name: str, pending: Awaitable[Reading]) -> Reading:
        try:
            reading = await pending
        except DeviceError as error:
            if error.code == OFFLINE:
                self._heard(name, False)
            raise
        self._heard(name, True)
        return reading
