"""What every journal promises, on disk and in memory; then what only the one on disk does."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import resource
import sqlite3
import stat
import struct
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_file import FORMAT
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.adapters.journal_sqlite import SqliteJournal, export, verify
from orchestrator.core.errors import JournalError
from orchestrator.core.ports import Entry, Recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.core.ports import Journal

ROOT = Path(__file__).parents[2]
KINDS = ["memory", "sqlite"]


def entry(n: int, *, kind: str = "step_done", subject: str = "u1") -> Entry:
    return Entry(t=1000.0 + n / 10, type=kind, subject=subject, payload=b'{"n":%d}' % n, command=f"c{n}")


@asynccontextmanager
async def journal_of(kind: str, folder: Path) -> AsyncIterator[Journal]:
    journal: Journal = MemoryJournal() if kind == "memory" else SqliteJournal(folder / "cell.journal")
    try:
        yield journal
    finally:
        await journal.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---- both ------------------------------------------------------------------------------------------------------


def test_an_empty_journal_has_head_zero(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:
            assert journal.head == (0, "0" * 64)
            assert list(journal.read()) == []

    asyncio.run(main())


def test_events_are_numbered_from_one_and_read_back_in_order(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:
            last = await journal.append([entry(1), entry(2)])
            assert (last.seq, last.entry) == (2, entry(2))
            third = await journal.append([entry(3)])
            events = list(journal.read())
            assert [event.seq for event in events] == [1, 2, 3]
            assert [event.entry for event in events] == [entry(1), entry(2), entry(3)]
            assert events[-1] == third
            assert journal.head == (3, third.sha256)

    asyncio.run(main())


def test_each_hash_covers_the_one_before_and_every_field(kind: str, tmp_path: Path) -> None:
    """The canonical form, written down a second time: an auditor must be able to check it without our code."""

    def by_hand(previous: bytes, seq: int, e: Entry) -> bytes:
        fields = [field.encode() for field in (e.type, e.subject, e.command)]
        lengths = b"".join(len(field).to_bytes(4, "big") for field in fields) + len(e.payload).to_bytes(8, "big")
        fixed = seq.to_bytes(8, "big") + struct.pack(">d", e.t) + e.version.to_bytes(8, "big", signed=True)
        return hashlib.sha256(previous + fixed + lengths + b"".join(fields) + e.payload).digest()

    async def main() -> None:
        entries = [entry(1), Entry(-0.5, "café", "ü", b"", "", 7), entry(3)]
        async with journal_of(kind, tmp_path) as journal:
            await journal.append(entries)
            previous = bytes(32)
            for seq, event in enumerate(journal.read(), start=1):
                previous = by_hand(previous, seq, entries[seq - 1])
                assert event.sha256 == previous.hex()

    asyncio.run(main())


def test_filters_narrow_what_is_read(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:
            await journal.append([entry(n, kind=f"k{n % 2}", subject=f"s{n % 3}") for n in range(1, 13)])

            def seqs(**filters: object) -> list[int]:
                return [event.seq for event in journal.read(**filters)]  # type: ignore[arg-type]  # by name, as callers do

            assert seqs(after=10) == [11, 12]
            assert seqs(after=12) == []
            assert seqs(after=99) == []
            assert seqs(after=-5, limit=2) == [1, 2]
            assert seqs(limit=0) == []
            assert seqs(limit=-1) == []
            assert seqs(kind="k1") == [1, 3, 5, 7, 9, 11]
            assert seqs(subject="s0") == [3, 6, 9, 12]
            assert seqs(kind="k1", subject="s0", after=3) == [9]
            assert seqs(kind="k1", limit=2, after=2) == [3, 5]
            assert seqs(subject="nobody") == []

    asyncio.run(main())


def test_a_reader_sees_the_journal_as_it_was_when_it_began(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:
            await journal.append([entry(1), entry(2)])
            events = journal.read()
            assert next(events).seq == 1
            await journal.append([entry(3)])
            assert [event.seq for event in events] == [2]
            assert [event.seq for event in journal.read()] == [1, 2, 3]

    asyncio.run(main())


def test_concurrent_appends_stay_whole_and_in_the_order_of_asking(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:

            async def source(name: int) -> list[Recorded]:
                return [await journal.append([entry(n, subject=f"s{name}") for n in range(3)]) for _ in range(5)]

            answers = await asyncio.gather(*(source(name) for name in range(8)))
            events = list(journal.read())
            assert len(events) == 8 * 5 * 3
            by_seq = {event.seq: event for event in events}
            for answer in (recorded for source_answers in answers for recorded in source_answers):
                assert by_seq[answer.seq] == answer
                whole = [by_seq[answer.seq - back].entry for back in (2, 1, 0)]
                assert whole == [entry(n, subject=answer.entry.subject) for n in range(3)]
            first_round = [event.entry.subject for event in events[:24:3]]
            assert first_round == [f"s{name}" for name in range(8)]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Entry(float("nan"), "a", "", b"{}"), "time"),
        (Entry(0.0, "a", "", b"{}", version=2**63), "version"),
        (Entry(0.0, "a", "\ud800", b"{}"), "Unicode"),
        (Entry(0.0, "a", "", b"x" * (16 * 1024 * 1024 + 1)), "payload"),
        (Entry(0.0, "a", "", "{}"), "payload"),  # type: ignore[arg-type]  # the mistake that is tested
    ],
)
def test_one_bad_entry_leaves_the_whole_append_unwritten(kind: str, tmp_path: Path, bad: Entry, words: str) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:
            await journal.append([entry(1)])
            before = journal.head
            bystander = asyncio.ensure_future(journal.append([entry(2)]))
            with pytest.raises(JournalError, match=words) as raised:
                await journal.append([entry(8), bad, entry(9)])
            assert raised.value.remedy
            assert (await bystander).seq == 2
            assert [event.entry for event in journal.read(after=before[0])] == [entry(2)]

    asyncio.run(main())


def test_appending_nothing_is_refused(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:
            with pytest.raises(JournalError, match="no event"):
                await journal.append([])

    asyncio.run(main())


def test_a_closed_journal_refuses_writing_but_is_closed_twice_in_peace(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_of(kind, tmp_path) as journal:
            asked_before = asyncio.ensure_future(journal.append([entry(1)]))
            await asyncio.sleep(0)
            await journal.close()
            assert (await asked_before).seq == 1
            with pytest.raises(JournalError, match="closed") as raised:
                await journal.append([entry(2)])
            assert raised.value.remedy
            await journal.close()
            assert [event.seq for event in journal.read()] == [1]

    asyncio.run(main())


def test_closing_answers_everyone_who_asked_before(kind: str, tmp_path: Path) -> None:
    async def main() -> list[int]:
        async with journal_of(kind, tmp_path) as journal:
            asked = []
            for n in range(3):
                asked.append(asyncio.ensure_future(journal.append([entry(n)])))
                for _ in range(2):
                    await asyncio.sleep(0)
            await journal.close()
            return [(await each).seq for each in asked]

    assert run_virtual(main) == [1, 2, 3]


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
entries_of_any_kind = st.lists(
    st.builds(
        Entry,
        t=st.floats(allow_nan=False, allow_infinity=False),
        type=text,
        subject=text,
        payload=st.binary(max_size=40),
        command=text,
        version=st.integers(-(2**63), 2**63 - 1),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(entries_of_any_kind, min_size=1, max_size=4))
def test_whatever_is_written_is_read_back_and_both_journals_agree(batches: list[list[Entry]]) -> None:
    async def written(kind: str, folder: Path) -> list[Recorded]:
        async with journal_of(kind, folder) as journal:
            for batch in batches:
                await journal.append(batch)
            events = list(journal.read())
            for event in events:
                mine = [other for other in events if other.entry.subject == event.entry.subject]
                assert list(journal.read(subject=event.entry.subject)) == mine
            return events

    with tempfile.TemporaryDirectory() as folder:
        memory = asyncio.run(written("memory", Path(folder)))
        assert [event.entry for event in memory] == [entry for batch in batches for entry in batch]
        assert asyncio.run(written("sqlite", Path(folder))) == memory
        assert verify(Path(folder) / "cell.journal") == (len(memory), memory[-1].sha256)


def test_under_virtual_time_writing_takes_no_time_and_the_order_is_the_same_every_time(kind: str) -> None:
    async def main() -> tuple[list[str], tuple[int, str]]:
        told: list[str] = []
        with tempfile.TemporaryDirectory() as folder:
            async with journal_of(kind, Path(folder)) as journal:

                async def source(name: int) -> None:
                    for n in range(4):
                        recorded = await journal.append([entry(n, subject=f"s{name}")])
                        told.append(f"{asyncio.get_running_loop().time()} {name} {recorded.seq}")
                        await asyncio.sleep(0.1 * (name % 3))

                async with asyncio.TaskGroup() as group:
                    for name in range(5):
                        group.create_task(source(name))
                return told, journal.head

    first = run_virtual(main)
    assert first[0][-1].startswith("0.6")
    assert run_virtual(main) == first


# ---- on disk ---------------------------------------------------------------------------------------------------


def write(path: Path, *numbers: int) -> tuple[int, str]:
    async def main() -> tuple[int, str]:
        journal = SqliteJournal(path)
        try:
            for n in numbers:
                await journal.append([entry(n)])
            return journal.head
        finally:
            await journal.close()

    return asyncio.run(main())


def test_a_reopened_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    head = write(path, 1, 2)
    assert verify(path) == head
    assert write(path, 3)[0] == 3
    assert verify(path)[0] == 3


def test_only_its_owner_may_read_the_files(tmp_path: Path) -> None:
    files: dict[str, int] = {}

    def modes(folder: Path) -> dict[str, int]:
        return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}

    async def main() -> None:
        journal = SqliteJournal(tmp_path / "cell.journal")
        await journal.append([entry(1)])
        files.update(modes(tmp_path))
        await journal.close()

    mask = os.umask(0)
    try:
        asyncio.run(main())
    finally:
        os.umask(mask)
    assert {"cell.journal", "cell.journal-wal"} <= files.keys()
    assert set(files.values()) == {0o600}


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    write(path, 1)
    header = path.read_bytes()[:100]
    assert header[68:72] == b"TNDM"
    assert int.from_bytes(header[60:64], "big") == FORMAT


def _text(path: Path) -> None:
    path.write_text("steps: []\n" * 200)


def _other_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE recipe (id)")
    db.commit()
    db.close()


def _newer(path: Path) -> None:
    write(path, 1)
    content = bytearray(path.read_bytes())
    content[60:64] = (FORMAT + 1).to_bytes(4, "big")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "words"),
    [(_text, "not a Tandem journal"), (_other_database, "not a Tandem journal"), (_newer, "newer Tandem")],
)
def test_a_foreign_or_newer_file_is_refused_and_left_as_it_is(tmp_path: Path, make, words: str) -> None:  # type: ignore[no-untyped-def]  # any maker
    path = tmp_path / "cell.journal"
    make(path)
    before = path.read_bytes()
    for use in (SqliteJournal, verify):
        with pytest.raises(JournalError, match=words) as raised:
            use(path)
        assert raised.value.remedy
    assert path.read_bytes() == before


def test_a_place_that_does_not_exist_is_named(tmp_path: Path) -> None:
    for use in (SqliteJournal, verify):
        with pytest.raises(JournalError, match=r"nowhere.*cell\.journal") as raised:
            use(tmp_path / "nowhere" / "cell.journal")
        assert raised.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_is_refused_in_this_process_and_in_another(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    journal = SqliteJournal(path)
    with pytest.raises(JournalError, match=f"Process {os.getpid()} is writing") as raised:
        SqliteJournal(path)
    assert "Stop that" in raised.value.remedy
    verify(path)  # reading must not let go of the lock
    script = "import sys; from orchestrator.adapters.journal_sqlite import SqliteJournal; SqliteJournal(sys.argv[1])"
    other = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert f"Process {os.getpid()} is writing" in other.stderr
    assert other.returncode != 0
    asyncio.run(journal.close())
    asyncio.run(SqliteJournal(path).close())


def _opened_elsewhere(path: Path) -> str:
    """Open a journal in another process; what that says where it is refused, "" where it is let in."""
    script = "import sys; from orchestrator.adapters.journal_sqlite import SqliteJournal; SqliteJournal(sys.argv[1])"
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stderr


@pytest.mark.parametrize("name", ["lock removed", "symbolic link", "second name"])
def test_a_second_writer_is_refused_by_whatever_name_it_comes(tmp_path: Path, name: str) -> None:
    path = other = tmp_path / "cell.journal"
    journal = SqliteJournal(path)
    asyncio.run(journal.append([entry(1)]))
    if name == "lock removed":
        path.with_name("cell.journal-lock").unlink()
    else:
        other = tmp_path / "other.journal"
        (other.symlink_to if name == "symbolic link" else other.hardlink_to)(path)
        with pytest.raises(JournalError, match="is writing"):
            SqliteJournal(other)
    for read_meanwhile in (False, True):
        if read_meanwhile:
            verify(path)
            list(journal.read())
        assert "is writing the journal" in _opened_elsewhere(other)
    asyncio.run(journal.append([entry(2)]))
    asyncio.run(journal.close())
    assert _opened_elsewhere(other) == ""


def test_a_journal_has_one_mark_whichever_name_it_is_called_by(tmp_path: Path) -> None:
    write(tmp_path / "cell.journal", 3)
    (tmp_path / "link").symlink_to(tmp_path / "cell.journal")
    linked = SqliteJournal(tmp_path / "link")
    asyncio.run(linked.append([entry(4)]))
    asyncio.run(linked.close())
    assert not (tmp_path / "link-head").exists()
    assert verify(tmp_path / "cell.journal")[0] == 2
    (tmp_path / "cell.journal-head").write_text("damaged")
    with pytest.raises(JournalError, match="is damaged"):
        verify(tmp_path / "link")


def test_a_failed_open_leaves_the_lock_free(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    _text(path)
    with pytest.raises(JournalError):
        SqliteJournal(path)
    path.unlink()
    asyncio.run(SqliteJournal(path).close())


def test_a_full_disk_fails_everyone_who_waits_and_is_survived(tmp_path: Path) -> None:
    async def main() -> None:
        journal = SqliteJournal(tmp_path / "cell.journal")
        await journal.append([entry(1)])
        head = journal.head
        pages = journal._db.pragma("page_count")
        journal._db.pragma("max_page_count", pages)  # the one way to a full disk without a disk
        big = Entry(1.0, "a", "", bytes(100_000))
        answers = await asyncio.gather(journal.append([big]), journal.append([entry(2), big]), return_exceptions=True)
        for answer in answers:
            assert isinstance(answer, JournalError)
            assert "full" in answer.message
            assert answer.remedy
        assert journal.head == head
        assert [event.seq for event in journal.read()] == [1]
        journal._db.pragma("max_page_count", 1_000_000)
        assert (await journal.append([entry(2)])).seq == 2
        await journal.close()
        assert verify(tmp_path / "cell.journal")[0] == 2

    asyncio.run(main())


def test_after_a_failed_write_the_journal_refuses_until_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"

    async def main() -> None:
        journal = SqliteJournal(path)
        await journal.append([entry(1)])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(JournalError) as raised:
                await journal.append([Entry(1.0, "a", "", bytes(1_000_000))])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "Check the disk" in raised.value.remedy
        assert [event.seq for event in journal.read()] == [1]
        with pytest.raises(JournalError, match="earlier failure"):
            await journal.append([entry(2)])
        assert journal.head[0] == 1
        await journal.close()

    asyncio.run(main())
    assert write(path, 2)[0] == 2
    assert verify(path)[0] == 2


@pytest.mark.parametrize(("steps", "written"), [(1, 1), (2, 3)])
def test_a_cancelled_append_is_written_whole_or_not_at_all(tmp_path: Path, steps: int, written: int) -> None:
    """Cancelled before its commit began it leaves no trace; in flight it is written and nobody is told."""
    path = tmp_path / "cell.journal"

    async def main() -> int:
        journal = SqliteJournal(path)
        cancelled = asyncio.ensure_future(journal.append([entry(1), entry(2)]))
        for _ in range(steps):
            await asyncio.sleep(0)
        cancelled.cancel()
        kept = await journal.append([entry(3)])
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await journal.close()
        return kept.seq

    assert run_virtual(main) == written
    assert verify(path)[0] == written


def test_appends_that_are_ready_together_share_one_commit(tmp_path: Path) -> None:
    def log_b(name: str, groups: list[list[Entry]]) -> int:
        sizes: list[int] = []
        path, log = tmp_path / name, tmp_path / f"{name}-wal"

        async def main() -> None:
            journal = SqliteJournal(path)
            await asyncio.gather(*(journal.append(group) for group in groups))
            sizes.append(log.stat().st_size)
            await journal.close()

        asyncio.run(main())
        return sizes[0]

    entries = [entry(n) for n in range(50)]
    assert log_b("many", [[each] for each in entries]) == log_b("one", [entries])


def test_a_program_that_locks_the_file_is_named_and_outwaited(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"

    async def main() -> None:
        journal = SqliteJournal(path)
        await journal.append([entry(1)])
        shell = apsw.Connection(str(path))
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked by another program") as raised:
            await journal.append([entry(2)])
        assert raised.value.remedy
        shell.close()
        assert (await journal.append([entry(2)])).seq == 2
        await journal.close()

    asyncio.run(main())
    assert verify(path)[0] == 2


def test_one_journal_serves_one_event_loop_after_another(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "cell.journal")

    async def abandoned() -> None:
        in_flight = asyncio.ensure_future(journal.append([entry(1)]))
        for _ in range(2):
            await asyncio.sleep(0)
        in_flight.cancel()

    async def after() -> int:
        seq = (await journal.append([entry(2)])).seq
        await journal.close()
        return seq

    run_virtual(abandoned)
    assert run_virtual(after) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE event SET payload = CAST('{\"n\":9}' AS BLOB) WHERE seq = 3",
        "UPDATE event SET t = t + 1 WHERE seq = 3",
        "UPDATE event SET type = 'other' WHERE seq = 3",
        "UPDATE event SET version = 2 WHERE seq = 3",
        "UPDATE event SET subject = 'u2' WHERE seq = 3",
        "UPDATE event SET command = '' WHERE seq = 3",
        "UPDATE event SET sha256 = zeroblob(32) WHERE seq = 3",
        "DELETE FROM event WHERE seq = 3",
    ],
)
def test_a_tampered_event_is_named(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "cell.journal"
    write(path, 1, 2, 3, 4, 5)
    db = sqlite3.connect(path)
    db.execute(sql)
    db.commit()
    db.close()
    with pytest.raises(JournalError, match="at event 3") as raised:
        verify(path)
    assert raised.value.remedy
    out = io.StringIO()
    with pytest.raises(JournalError, match="at event 3"):
        export(path, out)
    assert [json.loads(line)["seq"] for line in out.getvalue().splitlines()] == [1, 2]


def test_events_cut_off_the_end_are_missed(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"
    write(path, 1, 2, 3, 4, 5)
    db = sqlite3.connect(path)
    db.execute("DELETE FROM event WHERE seq > 3")
    db.commit()
    db.close()
    for use in (verify, SqliteJournal):
        with pytest.raises(JournalError, match="at event 4: it was acknowledged"):
            use(path)


def test_a_damaged_index_is_found_before_it_hides_an_event(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"

    async def main() -> None:
        journal = SqliteJournal(path)
        await journal.append([entry(n, subject=f"unit {n}") for n in range(3)])
        await journal.close()

    asyncio.run(main())
    content = bytearray(path.read_bytes())
    index_pages = [at for at in range(4096, len(content), 4096) if content[at] == 0x0A]
    key = next(content.find(b"unit 1", at, at + 4096) for at in index_pages if b"unit 1" in content[at : at + 4096])
    content[key : key + 6] = b"unit X"
    path.write_bytes(content)
    for use in (SqliteJournal, verify):
        with pytest.raises(JournalError, match="index") as raised:
            use(path)
        assert raised.value.remedy


def test_export_writes_one_json_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "cell.journal"

    async def main() -> None:
        journal = SqliteJournal(path)
        await journal.append([Entry(1.5, "a", "ü", b'{"x":1.10}', "c"), Entry(2.0, "b", "", b"\xff\n")])
        await journal.close()

    asyncio.run(main())
    out = io.StringIO()
    assert export(path, out) == 2
    first, second = out.getvalue().splitlines()
    head = verify(path)[1]
    assert '"payload":{"x":1.10}' in first
    line = json.loads(first)
    assert (line["seq"], line["t"], line["type"], line["version"]) == (1, 1.5, "a", 1)
    assert (line["subject"], line["payload"], line["command"]) == ("ü", {"x": 1.1}, "c")
    assert base64.b64decode(json.loads(second)["payload_base64"]) == b"\xff\n"
    assert json.loads(second)["sha256"] == head
