"""`tandem check`: every mistake in the authored files, before anything runs."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from orchestrator.app import check_arms, shared
from orchestrator.cli.places import cell_file, skills_folder
from orchestrator.core.errors import NotFound
from orchestrator.engine.library import check as check_files
from orchestrator.engine.library import product_names
from orchestrator.engine.registry import Registry

console = Console(soft_wrap=True)


def check(
    instructions: Path | None = typer.Argument(None, help="The folder with the products."),
    cell: str | None = typer.Option(None, help="Check against this cell alone: a YAML file or a name."),
    skills: Path | None = typer.Option(None, help="The folder with the skills."),
) -> None:
    """Check procedures, instructions, meshes, cells and skills against one another."""
    folder = instructions or shared("instructions")
    if not folder.is_dir():
        raise NotFound(f"There is no folder '{folder}'.", remedy="Give the folder that holds one folder a product.")
    registry = Registry(skills_folder(skills))
    cells = cell_file(cell) if cell else shared("launch") / "cells"
    problems = [*check_files(folder, cells, registry.parameters(), programs=registry.all()), *check_arms(cells)]
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
