"""Retention: a journal's past becomes an archive that proves itself, and the journal goes on from the state it left.

The archive is a verified copy. In the journal the past is one event, `journal_retained`, chained to the archive's last;
it holds the state, the commands that were answered, and a hash over the as-built records, which stay.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.adapters.chain import ROOT, link
from orchestrator.adapters.journal_backup import backup
from orchestrator.adapters.journal_file import (
    FORMAT,
    KEPT_SCHEMA,
    check_indexes,
    explained,
    kept_digest,
    open_to_write,
    read,
    verified,
)
from orchestrator.adapters.journal_guard import HighWater, WriterLock
from orchestrator.core.errors import BadInput, JournalError
from orchestrator.core.events import (
    CellRestarted,
    CommandDenied,
    JournalRetained,
    UnitEnded,
    UnitStarted,
    decode,
)
from orchestrator.core.fold import fold
from orchestrator.core.ports import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import apsw

    from orchestrator.core.events import Event
    from orchestrator.core.ports import Recorded
    from orchestrator.core.state import State

REMEMBERED = 10_000  # command ids that stay answered, as in the runner
KEPT = "unit_ended"  # the events that hold as-built records


@dataclass(frozen=True, slots=True)
class Retained:
    """What was archived: the numbers of the first and last event, and how many as-built records stay."""

    first: int
    last: int
    records: int


def retain(path: Path, archive: Path, fresh: State, dump: Callable[[State], dict[str, object]]) -> Retained:
    """Archive all events of a journal that no server writes, and leave what they came to.

    `fresh` is the state of a cell that nothing has happened to, `dump` makes plain data of one. Whoever is interrupted
    leaves the journal as it was, or done. Raises JournalError, and BadInput where `archive` exists, there is nothing,
    or the journal is of another cell: what its bins hold would come out wrong, and its past be gone.
    """
    path = path.resolve()
    with explained(path):
        lock = WriterLock(path)
        try:
            _of_this_cell(path, fresh.spec.name)
            backup(path, archive)
            state, answered, denied, first = _folded(path, fresh)
            if first == state.seq:
                raise BadInput(f"Nothing has happened in {path} since it was archived.", remedy="Do it later.")
            db, (last, digest) = open_to_write(path)
            with closing(db):
                lock.hold()
                event = JournalRetained(
                    cell=fresh.spec.name,
                    first=first,
                    last=last,
                    sha256=digest.hex(),
                    records_sha256="",
                    archive=archive.name,
                    answered=answered,
                    denied=denied,
                    state=dump(state),
                )
                records, seq, fresh_digest = _exchange(db, event, state.t, last, digest)
                db.execute("VACUUM")
            mark = HighWater(path)
            mark.put(seq, fresh_digest)
            mark.close()
        finally:
            lock.release()
    return Retained(first, last, records)


def _of_this_cell(path: Path, cell: str) -> None:
    """Refuse a cell that is not the journal's, as far as that says whose it is: its newest name. Raises BadInput."""
    named = ""
    for recorded in verified(path):
        event: Event = decode(recorded.entry.payload, recorded.seq)
        if isinstance(event, UnitEnded):
            named = str(event.record.get("cell", "")) or named
        elif isinstance(event, UnitStarted | CellRestarted | JournalRetained):
            named = event.cell or named
    if named not in {"", cell}:
        remedy = f"Give --cell the file of {named}."
        raise BadInput(f"{path} is the journal of cell {named}, not of {cell}.", remedy=remedy)


def _folded(path: Path, fresh: State) -> tuple[State, tuple[str, ...], dict[str, str], int]:
    state, first = fresh, 0
    answers: dict[str, str] = {}  # id -> the role that was denied, "" where it was granted
    for recorded in verified(path):
        first = first or recorded.seq
        event: Event = decode(recorded.entry.payload, recorded.seq)
        state = fold(state, event, recorded.entry.t, recorded.seq)
        if isinstance(event, JournalRetained):
            answers.update(dict.fromkeys(event.answered, ""), **event.denied)
        elif recorded.entry.command and not recorded.entry.command.startswith("engine-"):
            answers[recorded.entry.command] = event.role if isinstance(event, CommandDenied) else ""
    newest = dict(list(answers.items())[-REMEMBERED:])
    answered = tuple(name for name, role in newest.items() if not role)
    return state, answered, {name: role for name, role in newest.items() if role}, first


def _exchange(
    db: apsw.Connection, event: JournalRetained, t: float, last: int, digest: bytes
) -> tuple[int, int, bytes]:
    """Put one event in the place of all, in one transaction. Returns records kept, its number and its hash."""
    db.execute("BEGIN IMMEDIATE")
    db.execute(KEPT_SCHEMA)
    db.execute(
        "INSERT INTO kept SELECT e.*, coalesce(p.sha256, ?) FROM event e LEFT JOIN event p ON p.seq = e.seq - 1 "
        "WHERE e.type = ?",
        (ROOT, KEPT),
    )
    event = event.model_copy(update={"records_sha256": kept_digest(db)})
    entry = Entry(t, event.type, "", event.model_dump_json().encode(), "")
    seq = last + 1
    fresh = link(digest, seq, entry)
    db.execute("DELETE FROM event")
    row = (seq, entry.t, entry.type, entry.version, entry.subject, entry.payload, entry.command, fresh)
    db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.execute(f"PRAGMA user_version = {FORMAT}")
    db.execute("COMMIT")
    return int(next(db.execute("SELECT count(*) FROM kept"))[0]), seq, fresh


def verify_with(archives: Sequence[Path], path: Path) -> tuple[int, str]:
    """Check that archives, oldest first, and a journal are one unbroken chain. Returns (events, hash of the last).

    Raises JournalError, naming the file and the event that does not hold or follow.
    """
    last, head = 0, ROOT.hex()
    for file in (*archives, path):
        began = False
        with explained(file):
            for recorded in verified(file):
                if not began and not _follows(recorded, last, head):
                    remedy = "Name every archive, oldest first." if last else "Name the archives with --archive."
                    raise JournalError(f"{file} begins at event {recorded.seq}, which does not follow.", remedy=remedy)
                began = True
                last, head = recorded.seq, recorded.sha256
        check_indexes(file)
    return last, head


def _follows(first: Recorded, last: int, head: str) -> bool:
    if first.seq == 1:
        return last == 0
    event = decode(first.entry.payload, first.seq)
    return isinstance(event, JournalRetained) and (event.last, event.sha256) == (last, head)


def upgrade(path: Path) -> tuple[int, Path | None]:
    """Bring a journal of an older format to this one, a copy made before, while no server writes it.

    Every event is read as this version reads it. Returns the format that it had and the copy, None where it is current.
    Raises JournalError where an event can't be read: the journal stays as it was.
    """
    path = path.resolve()
    with explained(path):
        lock = WriterLock(path)
        try:
            for recorded in read(path, HighWater.read(path)):
                decode(recorded.entry.payload, recorded.seq)
            db, _ = open_to_write(path)
            with closing(db):
                lock.hold()
                had = int(db.pragma("user_version"))
                if had == FORMAT:
                    return had, None
                copy = path.with_name(f"{path.name}.format-{had}")
                backup(path, copy)
                db.execute("BEGIN IMMEDIATE")
                db.execute(KEPT_SCHEMA)
                db.execute(f"PRAGMA user_version = {FORMAT}")
                db.execute("COMMIT")
        finally:
            lock.release()
    return had, copy
