"""Bins whose parts lie loose: the camera that finds them, and whether they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.camera import aside
from orchestrator.engine.findings import hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.cell import BinSpec, CellSpec
    from orchestrator.core.errors import Problem
    from orchestrator.engine.yaml_source import Source


def problems(source: Source, cell: CellSpec) -> Iterator[Problem]:
    """Yield what is wrong with the cameras that look into a cell's bins."""
    for name, bin_ in cell.supply.items():
        if bin_.locate is not None:
            yield from _looked_into(source, cell, name, bin_, bin_.locate)


def _looked_into(source: Source, cell: CellSpec, name: str, bin_: BinSpec, camera: str) -> Iterator[Problem]:
    path = ("supply", name, "locate")
    spec = cell.cameras.get(camera)
    if spec is None:
        yield source.problem(path, f"Cell {cell.name} has no camera '{camera}'.", hint(camera, cell.cameras))
        return
    if not spec.fixed:
        text = f"Camera '{camera}' sits on the flange: nothing brings it over bin '{name}'."
        yield source.problem(path, text, "Name a camera that stands still.")
        return
    out = [corner for corner in bin_.corners if aside(spec.intrinsics, spec.at, corner.p)[0]]
    if out:
        text = f"Camera '{camera}' has {len(out)} of 4 corners of bin '{name}' not in its picture."
        yield source.problem(path, text, "Turn the camera, move the bin, or make size_mm smaller.")
