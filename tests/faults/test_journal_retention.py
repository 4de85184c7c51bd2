"""The past of a journal goes into archives: the chain still proves the whole, and the cell goes on."""

from __future__ import annotations

import asyncio
import re
import shutil
from typing import TYPE_CHECKING

import apsw
import orjson
import pytest
from typer.testing import CliRunner

from orchestrator.adapters import journal_retain
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_file import FORMAT, verified
from orchestrator.adapters.journal_retain import Retained, retain, upgrade, verify_with
from orchestrator.adapters.journal_sqlite import SqliteJournal, verify
from orchestrator.cli.evidence import checks, ended
from orchestrator.cli.journal import app
from orchestrator.core import commands as cmd
from orchestrator.core.carried import to_json
from orchestrator.core.errors import BadInput, JournalError
from orchestrator.core.machine import CellVerb
from orchestrator.core.state import initial
from orchestrator.engine.library import read_cell
from tests.faults.test_kept_journals import unpacked
from tests.unit.cell_bench import BOSS, ROOT, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.state import State

REFILL = cmd.RefillBin(bin="bases", count=3)


def archived(folder: Path, data: Path, name: str) -> Retained:
    fresh = initial(read_cell(folder / "cell.yaml"))
    return retain(data / "journal.db", data / name, fresh, lambda state: orjson.loads(to_json(state)))


async def build(folder: Path, data: Path, order: str, *, until: str = "") -> tuple[float, State]:
    """Build one more unit, or leave it where a motion begins; returns the time and the state."""
    async with bench(folder, data=data) as cell:
        cell.work(tends=True)
        if cell.state.cell == "idle":
            await cell.change(CellVerb.START)
        assert (await cell.ask(REFILL, BOSS, "refill-once")).ok
        await cell.order(1, order)
        if until:
            await cell.in_motion(until)
        else:
            await cell.ended(order)
        return cell.now, cell.state


def test_another_cell_freezes_nothing_and_is_told_whose_journal_it_is(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run_virtual(lambda: build(folder, data, "o1", until="bring base"))
    events = list(verified(data / "journal.db"))
    other = initial(read_cell(ROOT / "launch" / "cells" / "demo.yaml"))
    for _ in range(2):
        with pytest.raises(BadInput, match="is the journal of cell cell, not of demo") as raised:
            retain(data / "journal.db", data / "archive.db", other, lambda state: orjson.loads(to_json(state)))
        assert raised.value.remedy == "Give --cell the file of cell."
        assert list(verified(data / "journal.db")) == events
        assert not (data / "archive.db").exists()
        if len(events) > 1:  # and once there is nothing but what an archive left
            archived(folder, data, "archive_1.db")
            events = list(verified(data / "journal.db"))


def test_the_cell_has_no_default(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["retain", str(tmp_path / "journal.db"), "--archive", str(tmp_path / "a.db")])
    assert refused.exit_code == 2
    assert "--cell" in re.sub("\x1b\\[[0-9;]*m", "", refused.output)


def test_archives_and_journal_prove_the_whole_records_stay_and_the_cell_goes_on(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    now, before = run_virtual(lambda: build(folder, data, "o1"))
    events = list(verified(data / "journal.db"))
    done = archived(folder, data, "archive_1.db")
    assert (done.first, done.last, done.records) == (1, len(events), 1)
    assert list(verified(data / "archive_1.db")) == events
    assert [event.entry.type for event in verified(data / "journal.db")] == ["journal_retained"]
    verify(data / "journal.db")
    assert verify_with([data / "archive_1.db"], data / "journal.db")[0] == len(events) + 1
    assert ended(data) == {"u1"}

    async def again() -> float:
        async with bench(folder, data=data) as cell:
            assert cell.state.bins == before.bins
            assert cell.state.orders == before.orders
            assert cell.record("u1")["state"] == "done"
            assert [unit["unit"] for unit in cell.cell.desk.units()] == ["u1"]
            assert (await cell.ask(REFILL, BOSS, "refill-once")).ok
            assert cell.state.bins == before.bins  # answered before the archive, and asked again: one effect
            return cell.now

    now = run_virtual(again, start_utc=now + 60)
    now, _ = run_virtual(lambda: build(folder, data, "o2"), start_utc=now + 60)
    second = archived(folder, data, "archive_2.db")
    assert (second.first, second.records) == (len(events) + 1, 2)
    files = [data / "archive_1.db", data / "archive_2.db"]
    count, head = verify_with(files, data / "journal.db")
    assert (count, head) == verify(data / "journal.db")
    for some in ([], files[:1], files[1:], files[::-1]):
        with pytest.raises(JournalError, match="does not follow"):
            verify_with(some, data / "journal.db")
    now, _ = run_virtual(lambda: build(folder, data, "o3"), start_utc=now + 60)
    assert ended(data) == {"u1", "u2", "u3"}


def test_a_unit_in_work_is_finished_after_its_past_was_archived_and_keeps_its_evidence(
    folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    now, before = run_virtual(lambda: build(folder, data, "o", until="fetch pin steel"))
    archived(folder, data, "archive.db")
    assert [unit for unit, _, _ in checks(data)] == []  # vision that knows the truth keeps no pictures

    async def finish() -> None:
        async with bench(folder, data=data) as cell:
            assert cell.step("load") == before.units["u1"].steps["load"]
            cell.work(tends=True)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["bases"] == before.bins["bases"]

    run_virtual(finish, start_utc=now + 60)
    verify_with([data / "archive.db"], data / "journal.db")


def test_whatever_is_flipped_in_what_stays_is_named(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run_virtual(lambda: build(folder, data, "o"))
    archived(folder, data, "archive.db")
    for sql in (
        "UPDATE kept SET payload = CAST(replace(payload, 'done', 'dome') AS BLOB)",
        "UPDATE kept SET t = t + 1",
        "DELETE FROM kept",
        "UPDATE event SET payload = CAST(replace(payload, 'refill-once', 'refill-other') AS BLOB)",
        "UPDATE event SET payload = CAST(replace(payload, 'archive.db', 'another.db') AS BLOB)",
        "UPDATE event SET seq = seq + 1",
        "DELETE FROM event",
    ):
        damaged = tmp_path / "damaged.db"
        shutil.copy2(data / "journal.db", damaged)
        shutil.copy2(data / "journal.db-head", tmp_path / "damaged.db-head")
        db = apsw.Connection(str(damaged))
        db.execute(sql)
        assert db.changes() == 1, sql
        db.close()
        with pytest.raises(JournalError):
            verify(damaged)


def test_one_that_is_interrupted_leaves_the_journal_as_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    run_virtual(lambda: build(folder, data, "o"))
    events = list(verified(data / "journal.db"))
    with monkeypatch.context() as broken:

        def dies(*_: object) -> str:
            raise OSError(28, "No space left on device")

        broken.setattr(journal_retain, "kept_digest", dies)
        with pytest.raises(JournalError):
            archived(folder, data, "archive.db")
    assert list(verified(data / "journal.db")) == events
    with pytest.raises(BadInput, match="exists already"):
        archived(folder, data, "archive.db")
    assert archived(folder, data, "archive_2.db").last == len(events)
    with pytest.raises(BadInput, match="Nothing has happened"):
        archived(folder, data, "archive_3.db")


def test_a_journal_that_is_written_is_not_archived(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        with pytest.raises(JournalError, match="is writing the journal"):
            archived(folder, tmp_path, "archive.db")
        await journal.close()

    asyncio.run(main())
    assert not (tmp_path / "archive.db").exists()


def test_a_journal_of_format_1_is_upgraded_with_a_copy_made_before(folder: Path, tmp_path: Path) -> None:
    path = unpacked("format_1.db.xz", tmp_path / "data")
    events = list(verified(path))
    had, copy = upgrade(path)
    assert (had, copy) == (1, path.with_name("journal.db.format-1"))
    assert copy is not None
    assert list(verified(copy)) == events
    assert list(verified(path)) == events
    assert apsw.Connection(str(path)).pragma("user_version") == FORMAT
    assert upgrade(path) == (FORMAT, None)
    archived(folder, tmp_path / "data", "archive.db")
    assert verify_with([tmp_path / "data" / "archive.db"], path)[0] == len(events) + 1
