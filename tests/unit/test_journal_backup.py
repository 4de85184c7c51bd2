"""A journal is copied while it is written, and put back: what was acknowledged is in the copy, or the copy says no."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters import journal_backup
from orchestrator.adapters.journal_backup import backup, restore
from orchestrator.adapters.journal_sqlite import SqliteJournal, verify
from orchestrator.core.errors import BadInput, JournalError, NotFound
from orchestrator.core.ports import Entry

if TYPE_CHECKING:
    from pathlib import Path


HOLDS = """
import signal, sys
from orchestrator.adapters.journal_sqlite import SqliteJournal
journal = SqliteJournal(sys.argv[1])
print("holds", flush=True)
signal.pause()
"""


class Cut(Exception):
    """The process ended here."""


def entries(count: int, start: int = 0) -> list[Entry]:
    return [Entry(float(n), "acknowledged", "", b'{"n":%d}' % n, f"c{n}") for n in range(start, start + count)]


def journal(path: Path, count: int) -> Path:
    async def write() -> None:
        made = SqliteJournal(path)
        await made.append(entries(count))
        await made.close()

    asyncio.run(write())
    return path


def test_a_copy_that_is_taken_while_the_server_writes_has_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    async def main() -> None:
        live = SqliteJournal(tmp_path / "journal.db")
        await live.append(entries(2000))
        copying = asyncio.create_task(asyncio.to_thread(backup, tmp_path / "journal.db", tmp_path / "kept.db"))
        written = 2000
        while not copying.done():
            await live.append(entries(5, written))
            written += 5
        count, head = await copying
        assert 2000 <= count <= written
        assert verify(tmp_path / "kept.db") == (count, head)
        await live.close()

    asyncio.run(main())
    assert {file.name for file in tmp_path.iterdir() if file.name.startswith("kept")} == {"kept.db", "kept.db-head"}


@pytest.mark.parametrize("what", ["kept.db-head", "kept.db-wal", "kept.db-shm", "kept.db-journal"])
def test_what_would_count_as_the_copys_is_not_written_over_either(tmp_path: Path, what: str) -> None:
    path = journal(tmp_path / "journal.db", 3)
    (tmp_path / what).write_text("my notes")
    with pytest.raises(BadInput, match=f"{what} exists already"):
        backup(path, tmp_path / "kept.db")
    assert (tmp_path / what).read_text() == "my notes"
    assert not (tmp_path / "kept.db").exists()


def test_files_with_names_like_a_copy_in_the_making_are_left_alone(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 3)
    mine = [tmp_path / name for name in ("kept.db.new", "kept.db.new-wal", "journal.db.new")]
    for file in mine:
        file.write_text("my notes")
    backup(path, tmp_path / "kept.db")
    restore(tmp_path / "kept.db", path)
    assert [file.read_text() for file in mine] == ["my notes"] * 3
    assert sorted(file.name for file in tmp_path.glob("*.new*")) == ["journal.db.new", "kept.db.new", "kept.db.new-wal"]


def test_a_restore_through_a_link_leaves_the_link_and_changes_what_it_names(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 3)
    backup(path, tmp_path / "kept.db")
    journal(path, 2)
    (tmp_path / "link.db").symlink_to(path)
    assert restore(tmp_path / "kept.db", tmp_path / "link.db")[0] == 3
    assert (tmp_path / "link.db").is_symlink()
    assert verify(path)[0] == 3


def test_a_restore_is_refused_while_a_server_writes_whose_lock_file_was_removed(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 3)
    backup(path, tmp_path / "kept.db")
    server = subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        path.with_name("journal.db-lock").unlink()
        with pytest.raises(JournalError, match="is writing the journal"):
            restore(tmp_path / "kept.db", path)
    finally:
        server.kill()
        server.communicate()
    assert restore(tmp_path / "kept.db", path)[0] == 3


def test_a_copy_is_never_written_over(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 3)
    backup(path, tmp_path / "kept.db")
    with pytest.raises(BadInput, match="exists already"):
        backup(path, tmp_path / "kept.db")


def test_a_damaged_journal_is_not_copied_as_if_it_were_whole(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 300)
    data = bytearray(path.read_bytes())
    at = data.index(b'{"n":150}')
    data[at + 5 : at + 8] = b"151"
    path.write_bytes(data)
    with pytest.raises(JournalError):
        backup(path, tmp_path / "kept.db")
    assert not list(tmp_path.glob("kept*"))


def test_a_journal_that_was_cut_short_is_not_copied_either(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 30)
    shutil.copy2(path, tmp_path / "old.db")
    longer = journal(tmp_path / "longer.db", 40)
    shutil.copy2(tmp_path / "longer.db-head", tmp_path / "old.db-head")
    with pytest.raises(JournalError, match="ends before"):
        backup(tmp_path / "old.db", tmp_path / "kept.db")
    assert verify(longer)[0] == 40


def test_what_is_restored_goes_on_from_there_and_the_old_one_is_kept(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 10)
    backup(path, tmp_path / "kept.db")

    async def later(count: int) -> tuple[int, str]:
        live = SqliteJournal(path)
        await live.append(entries(count, 10))
        await live.close()
        return live.head

    newer = asyncio.run(later(7))
    assert newer[0] == 17
    count, aside = restore(tmp_path / "kept.db", path)
    assert count == 10
    assert aside is not None
    assert verify(aside) == newer
    assert verify(path)[0] == 10
    assert asyncio.run(later(1))[0] == 11
    assert verify(path)[0] == 11


def test_nothing_is_restored_under_a_running_server(tmp_path: Path) -> None:
    async def main() -> None:
        live = SqliteJournal(tmp_path / "journal.db")
        await live.append(entries(3))
        await asyncio.to_thread(backup, tmp_path / "journal.db", tmp_path / "kept.db")
        with pytest.raises(JournalError, match="is writing the journal"):
            restore(tmp_path / "kept.db", tmp_path / "journal.db")
        await live.append(entries(1, 3))
        await live.close()

    asyncio.run(main())
    assert verify(tmp_path / "journal.db")[0] == 4


def test_a_damaged_copy_is_not_restored(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 10)
    backup(path, tmp_path / "kept.db")
    (tmp_path / "kept.db").write_bytes((tmp_path / "kept.db").read_bytes()[:9000])
    with pytest.raises(JournalError):
        restore(tmp_path / "kept.db", path)
    assert verify(path)[0] == 10


def test_a_restore_that_is_interrupted_leaves_no_journal_that_lacks_events_unknowingly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever step was the last: the start refuses, or nothing acknowledged is missing; restored again it is well."""
    path = journal(tmp_path / "journal.db", 10)
    backup(path, tmp_path / "kept.db")

    async def crash() -> None:  # with events in the log that a restore must not lose by half
        live = SqliteJournal(path)
        await live.append(entries(5, 10))
        as_it_crashed(tmp_path)
        await live.close()

    asyncio.run(crash())
    path = tmp_path / "crashed.db"

    def cut(*_args: object) -> None:
        raise Cut

    for name in ("os.link", "_mark"):
        with monkeypatch.context() as patch:
            patch.setattr(f"{journal_backup.__name__}.{name}", cut)
            with pytest.raises(Cut):
                restore(tmp_path / "kept.db", path)
        with pytest.raises(JournalError, match=r"ends before|missing"):
            verify(path)
    restore(tmp_path / "kept.db", path)
    assert verify(path)[0] == 10


def test_what_a_removed_journal_left_behind_does_not_get_into_the_restored_one(tmp_path: Path) -> None:
    path = journal(tmp_path / "journal.db", 10)
    backup(path, tmp_path / "kept.db")

    async def crash() -> None:
        live = SqliteJournal(path)
        await live.append(entries(5, 10))
        as_it_crashed(tmp_path)
        await live.close()

    asyncio.run(crash())
    path = tmp_path / "crashed.db"
    assert path.with_name("crashed.db-wal").stat().st_size > 0
    path.unlink()
    assert restore(tmp_path / "kept.db", path) == (10, None)
    assert verify(path)[0] == 10
    assert path.with_name("crashed.db.before-1-wal").exists()


def as_it_crashed(folder: Path) -> None:
    for file in folder.glob("journal.db*"):
        shutil.copy2(file, folder / file.name.replace("journal", "crashed"))


def test_there_must_be_a_backup(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no backup"):
        restore(tmp_path / "nothing.db", tmp_path / "journal.db")
