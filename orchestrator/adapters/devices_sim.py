"""The embedded cell's devices: tools, clamps, signals, scanners, printers, scales and counters, with faults by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orchestrator.adapters.sim.devices.clamp import SimClamp
from orchestrator.adapters.sim.devices.counter import SimCounter
from orchestrator.adapters.sim.devices.device import SimSensor
from orchestrator.adapters.sim.devices.printer import LABEL, SimPrinter
from orchestrator.adapters.sim.devices.scale import SimScale
from orchestrator.adapters.sim.devices.scanner import SimScanner
from orchestrator.adapters.sim.devices.screwdriver import TORQUE, Head, SimScrewdriver
from orchestrator.adapters.sim.devices.signals import SimSignals
from orchestrator.adapters.sim.devices.tool import SimTool
from orchestrator.core.devices_spec import ClampSpec, CounterSpec, IoSpec, PrinterSpec, ScaleSpec, ScannerSpec
from orchestrator.core.errors import known
from orchestrator.core.ports import Mesh, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.adapters.sim.devices.device import SimDevice
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.devices_spec import DeviceSpec
    from orchestrator.core.geometry import Pose
    from orchestrator.core.variant import PartSpec

D = TypeVar("D")


class SimDevices:
    """Devices by the names of the cell file; tools each with the values that they give and their range.

    What gives a torque is a screwdriver. `seed` decides all scatter, for each device on its own.
    """

    def __init__(
        self,
        tools: Mapping[str, Mapping[str, tuple[float, float]]],
        *,
        seed: int,
        world: World | None = None,
        heads: Callable[[], Sequence[Head]] = tuple,
    ) -> None:
        self._seed = seed
        self._devices: dict[str, SimDevice] = {}
        for name, gives in tools.items():
            self._devices[name] = (
                SimScrewdriver(name, seed, gives, world=world, heads=heads)
                if TORQUE in gives
                else SimTool(name, seed, gives)
            )

    @classmethod
    def of(
        cls,
        spec: CellSpec,
        world: World,
        *,
        seed: int,
        kinds: Mapping[str, PartSpec],
        heads: Callable[[], Sequence[Head]] = tuple,
    ) -> SimDevices:
        """Make the devices of a cell file. Raises NotFound for a device at a frame that the cell lacks."""
        out = cls({name: tool.gives for name, tool in spec.tools.items()}, seed=seed, world=world, heads=heads)
        for name, device in spec.devices.items():
            out._devices[name] = _made(name, device, spec, world, seed, kinds)
        return out

    # ---- faults and the world outside --------------------------------------------------------------------------

    def set_fault(self, device: str, fault: str, *, times: int | None = None) -> None:
        """Let a device fail, for a number of uses or until cleared. Raises NotFound for unknown names."""
        self._any(device).set_fault(fault, times)

    def clear_fault(self, device: str) -> None:
        """Let a device work again. Raises NotFound."""
        self._any(device).clear_fault()

    def set_input(self, device: str, signal: str, *, value: bool) -> None:
        """Change an input of an io from outside: a button, a door. Raises NotFound."""
        self._one(device, SimSignals, "io").set_input(signal, value=value)

    async def by_hand(self, device: str, setpoints: Mapping[str, float], *, near: Pose | None = None) -> Reading:
        """Use a tool as a person does, who sees where to put it; what a tool does not give is not set.

        `near` is where it should be. Instruments are read. Raises NotFound, DeviceError.
        """
        found = self._any(device)
        if isinstance(found, SimSensor):
            return await found.read()
        tool = self._one(device, SimTool, "tool")
        own = {name: value for name, value in setpoints.items() if name in tool.gives}
        return await tool.use(own, None if near is None else tool.by_hand(near))

    @property
    def screws(self) -> dict[str, dict[str, float]]:
        """How far (degrees) true screws were turned, by the screwdriver that turned them."""
        drivers = {name: d for name, d in self._devices.items() if isinstance(d, SimScrewdriver)}
        return {name: driver.turned for name, driver in drivers.items()}

    def restore(self, screws: Mapping[str, Mapping[str, float]]) -> None:
        """Find screws turned so far; of a driver that the cell lacks nothing is known."""
        for name, turned in screws.items():
            driver = self._devices.get(name)
            if isinstance(driver, SimScrewdriver):
                driver.restore(turned)

    # ---- the port ----------------------------------------------------------------------------------------------

    async def use(self, tool: str, setpoints: Mapping[str, float], *, at: Pose | None = None) -> Reading:
        """Run a tool towards its setpoints ({"torque_Nm": 12.0}); it takes seconds on the loop's clock.

        Raises NotFound for an unknown tool or value, DeviceError for a setpoint outside the range and when the tool
        does not answer.
        """
        return await self._one(tool, SimTool, "tool").use(setpoints, at)

    async def read(self, device: str) -> Reading:
        """Return what a device senses now. Raises NotFound, DeviceError."""
        return await self._one(device, SimSensor, "sensing device").read()  # type: ignore[type-abstract] # it is asked for, not made

    async def clamp(self, device: str, *, close: bool) -> Reading:
        """Close or open a clamp. Raises NotFound, DeviceError."""
        return await self._one(device, SimClamp, "clamp").move(close=close)

    async def write(self, device: str, outputs: Mapping[str, bool]) -> Reading:
        """Set outputs of an io. Raises NotFound, DeviceError."""
        return await self._one(device, SimSignals, "io").write(outputs)

    async def wait(self, device: str, signal: str, *, value: bool) -> Reading:
        """Wait until a signal of an io is `value`. Raises NotFound, DeviceError."""
        return await self._one(device, SimSignals, "io").wait(signal, value=value)

    async def print_label(self, device: str, template: str, fields: Mapping[str, str]) -> Reading:
        """Print one label. Raises NotFound, DeviceError."""
        return await self._one(device, SimPrinter, "printer").print_label(template, fields)

    def _any(self, name: str) -> SimDevice:
        if name not in self._devices:
            raise known("device", name, self._devices)
        return self._devices[name]

    def _one(self, name: str, kind: type[D], word: str) -> D:
        found = self._devices.get(name)
        if not isinstance(found, kind):
            raise known(word, name, (other for other, device in self._devices.items() if isinstance(device, kind)))
        return found


def _made(
    name: str, device: DeviceSpec, spec: CellSpec, world: World, seed: int, kinds: Mapping[str, PartSpec]
) -> SimDevice:
    def frame(at: str) -> Pose:
        if at not in spec.frames:
            raise known(f"frame for {name}", at, spec.frames)
        return spec.frames[at]

    match device:
        case ClampSpec():
            return SimClamp(name, seed, world, frame(device.at))
        case IoSpec():
            return SimSignals(name, seed, world, device, {key: frame(at) for key, at in device.senses.items()})
        case ScannerSpec():
            return SimScanner(name, seed, world, frame(device.at))
        case PrinterSpec():
            part = kinds.get(device.prints)
            shape = Mesh(part.mesh) if part is not None and part.mesh else LABEL
            return SimPrinter(name, seed, world, frame(device.at), device, shape)
        case ScaleSpec():
            masses = {kind: part.mass_kg for kind, part in kinds.items() if part.mass_kg is not None}
            return SimScale(name, seed, world, frame(device.at), device.max_kg, masses)
        case CounterSpec():
            return SimCounter(name, seed, world, device.bin)
