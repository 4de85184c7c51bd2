"""`tandem journal`: verify, export, back up and restore the log of a cell."""

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


@app.command()
def backup(file: Path = FILE, out: Path = typer.Option(..., help="The file to write; it must not exist.")) -> None:
    """Copy the journal while the server writes it, and verify the copy.

    Pictures (evidence) and calibrations are files beside it: copy those as they are.
    """
    from orchestrator.adapters.journal_backup import backup as back_up

    with console.status("Copying and verifying …"):
        count, head = back_up(_found(file), out)
    console.print(f"{count} events in {out}, chain unbroken, head {head}.", highlight=False)


@app.command()
def restore(
    kept: Path = typer.Argument(help="A file that `tandem journal backup` has written."),
    to: Path = typer.Option(..., help="The journal's place, for example journal.db in the cell's data folder."),
) -> None:
    """Put a backup in a journal's place, while no server runs there; what stood there is set aside.

    What happened after the backup is not in it: after the start the cell is held, and a person looks before it moves.
    """
    from orchestrator.adapters.journal_backup import restore as put_back

    with console.status("Verifying and copying …"):
        count, aside = put_back(kept, to)
    console.print(f"{count} events in {to}.", highlight=False)
    if aside is not None:
        console.print(f"The journal that was there is now {aside}.", highlight=False)


def _found(file: Path) -> Path:
    if not file.is_file():
        raise NotFound(f"There is no journal '{file}'.", remedy="Give the path of a journal.db.")
    return file
