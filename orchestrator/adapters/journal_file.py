"""The journal's file: opened, recognised, and read with every event checked against its hash."""

from __future__ import annotations

import os
import struct
from contextlib import closing, contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import apsw
import orjson

from orchestrator.adapters.chain import ROOT, link
from orchestrator.adapters.journal_guard import HighWater
from orchestrator.core.errors import JournalError
from orchestrator.core.ports import Entry, Recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

APPLICATION_ID = int.from_bytes(b"TNDM", "big")
FORMAT = 2
READS = frozenset({1, FORMAT})  # 1 has no place for records of an archived past

_COLUMNS = "e.seq, e.t, e.type, e.version, e.subject, e.payload, e.command, e.sha256"
# An index ends with the row's key, so (subject) is (subject, seq).
KEPT_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    seq INTEGER PRIMARY KEY, t REAL NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL, subject TEXT NOT NULL,
    payload BLOB NOT NULL, command TEXT NOT NULL, sha256 BLOB NOT NULL, previous BLOB NOT NULL
) STRICT;
"""
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, t REAL NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL, subject TEXT NOT NULL,
    payload BLOB NOT NULL, command TEXT NOT NULL, sha256 BLOB NOT NULL
) STRICT;
CREATE INDEX event_by_subject ON event (subject);
CREATE INDEX event_by_type ON event (type);
{KEPT_SCHEMA}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
COMMIT;
"""
RETAINED = "journal_retained"
RESTART = "Check the disk (space, cables, file system), then start Tandem again."
_BACKUP = "Restore a backup; `tandem journal export` still writes out everything before the damage."
_UNREADABLE = (apsw.Error, UnicodeDecodeError, struct.error, TypeError, AttributeError)
"""What reading or hashing a row raises whose bytes or types are damaged."""


class Broken(JournalError):
    """A chain that does not hold at an event; `explained` says in which file."""

    def __init__(self, seq: int, why: str) -> None:
        self.at = f"at event {seq}: {why}."
        super().__init__(f"The journal is damaged {self.at}", remedy=_BACKUP)


def open_to_write(path: Path) -> tuple[apsw.Connection, tuple[int, bytes]]:
    """Open or make the file, mode 0600. Returns the connection, and the last sequence number with its hash.

    Raises JournalError, apsw.Error or OSError.
    """
    marked = HighWater.read(path)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)  # or a power cut could take the new file's name away again
        os.close(folder)
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        db.set_busy_timeout(1000)
        if db.readonly("main"):  # SQLite opens it all the same, and would fail at the first event
            raise JournalError(
                f"The journal {path} may only be read.", remedy="Give the server's user the right to write it."
            )
        blank = not _identified(db, path)
        if blank and marked is not None and marked[0] > 0:
            raise _emptied(path, marked[0])
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if blank:
            db.execute(_SCHEMA)
        row = next(db.execute("SELECT seq, sha256 FROM event ORDER BY seq DESC LIMIT 1"), (0, ROOT))
        for _ in _chained(db, max(0, row[0] - 1), None, marked):
            pass
        _check_indexes(db, path)
    except BaseException:
        db.close()
        raise
    return db, (row[0], row[1])


def _open_to_read(path: Path, called: Path, marked: tuple[int, str] | None = None) -> apsw.Connection:
    """Open an existing journal, or a copy of the one `called`, without the right to change it."""
    if not path.exists():
        raise JournalError(f"There is no journal {called}.", remedy="Name the file that the server writes.")
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        db.set_busy_timeout(1000)
        if not _identified(db, called):
            if marked is not None and marked[0] > 0:
                raise _emptied(called, marked[0])
            raise JournalError(f"{called} is empty.", remedy="Name the file that the server writes.")
    except BaseException:
        db.close()
        raise
    return db


def _identified(db: apsw.Connection, path: Path) -> bool:
    """Tell a journal (True) from a blank file (False). Raises JournalError for anything else, and newer formats."""
    application, version = db.pragma("application_id"), db.pragma("user_version")
    if application == 0 and next(db.execute("SELECT count(*) FROM sqlite_schema"))[0] == 0:
        return False
    if application != APPLICATION_ID:
        raise _foreign(path)
    if version not in READS:
        raise JournalError(
            f"{path} has journal format {version}; this Tandem knows {FORMAT} and before.",
            remedy="Install a newer Tandem.",
        )
    return True


def read(
    path: Path,
    marked: tuple[int, str] | None,
    *,
    after: int = 0,
    limit: int | None = None,
    kind: str | None = None,
    subject: str | None = None,
    called: Path | None = None,
) -> Iterator[Recorded]:
    """Yield events on a connection of their own; without filters none may be missing up to the mark.

    Errors name the file `called`, where the one that is read is a copy of it.
    """
    after, limit = max(0, after), None if limit is None else max(0, limit)
    with explained(called or path), closing(_open_to_read(path, called or path, marked)) as db:
        if kind is None and subject is None:
            yield from _chained(db, after, limit, marked)
        else:
            yield from _chosen(db, after, limit, kind, subject)


def _chained(db: apsw.Connection, after: int, limit: int | None, marked: tuple[int, str] | None) -> Iterator[Recorded]:
    """Yield every event after `after`; none may be missing up to the mark."""
    marked_seq, marked_sha256 = marked or (0, "")
    seq, previous = after, ROOT
    try:
        first = _first(db)
        if first is not None and after < first[0]:
            after = seq = first[0] - 1
            previous = first[1]
            if (said := first[2]) != kept_digest(db):
                raise Broken(first[0], f"the as-built records that it keeps have another hash than {said}")
        elif after:
            row = next(db.execute("SELECT sha256 FROM event WHERE seq = ?", (after,)), None)
            if row is None:
                if after <= marked_seq:
                    raise Broken(after, "it is missing")
                return
            previous = row[0]
        query = f"SELECT {_COLUMNS} FROM event e WHERE e.seq > ? ORDER BY e.seq LIMIT ?"  # noqa: S608 - constants
        for number, t, kind, version, subject, payload, command, digest in db.execute(
            query, (after, -1 if limit is None else limit)
        ):
            if number != seq + 1:
                raise Broken(seq + 1, "it is missing")
            entry = Entry(t, kind, subject, payload, command, version)
            previous = link(previous, number, entry)
            if previous != digest:
                raise Broken(number, "its content or its predecessor does not match its hash")
            seq, sha256 = number, previous.hex()
            if seq == marked_seq and sha256 != marked_sha256:
                raise Broken(seq, "it is not the event that was acknowledged under this number")
            yield Recorded(seq, entry, sha256)
    except _UNREADABLE as error:
        raise Broken(seq + 1, "it can't be read") from error
    if limit is None and seq < marked_seq:
        raise Broken(seq + 1, f"it was acknowledged like all up to {marked_seq}, but the file ends before it")


def _first(db: apsw.Connection) -> tuple[int, bytes, str] | None:
    """Return the number of a journal's first event, the hash it stands on and that of its records; None from 1 on."""
    row = next(db.execute("SELECT seq, type, payload FROM event ORDER BY seq LIMIT 1"), None)
    if row is None or row[0] == 1:
        return None
    try:
        said = orjson.loads(row[2]) if row[1] == RETAINED else {}
        if said.get("last") == row[0] - 1:
            return row[0], bytes.fromhex(said["sha256"]), str(said["records_sha256"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Broken(row[0], "it does not say what it stands on") from error
    raise Broken(1, "it is missing")


def kept_digest(db: apsw.Connection) -> str:
    """Return the hash over the records of an archived past, each of which must match its own. Raises JournalError."""
    out = sha256()
    if _has_kept(db):
        for row in db.execute(f"SELECT {_COLUMNS}, e.previous FROM kept e ORDER BY e.seq"):  # noqa: S608 - constants
            out.update(_recorded(row[:8], row[8]).sha256.encode())
    return out.hexdigest()


def _has_kept(db: apsw.Connection) -> bool:
    return bool(next(db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'kept'"))[0])


def _recorded(row: Sequence[Any], previous: bytes) -> Recorded:
    """Return an event as it was read, checked against the hash of its predecessor. Raises JournalError."""
    number, t, kind, version, about, payload, command, digest = row
    entry = Entry(t, kind, about, payload, command, version)
    if link(previous, number, entry) != digest:
        raise Broken(number, "its content or its predecessor does not match its hash")
    return Recorded(number, entry, digest.hex())


def _chosen(
    db: apsw.Connection, after: int, limit: int | None, kind: str | None, subject: str | None
) -> Iterator[Recorded]:
    """Yield the events that pass the filters, each checked against the hash of its predecessor."""
    where = ["e.seq > ?"]
    bindings: list[int | str] = [after]
    for column, wanted in (("e.type", kind), ("e.subject", subject)):
        if wanted is not None:
            where.append(f"{column} = ?")
            bindings.append(wanted)
    live = (
        f"SELECT {_COLUMNS}, p.sha256 FROM event e LEFT JOIN event p ON p.seq = e.seq - 1 WHERE {' AND '.join(where)}"  # noqa: S608 - constants
    )
    if _has_kept(db):
        live = f"SELECT {_COLUMNS}, e.previous FROM kept e WHERE {' AND '.join(where)} UNION ALL {live}"  # noqa: S608 - constants
        bindings *= 2
    bindings.append(-1 if limit is None else limit)
    query = f"{live} ORDER BY 1 LIMIT ?"
    seq = after
    try:
        first = _first(db)
        for row in db.execute(query, bindings):
            stands_on = first[1] if first is not None and row[0] == first[0] else row[8]
            found = _recorded(row[:8], ROOT if row[0] == 1 else stands_on)
            seq = found.seq
            yield found
    except _UNREADABLE as error:
        raise Broken(seq + 1, "an event from here on can't be read") from error


def verified(path: Path) -> Iterator[Recorded]:
    """Yield every event of a journal that may be in use; none may be missing up to its mark. Raises JournalError."""
    with explained(path):
        marked = HighWater.read(path)
    yield from read(path, marked)


def check_indexes(path: Path, called: Path | None = None) -> None:
    """Check that filters find every event. Raises JournalError, which names the file `called` of which it is a copy."""
    with explained(called or path), closing(_open_to_read(path, called or path)) as db:
        _check_indexes(db, called or path)


def _check_indexes(db: apsw.Connection, path: Path) -> None:
    problem = str(next(db.execute("PRAGMA integrity_check(1)"))[0])
    if problem != "ok":
        where = problem.splitlines()[-1].strip()  # SQLite says first in which database
        raise JournalError(f"{path} is damaged; SQLite finds: {where}.", remedy=_BACKUP)


def _emptied(path: Path, count: int) -> JournalError:
    return JournalError(
        f"{path} is empty, although {count} events were acknowledged.",
        remedy=f"Restore a backup. To begin anew on purpose, remove {path}-head.",
    )


def _foreign(path: Path) -> JournalError:
    return JournalError(
        f"{path} is not a Tandem journal, or its first page is damaged.",
        remedy="Name another file, or restore a backup.",
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a JournalError with a remedy."""
    try:
        yield
    except Broken as error:
        raise JournalError(f"{path} is damaged {error.at}", remedy=error.remedy) from error
    except apsw.NotADBError as error:
        raise _foreign(path) from error
    except apsw.FullError as error:
        raise JournalError(
            f"The disk is full; the journal {path} was left as it was.", remedy="Free some space, then go on."
        ) from error
    except apsw.BusyError as error:
        raise JournalError(
            f"The journal {path} is locked by another program.", remedy="Close that program, such as an SQLite shell."
        ) from error
    except apsw.CorruptError as error:
        raise JournalError(f"{path} is damaged: its pages don't hold together.", remedy=_BACKUP) from error
    except apsw.CantOpenError as error:
        raise JournalError(
            f"{path} can't be opened: {error}.", remedy="Check that file and folder exist and may be written."
        ) from error
    except apsw.Error as error:
        raise JournalError(f"The journal {path} failed: {error}.", remedy=RESTART) from error
    except OSError as error:
        raise JournalError(
            f"{path} can't be opened: {error.strerror}.", remedy="Check that file and folder exist and may be written."
        ) from error
