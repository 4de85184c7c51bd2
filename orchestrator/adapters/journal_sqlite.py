"""The journal on disk: one SQLite file, one writer, every event durable before it is answered."""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import apsw
import orjson

from orchestrator.adapters.chain import ROOT, admit, link
from orchestrator.adapters.journal_file import RESTART, check_indexes, explained, open_to_write, read, verified
from orchestrator.adapters.journal_guard import HighWater, WriterLock
from orchestrator.core.errors import JournalError
from orchestrator.core.ports import Entry, Recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    _Append = tuple[tuple[Entry, ...], asyncio.Future[Recorded]]

_INSERT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class SqliteJournal:
    """Implements `Journal` on a file in WAL mode with synchronous=FULL.

    Appends that arrive while a commit is under way share the next one. Commits are foreign work of the running loop,
    so the journal may be used under virtual time too. An append that is cancelled may or may not be written.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal, making it (mode 0600) where there is none. Raises JournalError."""
        self._path = Path(path).resolve()  # what lies beside it must be the same, whichever name it is called by
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Append] = []
        self._commit: asyncio.Future[list[Recorded]] | None = None
        self._due = False
        self._closed = False
        self._failed = False
        with explained(self._path):
            self._lock = WriterLock(self._path)
            try:
                self._db, self._head = open_to_write(self._path)
                self._lock.hold()
                self._high_water = HighWater(self._path)
            except BaseException:
                self._lock.release()
                raise
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")

    @property
    def head(self) -> tuple[int, str]:
        """The last sequence number and its hash; (0, 64 zeros) when empty."""
        seq, digest = self._head
        return seq, digest.hex()

    async def append(self, entries: Sequence[Entry]) -> Recorded:
        """Write all or nothing; when it returns, they are durable. Returns the last. Raises JournalError."""
        if self._closed:
            raise JournalError(f"The journal {self._path} is closed.", remedy="Open it again before writing.")
        admitted = admit(entries)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # whoever waited on an earlier loop is gone with it
            self._loop, self._waiting, self._commit, self._due = loop, [], None, False
        written: asyncio.Future[Recorded] = loop.create_future()
        self._waiting.append((admitted, written))
        if self._commit is None and not self._due:
            self._due = True
            loop.call_soon(self._start, loop)  # after everyone who is ready now, so that they share the commit
        return await written

    def read(
        self, *, after: int = 0, limit: int | None = None, kind: str | None = None, subject: str | None = None
    ) -> Iterator[Recorded]:
        """Yield events in order, as they stand at the first step of the iteration, on a connection of its own.

        Every event is checked against its hash, without filters also that none is missing. Raises JournalError.
        """
        return read(self._path, self.head, after=after, limit=limit, kind=kind, subject=subject)

    async def close(self) -> None:
        """Write what was appended before, then close the file."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            if self._due:
                self._start(loop)
            while self._commit is not None:
                await asyncio.wait([self._commit])
        await loop.run_in_executor(self._writer, self._shut)
        self._writer.shutdown()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Commit everything that waits."""
        self._due = False
        group = [append for append in self._waiting if not append[1].done()]
        self._waiting = []
        if group:
            self._commit = loop.run_in_executor(self._writer, self._write, [entries for entries, _ in group])
            self._commit.add_done_callback(partial(self._answer, loop, [written for _, written in group]))

    def _answer(
        self,
        loop: asyncio.AbstractEventLoop,
        group: list[asyncio.Future[Recorded]],
        commit: asyncio.Future[list[Recorded]],
    ) -> None:
        """Tell every append of a finished commit, and begin the next."""
        self._commit = None
        error = commit.exception()
        for number, written in enumerate(group):
            if written.done():
                continue
            if error is None:
                written.set_result(commit.result()[number])
            elif isinstance(error, JournalError):
                written.set_exception(JournalError(error.message, remedy=error.remedy))
            else:
                written.set_exception(error)
        self._start(loop)

    def _write(self, group: list[tuple[Entry, ...]]) -> list[Recorded]:
        """Write a group in one transaction, on the writer's thread. Returns the last event of each append."""
        if self._failed:
            raise JournalError(f"The journal {self._path} can't be written since an earlier failure.", remedy=RESTART)
        seq, digest = self._head
        rows: list[apsw.SQLiteValues] = []
        last: list[Recorded] = []
        for entries in group:
            for entry in entries:
                seq += 1
                digest = link(digest, seq, entry)
                rows.append(
                    (seq, entry.t, entry.type, entry.version, entry.subject, entry.payload, entry.command, digest)
                )
            last.append(Recorded(seq, entries[-1], digest.hex()))
        with explained(self._path):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany(_INSERT, rows)
                self._db.execute("COMMIT")
            except apsw.Error as error:
                # After a failed write or fsync nobody knows what the disk holds; a full or locked one is harmless.
                self._failed = not isinstance(error, (apsw.FullError, apsw.BusyError))
                with suppress(apsw.Error):  # SQLite has often rolled back by itself
                    self._db.execute("ROLLBACK")
                raise
        self._head = (seq, digest)
        self._high_water.put(seq, digest)
        return last

    def _shut(self) -> None:
        with explained(self._path):
            try:
                self._db.close()
            finally:
                self._high_water.close()
                self._lock.release()


def verify(path: Path) -> tuple[int, str]:
    """Check the whole chain and the indexes of a journal; it may be in use. Returns (events, hash of the last).

    Raises JournalError, naming the first event that does not hold.
    """
    path = Path(path)
    count, head = 0, ROOT.hex()
    for event in verified(path):
        count, head = event.seq, event.sha256
    check_indexes(path)
    return count, head


def export(path: Path, file: TextIO) -> int:
    """Write a journal to `file`, one JSON object a line, and return their number. Raises JournalError at a break.

    A payload that is one line of JSON stands as it is under "payload", any other as "payload_base64".
    """
    count = 0
    for event in verified(Path(path)):
        entry = event.entry
        line: dict[str, object] = {"seq": event.seq, "t": entry.t, "type": entry.type, "version": entry.version}
        line["subject"] = entry.subject
        if _is_json_line(entry.payload):
            line["payload"] = orjson.Fragment(entry.payload)
        else:
            line["payload_base64"] = base64.b64encode(entry.payload).decode()
        line["command"] = entry.command
        line["sha256"] = event.sha256
        file.write(orjson.dumps(line).decode() + "\n")
        count += 1
    return count


def _is_json_line(payload: bytes) -> bool:
    if b"\n" in payload:
        return False
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return True
