"""`tandem evidence`: how much is kept of what cameras saw, whether it is intact, and removing what is old."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import typer

from orchestrator.adapters.photos.files import damaged as damaged_photos
from orchestrator.adapters.photos.files import photos
from orchestrator.adapters.photos.files import prune as prune_photos
from orchestrator.cli.places import data_home
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import NotFound, TandemError

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(help="What the checks of a cell rest on.", no_args_is_help=True)
console = Terminal(soft_wrap=True)
CELL = typer.Option("demo", help="The cell whose data is meant.")
DATA = typer.Option(None, help="The folder with journal and evidence, instead of the cell's usual one.")


@app.command()
def size(cell: str = CELL, data: Path | None = DATA) -> None:
    """Say how much is kept, and how much that is a check."""
    from orchestrator.adapters.vision import archive

    root = folder(cell, data) / "evidence"
    held = archive.size(root)
    each = f", {held.total_bytes / held.records / 1000:.1f} kB a check" if held.records else ""
    console.print(
        f"{held.records} checks, {held.whole} of them with pictures: {held.total_bytes / 1e6:.2f} MB{each} "
        f"(depth {held.depth_bytes / 1e6:.2f}, pictures {held.picture_bytes / 1e6:.2f}, verdicts "
        f"{held.record_bytes / 1e6:.2f}, meshes {held.mesh_bytes / 1e6:.2f} MB).",
        highlight=False,
    )
    taken = [path.stat().st_size for path in photos(root)]
    console.print(f"{len(taken)} pictures of workers: {sum(taken) / 1e6:.2f} MB.", highlight=False)


@app.command()
def verify(cell: str = CELL, data: Path | None = DATA) -> None:
    """Check every record against its hashes."""
    from orchestrator.adapters.vision import archive

    root = folder(cell, data) / "evidence"
    wrong = list(archive.damaged(root))
    for error in wrong:
        console.print(str(error), markup=False, highlight=False)
    changed = list(damaged_photos(root))
    for name in changed:
        console.print(f"The picture {name[:12]} is not what was written.", markup=False, highlight=False)
    if wrong or changed:
        what = [f"{len(found)} {word}" for found, word in ((wrong, "records"), (changed, "pictures")) if found]
        raise TandemError(f"{' and '.join(what)} are damaged.", remedy="Restore them from a backup.")
    console.print(f"{archive.size(root).records} records, each as it was written.", highlight=False)
    console.print(f"{sum(1 for _ in photos(root))} pictures of workers, each as it was written.", highlight=False)


@app.command()
def prune(
    older_than: float = typer.Option(..., min=0.0, help="Days since the picture was taken."),
    keep: list[str] = typer.Option([], help="A unit whose evidence stays whatever its age; several may be given."),
    try_only: bool = typer.Option(False, "--try", help="Say what would go, and remove nothing."),
    cell: str = CELL,
    data: Path | None = DATA,
) -> None:
    """Remove depth and pictures of old checks, and old pictures of workers; verdicts and hashes stay.

    Units in work and those to keep lose nothing. The journal says what went: a server writes it within ten seconds, or
    when it starts.
    """
    from orchestrator.adapters.evidence_retain import Needed, remove
    from orchestrator.adapters.vision import archive

    base = folder(cell, data)
    known = list(checks(base, again=True))
    taken = list(photos_of(base))
    at_work = {unit for unit, *_ in (*known, *taken)} - ended(base)
    needed = {path for unit, _, path in known if unit in {*keep, *at_work}}
    for unit in keep:
        if unit not in {name for name, *_ in (*known, *taken)}:
            raise NotFound(f"No check of a unit '{unit}' is in the journal.", remedy="Check its name.")
    before_t = time.time() - older_than * archive.DAY_S
    stays = {sha256 for unit, sha256 in taken if unit in {*keep, *at_work}}
    gone = archive.prune(base / "evidence", before_t, needed, try_only=True)
    count, freed, old = prune_photos(base / "evidence", before_t, stays, try_only=True)
    if not try_only:
        remove(base / "evidence", "asked", before_t, Needed(frozenset(needed), frozenset(stays)))
    word = "would go" if try_only else "removed"
    spared = f"; {gone.needed} old ones stay for units that need them" if gone.needed else ""
    console.print(f"{gone.records} checks' pictures {word}: {gone.bytes / 1e6:.2f} MB{spared}.", highlight=False)
    spared = f"; {old} old ones stay for units that need them" if old else ""
    console.print(f"{count} pictures of workers {word}: {freed / 1e6:.2f} MB{spared}.", highlight=False)


def folder(cell: str, data: Path | None) -> Path:
    """Return a cell's data folder. Raises NotFound."""
    base = data if data is not None else data_home() / Path(cell).stem
    if not (base / "evidence").is_dir():
        raise NotFound(f"There is no evidence below '{base}'.", remedy="Name the cell's data folder with --data.")
    return base


def checks(base: Path, *, again: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield unit, step and record of every check in the journal that kept one, oldest first.

    Of checks that are archived those of units that were in work then; where `again`, also those of last looks.
    """
    for payload in _events(base, "journal_retained"):
        for unit, work in payload["state"]["units"].items():
            for step, tried in work["steps"].items():
                for attempt in tried["attempts"]:
                    if path := (attempt["measured"] or {}).get("evidence", ""):
                        yield unit, step, path
    for payload in (*_events(base, "check_ended"), *(_events(base, "recheck_ended") if again else ())):
        kept = (payload.get("measured") or {}).get("evidence", "")
        if kept:
            yield payload["unit"], payload["step"], kept


def photos_of(base: Path) -> Iterator[tuple[str, str]]:
    """Yield unit and SHA-256 of every picture of a worker in the journal, oldest first, as `checks` does."""
    for payload in _events(base, "journal_retained"):
        for unit, work in payload["state"]["units"].items():
            for tried in work["steps"].values():
                for sha256 in {*tried.get("photos", ()), *(one.get("photo", "") for one in tried["attempts"])} - {""}:
                    yield unit, sha256
    for payload in _events(base, "photo_kept"):
        yield payload["unit"], payload["sha256"]


def ended(base: Path) -> set[str]:
    """Return the units that have left the cell."""
    return {payload["unit"] for payload in _events(base, "unit_ended")}


def _events(base: Path, kind: str) -> list[dict[str, Any]]:
    from orchestrator.adapters.journal_file import read

    file = base / "journal.db"
    return [orjson.loads(event.entry.payload) for event in read(file, None, kind=kind)] if file.is_file() else []
