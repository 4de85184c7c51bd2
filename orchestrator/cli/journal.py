"""`tandem journal`: verify and export the log of a cell."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from orchestrator.core.errors import NotFound

app = typer.Typer(help="The journal of a cell.", no_args_is_help=True)
console = Console(soft_wrap=True)
FILE = typer.Argument(help="The journal's file, for example journal.db in the cell's data folder.")


@app.command()
def verify(file: Path = FILE) -> None:
    """Check every event against the hash chain."""
    from orchestrator.adapters.journal_sqlite import verify as verify_file

    with console.status("Verifying …"):
        count, head = verify_file(_found(file))
    console.print(f"{count} events, chain unbroken, head {head}.", highlight=False)


@app.command()
def export(file: Path = FILE, out: Path = typer.Option(..., help="The file to write: one JSON object a line.")) -> None:
    """Write every event as a line of JSON."""
    from orchestrator.adapters.journal_sqlite import export as export_file

    with console.status("Exporting …"), out.open("w", encoding="utf-8") as lines:
        count = export_file(_found(file), lines)
    console.print(f"{count} events in {out}.", highlight=False)


def _found(file: Path) -> Path:
    if not file.is_file():
        raise NotFound(f"There is no journal '{file}'.", remedy="Give the path of a journal.db.")
    return file
