"""`tandem journal`: verify, export, back up and restore the log of a cell."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import typer

from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import BadInput, JournalError, NotFound

app = typer.Typer(help="The journal of a cell.", no_args_is_help=True)
console = Terminal(soft_wrap=True)
FILE = typer.Argument(help="The journal's file, for example journal.db in the cell's data folder.")


@app.command()
def verify(
    file: Path = FILE,
    archive: list[Path] = typer.Option([], help="A file that `journal retain` has written; all of them, oldest first."),
    head: bool = typer.Option(False, "--head", help="Hold it against its signed heads, too: a cut-off end is noticed."),
    signed: Path | None = typer.Option(None, help="With --head: signed heads that were kept elsewhere."),
    key: str = typer.Option("", help="With --head: the public key (hex) that must have signed them."),
) -> None:
    """Check every event against the hash chain, with archives from the very first on."""
    if head:
        from orchestrator.adapters.journal_signed import heads_of, verify_heads

        with console.status("Verifying …"):
            newest = verify_heads(_found(file), signed or heads_of(file), key)
        console.print(f"All signed heads hold, the newest at event {newest.seq}; key {newest.key}.", highlight=False)
    from orchestrator.adapters.journal_file import verified
    from orchestrator.adapters.journal_retain import verify_with
    from orchestrator.adapters.journal_sqlite import verify as verify_file

    with console.status("Verifying …"):
        first = next(verified(_found(file)), None)
        count, digest = verify_with([_found(each) for each in archive], file) if archive else verify_file(file)
    if archive or first is None or first.seq == 1:
        console.print(f"{count} events, chain unbroken, head {digest}.", highlight=False)
    else:
        console.print(
            f"Events {first.seq} to {count}, chain unbroken, head {digest}. What was before is archived: name it with "
            "--archive.",
            highlight=False,
        )


@app.command()
def retain(
    file: Path = FILE,
    archive: Path = typer.Option(..., help="The file to write all events to; it must not exist."),
    cell: str = typer.Option(..., help="The journal's cell: a YAML file, or the name of one that ships with Tandem."),
) -> None:
    """Move a journal's past into an archive, while no server runs; as-built records and the chain stay.

    Pictures go by age: `tandem evidence prune`.
    """
    import orjson

    from orchestrator.adapters.journal_retain import retain as archive_past
    from orchestrator.cli.places import cell_file
    from orchestrator.core.carried import to_json
    from orchestrator.core.state import initial
    from orchestrator.engine.library import read_cell

    with console.status("Copying and verifying …"):
        fresh = initial(read_cell(cell_file(cell)))
        done = archive_past(_found(file), archive, fresh, lambda state: orjson.loads(to_json(state)))
    console.print(
        f"Events {done.first} to {done.last} are in {archive}; {done.records} as-built records stay in {file}.",
        highlight=False,
    )


@app.command()
def upgrade(file: Path = FILE) -> None:
    """Bring a journal of an older version to this one's format, a copy made before, while no server runs."""
    from orchestrator.adapters.journal_retain import upgrade as bring_up

    with console.status("Reading and copying …"):
        had, copy = bring_up(_found(file))
    if copy is None:
        console.print(f"{file} has format {had} already; nothing was changed.", highlight=False)
    else:
        console.print(f"{file} had format {had}; as it was it is {copy}.", highlight=False)


@app.command()
def export(
    file: Path = FILE,
    out: Path = typer.Option(..., help="The file to write, one JSON object a line; it must not exist."),
) -> None:
    """Write every event as a line of JSON; of a damaged journal all that stands before the damage."""
    from orchestrator.adapters.journal_sqlite import export as export_file

    found, damage = _found(file), None
    lines = _created(out)
    try:
        with console.status("Exporting …"), lines:
            count = export_file(found, lines)
    except JournalError as error:
        with out.open(encoding="utf-8") as written:
            count, damage = sum(1 for _ in written), error
        if not count:
            out.unlink()
    except OSError as error:
        out.unlink()
        raise BadInput(f"{out} can't be written: {error.strerror}.", remedy="Free disk space, then again.") from error
    except BaseException:
        out.unlink()
        raise
    if damage is not None:
        raise _cut_short(damage, out, count) from damage
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


def _created(out: Path) -> TextIO:
    try:
        return out.open("x", encoding="utf-8")
    except FileExistsError:
        raise BadInput(f"{out} exists already.", remedy="Name another file: an export is never written over.") from None
    except OSError as error:
        remedy = "Name a file in a folder that exists and may be written."
        raise BadInput(f"{out} can't be written: {error.strerror}.", remedy=remedy) from error


def _cut_short(error: JournalError, out: Path, count: int) -> JournalError:
    """Return what is told of a damaged journal, with what was exported of it."""
    written = f"Nothing was written to {out}."
    if count:
        written = f"What stands before the damage is in {out}: {count} events."
    remedy = "Restore a backup." if "export" in error.remedy else error.remedy
    return JournalError(f"{error.message} {written}", remedy=remedy)


def _found(file: Path) -> Path:
    if not file.is_file():
        raise NotFound(f"There is no journal '{file}'.", remedy="Give the path of a journal.db.")
    return file
