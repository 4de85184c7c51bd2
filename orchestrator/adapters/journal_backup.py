"""Copies of a journal that prove themselves: taken while it is written, put back while it is not."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import apsw

from orchestrator.adapters.journal_file import check_indexes, explained, read
from orchestrator.adapters.journal_guard import HighWater, WriterLock
from orchestrator.core.errors import BadInput, JournalError, NotFound

if TYPE_CHECKING:
    from pathlib import Path

PAGES = 256  # copied between two breaths, in which the server may write


def backup(path: Path, out: Path) -> tuple[int, str]:
    """Copy a journal that may be in use to one file, verified before it gets its name. Returns (events, last hash).

    Everything that was acknowledged before the copy began is in it. Raises JournalError, and BadInput where `out`
    exists or can't be written.
    """
    path = path.resolve()
    for what in ("", "-head", "-wal", "-shm", "-journal"):  # all that would count as the copy's
        if (there := out.with_name(f"{out.name}{what}")).exists():
            raise BadInput(f"{there} exists already.", remedy="Name another file: a backup is never written over.")
    fresh = _unused(out)
    _writable(fresh)
    with explained(path):
        marked = HighWater.read(path)
        try:
            _copy(path, fresh)
            count, head = _whole(fresh, marked, called=path)
            fresh.replace(out)
        finally:
            _remove(fresh)
    _mark(out, count, head)
    return count, head


def restore(kept: Path, path: Path) -> tuple[int, Path | None]:
    """Put a backup in a journal's place. Returns its events, and where the journal is that was there before.

    What stood there is set aside whole, never removed. Raises JournalError while a server writes there and for a
    damaged backup, NotFound where there is none, BadInput where the place can't be written.
    """
    if not kept.is_file():
        raise NotFound(f"There is no backup '{kept}'.", remedy="Give a file that `tandem journal backup` has written.")
    try:
        with explained(kept):
            count, head = _whole(kept, HighWater.read(kept))
    except JournalError as error:
        remedy = "Restore another backup." if error.remedy.startswith("Restore") else error.remedy
        raise JournalError(error.message, remedy=remedy) from error
    path = path.resolve()
    _writable(_unused(path))
    with explained(path):
        lock = WriterLock(path)
        fresh = _unused(path)
        try:
            _copy(kept, fresh)
            aside = _exchange(path, fresh, count, head)
        finally:
            _remove(fresh)
            lock.release()
    return count, aside


def _copy(source: Path, target: Path) -> None:
    """Copy a database as it stands at one moment, durable and in one file."""
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)) as there,
        closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as here,
    ):
        there.set_busy_timeout(1000)
        there.execute("BEGIN")  # one moment: a copy that begins anew at each write would never end
        next(there.execute("SELECT count(*) FROM sqlite_schema"))
        with here.backup("main", there, "main") as copying:
            while not copying.done:
                copying.step(PAGES)
        here.execute("PRAGMA synchronous = FULL")
        here.execute("PRAGMA journal_mode = DELETE")  # or it would need a second file beside it
    folder = os.open(target.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _whole(path: Path, marked: tuple[int, str] | None, called: Path | None = None) -> tuple[int, str]:
    """Read a journal, or a copy of the one `called`, whole. Returns (events, last hash). Raises JournalError."""
    count, head = 0, ""
    for event in read(path, marked, called=called):
        count, head = event.seq, event.sha256
    check_indexes(path, called)
    return count, head


def _mark(path: Path, count: int, head: str) -> None:
    if count:
        mark = HighWater(path)
        mark.put(count, bytes.fromhex(head))
        mark.close()


def _exchange(path: Path, fresh: Path, count: int, head: str) -> Path | None:
    """Put a new file in a journal's place, and the old one aside with all that belongs to it; returns its new name.

    The mark goes last: whoever is interrupted before leaves a journal that refuses to start, never one that lacks
    events and does not know it.
    """
    number = 1
    while any(path.parent.glob(f"{path.name}.before-{number}*")):
        number += 1
    aside = path.with_name(f"{path.name}.before-{number}")
    for what in ("-wal", "-shm", "-snapshot"):  # of a journal that was removed, too: they would be taken for the new's
        file = path.with_name(f"{path.name}{what}")
        if file.exists():
            file.rename(aside.with_name(f"{aside.name}{what}"))
    there = path.exists()
    if there:
        os.link(path, aside)
    fresh.replace(path)
    old = path.with_name(f"{path.name}-head")
    if old.exists():
        shutil.copy2(old, aside.with_name(f"{aside.name}-head"))
    _mark(path, count, head)
    return aside if there else None


def _unused(path: Path) -> Path:
    """Return a name beside a file that nobody has: what lies there is not ours to remove."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")


def _writable(fresh: Path) -> None:
    """Raise BadInput where no file can be made: the place of a copy is to blame then, not what is copied."""
    try:
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        message = f"No file can be written in {fresh.parent}: {error.strerror}."
        raise BadInput(message, remedy="Name a folder that exists and that you may write.") from error
    fresh.unlink()


def _remove(path: Path) -> None:
    for what in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{what}").unlink(missing_ok=True)
