"""A journal that kills its process at a commit that is asked for: beside it, or inside it on the writer's thread."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import apsw

from orchestrator.adapters.journal_sqlite import SqliteJournal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Entry, Recorded

BESIDE = ("before", "after")  # the writer has not been asked; it has answered, and nobody has been told
INSIDE = ("begun", "torn", "unsynced", "synced")  # nothing is written; half; all, not synced; all, and unanswered
TORN_AT = 4  # a frame is written as header and page: the death lies between those of the second


def die() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


class Commits:
    """Counts what is made durable in this process, and dies at the `n`-th, on one `side` of it or inside."""

    def __init__(self, side: str, n: float) -> None:
        self.count = self.writes = 0
        self._side, self._n = side, n
        append, write = SqliteJournal.append, SqliteJournal._write

        async def counted(journal: SqliteJournal, entries: Sequence[Entry]) -> Recorded:
            self.count += 1
            self.at("before")
            recorded = await append(journal, entries)
            self.at("after")
            return recorded

        def begun(journal: SqliteJournal, group: list[tuple[Entry, ...]]) -> list[Recorded]:
            self.at("begun")
            return write(journal, group)

        SqliteJournal.append = counted  # type: ignore[method-assign] # this process does nothing else
        SqliteJournal._write = begun  # type: ignore[method-assign]
        if side in INSIDE:
            self._files = _Files(self)

    def at(self, side: str) -> None:
        """Die if this is the place: called on the loop's thread beside a commit, on the writer's inside it."""
        if self.count == self._n and side == self._side:
            die()

    def writing(self) -> None:
        """Called before each piece that SQLite writes into the log."""
        if self.count == self._n:
            self.writes += 1
            if self.writes == TORN_AT:
                self.at("torn")

    def syncing(self, side: str) -> None:
        """Called before and after each sync of the log: that of a new log's own header comes before any frame."""
        if self.writes >= TORN_AT:
            self.at(side)


class _Files(apsw.VFS):
    """The system's own files, with a word before and after what SQLite does to the write-ahead log."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        super().__init__("deadly", "", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> _File:  # noqa: N802 - SQLite's name
        return _File(name, flags, self._commits)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], commits: Commits) -> None:
        self._commits = commits
        self._log = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__("unix", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - SQLite's name
        if self._log:
            self._commits.writing()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        if self._log:
            self._commits.syncing("unsynced")
        super().xSync(flags)
        if self._log:
            self._commits.syncing("synced")
