"""`tandem sdf`: a cell as a world for Gazebo."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.app import shared, stocked
from orchestrator.cli.places import cell_file, existing
from orchestrator.core.errors import SetupError, TandemError


def sdf(
    cell: str = typer.Argument(..., help="A cell: a YAML file or a name."),
    folder: Path = typer.Argument(..., help="The folder that the world and its meshes are written to."),
    instructions: Path | None = typer.Option(None, help="The folder with the products."),
    still: bool = typer.Option(False, "--still", help="With parts that neither fall nor can be taken."),
    without: list[str] = typer.Option([], help="parts, cameras: what is left out."),
    gazebo: str = typer.Option("gz", help="gz: Garden and newer; ign: Fortress, whose systems go by other names."),
) -> None:
    """Write a cell as a world for Gazebo: its table, fixtures, bins, parts and cameras. Its arm is `tandem urdf`'s."""
    from orchestrator.adapters.sim.sdf_told import ASIDE, NAMES, gazebo_world

    aside = [known for known in ASIDE if known in without]
    if unknown := sorted(set(without) - {*aside}):
        raise TandemError(f"'{unknown[0]}' is nothing to leave out.", remedy=f"Take one of: {', '.join(ASIDE)}.")
    names = next((known for known in NAMES if known == gazebo), None)
    if names is None:
        raise TandemError(f"There are no names '{gazebo}' of Gazebo's.", remedy=f"Take one of: {', '.join(NAMES)}.")

    products = shared("instructions") if instructions is None else existing(instructions)
    spec, world, masses = stocked(cell_file(cell), products)
    told = gazebo_world(spec, world, masses, still=still, without=aside, gazebo=names)
    file = folder / f"{spec.name}.sdf"
    try:
        for path, content in told.meshes.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(told.sdf, encoding="utf-8")
    except OSError as error:
        raise SetupError(
            f"{folder} can't be written to: {error.strerror or error}.", remedy="Name a folder of your own."
        ) from error
    typer.echo(f"{file} and {len(told.meshes)} meshes are written.")
