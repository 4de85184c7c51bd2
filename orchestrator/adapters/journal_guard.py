"""Two small files beside a journal: one keeps a second writer out, one knows how far the journal has come."""

from __future__ import annotations

import contextlib
import fcntl
import os
import zlib
from typing import TYPE_CHECKING, ClassVar

from orchestrator.core.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path


_BYTE = 0x4000_0000_0000  # of the database that is locked besides: far behind its end and SQLite's own locks


class WriterLock:
    """The right to write a journal, held by one process at a time and freed by the system when it dies.

    It is a POSIX record lock, which children don't inherit: a worker process that outlives a killed server does
    not keep the next one out. Such locks don't hold within one process, therefore the set. A small file beside the
    journal names the holder; the database itself is locked as well, for that file can be removed, and a journal have
    a second name.
    """

    _held: ClassVar[set[Path | tuple[int, int]]] = set()

    def __init__(self, journal: Path) -> None:
        """Take the lock. Raises JournalError when another writer has it, OSError when the file can't be made."""
        self._journal = journal.resolve()
        self._path = _beside(self._journal, "lock")
        self._mine: set[Path | tuple[int, int]] = {self._path}
        self._database: int | None = None
        if self._path in self._held:
            raise _in_use(journal, os.getpid())
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 32).decode(errors="replace").strip()
            os.close(self._file)
            raise _in_use(journal, holder or "unknown") from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        self._held.update(self._mine)
        if self._journal.exists():
            try:
                self.hold()
            except BaseException:
                self.release()
                raise

    def hold(self) -> None:
        """Lock the database itself, also once more: whoever closes a file loses the process's locks on it.

        SQLite closes none while a connection in WAL mode is open. Raises JournalError when another writer has it.
        """
        if self._database is None:
            status = self._journal.stat()  # before it is opened, for to close it again would let go of its locks
            inode = (status.st_dev, status.st_ino)
            if inode in self._held:
                raise _in_use(self._journal, os.getpid())
            self._database = os.open(self._journal, os.O_RDWR)
            self._mine.add(inode)
            self._held.add(inode)
        try:
            fcntl.lockf(self._database, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _BYTE)
        except OSError:
            raise _in_use(self._journal, "unknown") from None

    def release(self) -> None:
        """Let the next writer in; called when no connection of this process is open any more."""
        self._held.difference_update(self._mine)
        if self._database is not None:
            os.close(self._database)
        os.close(self._file)


class HighWater:
    """How far the journal was acknowledged: its last sequence number and hash, outside the database.

    SQLite ends a damaged write-ahead log at the first bad frame without a word, and a shorter chain is still a
    chain. So each commit leaves its mark here before it is acknowledged. The mark isn't forced to disk: after a
    power cut it may lag behind, which proves nothing and accuses nobody; it never runs ahead. It carries a checksum of
    its own, so that a mark that was damaged does not accuse the journal; one of an older version (86 bytes) has none,
    and a power cut while the file grows from one to the other leaves no more than half of either.
    """

    def __init__(self, journal: Path) -> None:
        """Open the mark for writing. Raises OSError."""
        self._file = os.open(_beside(journal, "head"), os.O_RDWR | os.O_CREAT, 0o600)

    def put(self, seq: int, digest: bytes) -> None:
        """Note that the journal is durable up to `seq`."""
        with contextlib.suppress(OSError):  # the events are durable already; only the proof of their number is not
            os.pwrite(self._file, _marked(f"{seq:020d} {digest.hex()}"), 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    @staticmethod
    def read(journal: Path) -> tuple[int, str] | None:
        """Return the marked sequence number and hash, None where there is no mark. Raises JournalError, OSError."""
        path = _beside(journal, "head")
        try:
            text = path.read_bytes().rstrip(b"\0")  # a power cut: the new length is there, but not what was written
        except FileNotFoundError:
            return None
        if not text:  # a power cut before the first mark reached the disk
            return None
        mark = text.decode(errors="replace")[:85]
        seq, _, sha256 = mark.partition(" ")
        if text == f"{mark} ".encode():  # a power cut: what was written is there, but not yet the file's new length
            return None
        if text not in (_marked(mark), f"{mark}\n".encode()) or not (seq.isascii() and seq.isdigit()):
            raise JournalError(
                f"{path}, which proves that no event is missing at the end, is damaged.",
                remedy="Remove it, run `tandem journal verify`, and compare the last event with a backup or export.",
            )
        return int(seq), sha256


def _marked(mark: str) -> bytes:
    return f"{mark} {zlib.crc32(mark.encode()):08x}\n".encode()


def _beside(journal: Path, what: str) -> Path:
    journal = journal.resolve()  # whichever name it is called by, there is one of each
    return journal.with_name(f"{journal.name}-{what}")


def _in_use(journal: Path, holder: int | str) -> JournalError:
    return JournalError(
        f"Process {holder} is writing the journal {journal}.",
        remedy="Stop that Tandem server first, or name another journal.",
    )
