"""`tandem privacy`: what is kept of a person, as a file for them, and its end; beside a running server or without."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from orchestrator.adapters.access import privacy
from orchestrator.adapters.access.store import now_t
from orchestrator.cli.lan import ACCOUNTS, accounts_of
from orchestrator.cli.people import DATA, WHO, folder
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import BadInput, NotFound
from orchestrator.core.privacy import at_places, mentions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.ports import Recorded

# Typer reads the annotations of the handlers at run time.
from pathlib import Path

app = typer.Typer(help="What is kept of a person: export it, or erase it.", no_args_is_help=True)
console = Terminal(soft_wrap=True)
AGAIN = "`tandem privacy erased`"


@app.command()
def export(
    who: str = WHO,
    out: Path = typer.Option(..., help="The file to write (JSON); it must not exist."),
    archive: list[Path] = typer.Option([], help="A file that `journal retain` has written; all of them, oldest first."),
    data: Path | None = DATA,
) -> None:
    """Write a person's own record: their account, and every event that names them."""
    store = accounts_of(folder(data))
    found = privacy.find(store, who)
    devices = {each.id: each.name for each in store.devices()}
    files = [*map(_there, archive), folder(data) / "journal.db"]
    with console.status("Reading …"):
        named = [each.model_dump(mode="json") for each in mentions(_events(files), found.id)]
    record = {
        "written_t": now_t(),
        "account": found.model_dump(mode="json"),
        "signed_in": [
            {"device": devices.get(each.device, each.device), "until_t": each.until_t, "seen_t": each.seen_t}
            for each in store.sign_ins(found.id, now_t())
        ],
        "events": named,
    }
    try:
        with out.open("x", encoding="utf-8") as file:
            json.dump(record, file, ensure_ascii=False, indent=2)
    except FileExistsError:
        raise BadInput(f"{out} is there already.", remedy="Name another file.") from None
    except OSError as error:
        raise BadInput(f"{out} can't be written: {error.strerror}.", remedy="Name another file.") from None
    console.print(f"{found.name}: account and {len(named)} events in {out}.", highlight=False)


@app.command()
def erase(
    who: str = WHO,
    sign_out: bool = typer.Option(False, "--sign-out", help="Do so though they are signed in; it ends that."),
    data: Path | None = DATA,
) -> None:
    """Erase a person's name, PIN, badges and sign-ins; the journal keeps its pseudonym, and its chain holds."""
    store = accounts_of(folder(data))
    with console.status("Reading …"):
        there = at_places(_events([folder(data) / "journal.db"]))
    gone = privacy.erase(store, who, there, now_t(), sign_out=sign_out)
    console.print(f"{gone.name} is erased. In the journal {gone.id} stands for nobody now.", highlight=False)
    if not store.overwrite():
        console.print(f"{ACCOUNTS}-wal holds the name still, as somebody reads it: {AGAIN} ends that.", highlight=False)
    words = {word.casefold() for word in gone.name.split() if len(word) > 2}
    if named := [each.name for each in store.devices() if any(word in each.name.casefold() for word in words)]:
        console.print(
            f"Devices that seem to be called after them: {', '.join(named)}. Join them anew.", highlight=False
        )
    console.print("Backups of access.db hold the name as long as they are kept.", highlight=False)


@app.command()
def erased(data: Path | None = DATA) -> None:
    """List who was erased and when, by pseudonym."""
    table = Table("pseudonym", "erased (UTC)")
    store = accounts_of(folder(data))
    if not store.overwrite():
        console.print(f"Somebody reads {ACCOUNTS}: what was erased last may be in its log still.", highlight=False)
    for each in store.erased():
        table.add_row(each.person, f"{datetime.fromtimestamp(each.t, UTC):%Y-%m-%d %H:%M:%S}")
    console.print(table)


def _events(files: list[Path]) -> Iterator[Recorded]:
    """Yield the events of a journal and its archives, and of what is archived elsewhere the records that stayed."""
    from orchestrator.adapters.journal_file import read, verified

    last = 0
    for file in files:
        if not file.exists():  # nothing has happened yet
            continue
        begin = next((each.seq for each in verified(file)), 0)
        kept = (each for each in read(file, None, kind="unit_ended") if each.seq < begin)
        for recorded in chain(kept, verified(file)):
            if recorded.seq > last:
                last = recorded.seq
                yield recorded


def _there(file: Path) -> Path:
    if not file.is_file():
        raise NotFound(f"There is no archive '{file}'.", remedy="Name a file that `tandem journal retain` has written.")
    return file
