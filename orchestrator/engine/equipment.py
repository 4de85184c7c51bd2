"""The cell's devices as one attempt uses them: what fails is an error with a name, what was measured is evidence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from orchestrator.core.devices_spec import ClampSpec, PrinterSpec, ScaleSpec, ScannerSpec
from orchestrator.core.errors import DeviceError, known
from orchestrator.core.world import CELL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.ports import Reading
    from orchestrator.core.variant import Target
    from orchestrator.engine.attempt import Attempt

P = TypeVar("P", ClampSpec, PrinterSpec, ScaleSpec, ScannerSpec)


class Equipment:
    """An attempt's way to the devices. A device is meant by its name, or by the frame of the cell that it is at."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def keep(self, reading: Reading) -> None:
        """Let what was measured be the step's values, as far as its result asks for them."""
        asked = self._attempt.step.result.values
        self._attempt.values.update({name: value for name, value in reading.values.items() if name in asked})

    async def scan(self, which: str | Target) -> str:
        """Return the code that a scanner reads. Raises DeviceError (no_read, offline)."""
        return str(self._measured(await self._attempt.devices.read(self._named(which, ScannerSpec))).values["code"])

    async def weigh(self, which: str | Target) -> float:
        """Return the mass on a scale in kg. Raises DeviceError (overload, offline)."""
        return float(self._measured(await self._attempt.devices.read(self._named(which, ScaleSpec))).values["mass_kg"])

    async def count(self, counter: str) -> int:
        """Return how many parts a counter finds in its bin. Raises DeviceError."""
        return int(self._measured(await self._attempt.devices.read(counter)).values["count_pcs"])

    async def print_label(self, which: str | Target, template: str, fields: Mapping[str, str]) -> None:
        """Print a label; where the step's result asks for it, the ledger knows the part at the printer from then on.

        Raises DeviceError (empty, jammed, waiting, offline).
        """
        attempt, name = self._attempt, self._named(which, PrinterSpec)
        spec, result = attempt.state.spec.devices[name], attempt.step.result
        assert isinstance(spec, PrinterSpec)
        self._measured(await attempt.devices.print_label(name, template, fields))
        if result.part is not None and result.kind == spec.prints:
            pose = attempt.state.spec.frames[spec.at]
            await attempt.report(result.part, spec.prints, "placed", CELL, frame=spec.at, pose=pose)

    def clamp(self, which: str | Target) -> Clamp:
        """Return a clamp. Raises NotFound."""
        return Clamp(self._attempt, self._named(which, ClampSpec))

    def io(self, name: str) -> Signals:
        """Return an io's signals."""
        return Signals(self._attempt, name)

    def _measured(self, reading: Reading) -> Reading:
        checked(reading)
        self.keep(reading)
        return reading

    def _named(self, which: str | Target, kind: type[P]) -> str:
        """Return the name of the device that is meant: of a kind, by name, or at a frame."""
        devices = self._attempt.state.spec.devices
        there = {name: spec for name, spec in devices.items() if isinstance(spec, kind)}
        word = kind.__name__.removesuffix("Spec").lower()
        if isinstance(which, str):
            if which not in there:
                raise known(word, which, there)
            return which
        unit = self._attempt.state.units[self._attempt.unit]
        frame = self._attempt.state.frame(unit, which)
        found = [name for name, spec in there.items() if which.owner is None and spec.at == frame]
        if not found:
            raise known(f"{word} at", str(which), (spec.at for spec in there.values()))
        return found[0]


class Clamp:
    """One clamp."""

    def __init__(self, attempt: Attempt, name: str) -> None:
        self._attempt = attempt
        self.name = name

    async def close(self) -> bool:
        """Close it, at once where it is closed; returns whether it senses a part. Raises DeviceError (jammed)."""
        return bool(checked(await self._attempt.devices.clamp(self.name, close=True)).values["part"])

    async def open(self) -> None:
        """Open it, at once where it is open. Raises DeviceError (jammed)."""
        checked(await self._attempt.devices.clamp(self.name, close=False))

    async def closed(self) -> bool:
        """Tell whether it senses itself closed. Raises DeviceError."""
        return bool(checked(await self._attempt.devices.read(self.name)).values["clamped"])


class Signals:
    """The signals of one io."""

    def __init__(self, attempt: Attempt, name: str) -> None:
        self._attempt = attempt
        self.name = name

    async def read(self, signal: str) -> bool:
        """Return a signal. Raises NotFound, DeviceError."""
        values = checked(await self._attempt.devices.read(self.name)).values
        if signal not in values:
            raise known(f"signal of {self.name}", signal, values)
        return bool(values[signal])

    async def write(self, **outputs: bool) -> None:
        """Set outputs by their names. Raises NotFound, DeviceError (stuck)."""
        checked(await self._attempt.devices.write(self.name, outputs))

    async def wait(self, signal: str, *, value: bool = True, timeout_s: float | None = None) -> None:
        """Wait until a signal is `value`; at once where it is. Raises DeviceError (no_signal) after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._attempt.devices.wait(self.name, signal, value=value)
        except TimeoutError:
            word = "on" if value else "off"
            raise DeviceError(
                f"{signal} of {self.name} did not go {word} within {timeout_s:g} s.",
                remedy=f"See what keeps {signal}, then retry.",
                code="no_signal",
            ) from None


def checked(reading: Reading) -> Reading:
    """Return a reading that is ok. Raises DeviceError with its status as the code."""
    if reading.status != "ok":
        message = reading.message or f"The device reports {reading.status}."
        raise DeviceError(
            message, remedy=REMEDIES.get(reading.status, "See the device, then retry."), code=reading.status
        )
    return reading


REMEDIES = {
    "jammed": "Free it, then retry.",
    "empty": "Put in a new roll, then retry.",
    "waiting": "Take the label out of the printer, then retry.",
    "no_read": "Hold the code in front of the scanner, then retry.",
    "overload": "Take something off the scale.",
    "stuck": "See the wiring of this output.",
    "no_screw": "See whether a screw sits there, and where.",
    "cross_threaded": "Turn the screw out, start it straight by hand, then retry.",
    "stripped": "Take the screw out and look at the thread.",
    "slipped": "See bit and screw head, then retry.",
}
