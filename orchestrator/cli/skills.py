"""`tandem skills`: what the robot can do."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.app import shared
from orchestrator.engine.registry import Registry

app = typer.Typer(help="What the robot can do.", no_args_is_help=True)
console = Console()
FOLDER = typer.Option(None, "--skills", help="The folder with the skills.")


@app.command("list")
def list_(folder: Path | None = FOLDER) -> None:
    """List the skills, and the files that are broken."""
    registry = Registry(folder or shared("skills"))
    table = Table("skill", "parameters", "time-out s", "file", "what it does")
    for name, skill in sorted(registry.all().items()):
        names = ", ".join(skill.parameters.model_fields)
        table.add_row(name, names, f"{skill.timeout_s:g}", skill.file, skill.text.split("\n", 1)[0])
    console.print(table)
    for broken in registry.broken():
        console.print(f"[red]{broken.file} is broken:[/] {broken.error}")
    if registry.broken():
        raise typer.Exit(1)


@app.command()
def show(name: str, folder: Path | None = FOLDER) -> None:
    """Show a skill: its text and its parameters as JSON Schema."""
    skill = Registry(folder or shared("skills")).get(name)
    console.print(f"[bold]{skill.name}[/]  {skill.file}  time-out {skill.timeout_s:g} s")
    console.print(skill.text, markup=False)
    console.print_json(data=skill.schema)
