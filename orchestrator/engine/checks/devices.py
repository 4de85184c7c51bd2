"""Devices of a cell file: at frames that there are, with names of their own, told apart by kind and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.devices_spec import CounterSpec, IoSpec, PrinterSpec
from orchestrator.engine.findings import hint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.devices_spec import DeviceSpec
    from orchestrator.core.errors import Problem
    from orchestrator.engine.yaml_source import Source


def problems(source: Source, cell: CellSpec, kinds: Collection[str] | None) -> Iterator[Problem]:
    """Yield what is wrong with a cell's devices. `kinds` are the parts of all products, None where unknown."""
    places: dict[tuple[str, str], str] = {}
    for name, spec in cell.devices.items():
        path = ("devices", name)
        if name in cell.tools:
            yield source.problem(path, f"'{name}' is a tool and a device.", "Rename one of them.")
        yield from _frames(source, cell, name, spec)
        at = getattr(spec, "at", None)
        if at is not None:
            first = places.setdefault((spec.kind, at), name)
            if first != name:
                text = f"'{first}' and '{name}' are both a {spec.kind} at '{at}': a step could mean either."
                yield source.problem(path, text, "Give one of them a frame of its own.")
        if isinstance(spec, CounterSpec):
            yield from _bin(source, cell, name, spec)
        if isinstance(spec, PrinterSpec) and kinds and spec.prints not in kinds:
            text = f"Printer '{name}' prints '{spec.prints}', which no product uses."
            yield source.problem((*path, "prints"), text, hint(spec.prints, kinds), warning=True)


def _frames(source: Source, cell: CellSpec, name: str, spec: DeviceSpec) -> Iterator[Problem]:
    """Yield frames that a device is at or senses, and that the cell does not have."""
    at = getattr(spec, "at", None)
    named: list[tuple[tuple[str, ...], str]] = [(("devices", name, "at"), at)] if at is not None else []
    named += [(("devices", name, "senses", signal), frame) for signal, frame in _senses(spec).items()]
    for path, frame in named:
        if frame not in cell.frames:
            text = f"Device '{name}' names no frame of the cell: '{frame}'."
            yield source.problem(path, text, hint(frame, cell.frames))


def _senses(spec: DeviceSpec) -> dict[str, str]:
    return spec.senses if isinstance(spec, IoSpec) else {}


def _bin(source: Source, cell: CellSpec, name: str, spec: CounterSpec) -> Iterator[Problem]:
    path = ("devices", name, "bin")
    if spec.bin not in cell.supply:
        yield source.problem(path, f"Counter '{name}' names no bin '{spec.bin}'.", hint(spec.bin, cell.supply))
    elif cell.supply[spec.bin].grid is None:
        text = f"Counter '{name}' can't count bin '{spec.bin}': its parts lie loose."
        yield source.problem(path, text, "Give the bin a grid, or let the ledger count it.")
