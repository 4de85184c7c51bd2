"""`tandem check`: every mistake in the authored files, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from orchestrator.app import check_arms, shared
from orchestrator.cli.places import cell_file, data_home, skills_folder
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import AuthoringError, BadInput, NotFound, SetupError
from orchestrator.engine.checks.tried import Tried
from orchestrator.engine.library import cell_files, product_names, read_cell
from orchestrator.engine.library import check as check_files
from orchestrator.engine.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
console = Terminal(soft_wrap=True)


def check(
    instructions: Path | None = typer.Argument(None, help="The folder with the products."),
    cell: str | None = typer.Option(None, help="Check against this cell alone: a YAML file or a name."),
    skills: Path | None = typer.Option(None, help="The folder with the skills."),
    data: Path | None = typer.Option(
        None, help="With --cell its data folder: what was taught and studied there counts."
    ),
) -> None:
    """Check procedures, instructions, meshes, cells and skills against one another."""
    if data is not None and cell is None:
        raise BadInput("--data is of one cell.", remedy="Name it with --cell.")
    folder = instructions or shared("instructions")
    if not folder.is_dir():
        raise NotFound(f"There is no folder '{folder}'.", remedy="Give the folder that holds one folder a product.")
    registry = Registry(skills_folder(skills))
    cells = cell_file(cell) if cell else shared("launch") / "cells"
    tried = {path.stem: _tried(path, data or data_home() / path.stem) for path in cell_files(cells)}
    found = check_files(folder, cells, registry.parameters(), programs=registry.all(), tried=tried)
    problems = [*found, *check_arms(cells)]
    for broken in registry.broken():
        console.print(f"{broken.file}: error: {broken.error}", markup=False, highlight=False)
    for problem in problems:
        console.print(str(problem), markup=False, highlight=False)
    errors = sum(problem.severity == "error" for problem in problems) + len(registry.broken())
    products = product_names(folder)
    counted = f"{len(products)} product{'s' * (len(products) != 1)} ({', '.join(products)})"
    if not products:
        raise NotFound(f"No product in '{folder}'.", remedy="A product is a folder with a procedure.yaml.")
    if errors:
        console.print(f"{counted}: {errors} error{'s' * (errors != 1)}.", style="bold red", highlight=False)
        raise typer.Exit(1)
    warnings = f", {len(problems)} warning{'s' * (len(problems) != 1)}" if problems else ""
    console.print(f"{counted}: no errors{warnings}.", style="green", highlight=False)


def _tried(cell: Path, place: Path) -> Tried:
    """Return what was taught to a cell's cameras and studied with them; a damaged file is named and left out."""
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.adapters.gauge_store import GaugeStore
    from orchestrator.adapters.golden_store import GoldenStore

    try:
        cameras = read_cell(cell).cameras
    except AuthoringError:  # said by the check itself
        return Tried()
    calibrations = CalibrationStore(place / "calibration")
    current = _readable(lambda: [(name, calibrations.current(name)) for name in cameras])
    return Tried(
        _readable(GoldenStore(place / "golden").all),
        _readable(GaugeStore(place / "gauge").all),
        {name: found.id for name, found in current if found is not None},
    )


def _readable(read: Callable[[], list[T]]) -> list[T]:
    try:
        return read()
    except SetupError as error:
        console.print(f"warning: {error}", markup=False, highlight=False)
        return []
