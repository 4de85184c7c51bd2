"""A snapshot makes a start quick, and is never believed more than the journal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.adapters.snapshot_file import SnapshotFile
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb
from orchestrator.engine.snapshot import Snapshot, SnapshotKeeper
from tests.unit.core_builders import SUPERVISOR
from tests.unit.test_runner import AUDITOR, STORE, Rig

if TYPE_CHECKING:
    from pathlib import Path


class Counted:
    """A journal that says from where it was read."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self.reads: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    @property
    def head(self) -> tuple[int, str]:
        return self._journal.head

    def read(self, *, after: int = 0, limit: int | None = None, kind: str | None = None, subject: str | None = None):
        count = 0
        for recorded in self._journal.read(after=after, limit=limit, kind=kind, subject=subject):
            count += 1
            yield recorded
        self.reads.append((after, count))


async def _some_work(rig: Rig, refills: int) -> None:
    assert (await rig.ask(STORE, name="store")).ok
    assert (await rig.ask(cmd.ChangeCell(verb=CellVerb.START), AUDITOR, "denied")).code == "denied"
    for number in range(refills):
        await rig.ask(cmd.RefillBin(bin="rack", count=number % 4))


def _restored(path: Path, data: bytes | None) -> tuple[Rig, Counted, int]:
    journal = Counted(SqliteJournal(path))
    rig = Rig(journal)
    return rig, journal, SnapshotKeeper(rig.runner, lambda _: None).restore(data, journal)


def test_a_start_from_a_snapshot_folds_only_what_came_after(tmp_path: Path) -> None:
    async def main() -> None:
        saved: list[bytes] = []
        journal = SqliteJournal(tmp_path / "journal.db")
        rig = Rig(journal)
        async with rig:
            keeper = SnapshotKeeper(rig.runner, saved.append, every=10)
            rig.runner.bus.join(keeper.observe)
            await _some_work(rig, 14)
            await rig.ask(STORE, name="store")
        await journal.close()
        assert len(saved) == 1
        again, read, last = _restored(tmp_path / "journal.db", saved[0])
        assert last == again.state.seq == 16
        assert read.reads[-1] == (10, 6)
        assert again.state == rig.state
        async with again:
            assert (await again.ask(STORE, name="store")).ok, "what was asked before the snapshot is remembered"
            denied = await again.ask(cmd.ChangeCell(verb=CellVerb.START), AUDITOR, "denied")
            assert (denied.ok, denied.code) == (False, "denied")
        assert again.state.seq == 16
        await read.close()

    run_virtual(main)


def test_the_last_state_is_kept_on_the_way_out(tmp_path: Path) -> None:
    async def main() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        shelf = SnapshotFile(tmp_path / "journal.db")
        rig = Rig(journal)
        async with rig:
            keeper = SnapshotKeeper(rig.runner, shelf.save)
            await _some_work(rig, 3)
        await keeper.close()
        await journal.close()
        again, read, _ = _restored(tmp_path / "journal.db", shelf.load())
        assert read.reads[-1] == (5, 0)
        assert again.state == rig.state
        await read.close()

    run_virtual(main)


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        _flipped,
        lambda _: b"",
        lambda _: b"{}\n",
        lambda _: b"[1]\n{}",
        lambda data: data.replace(b'"rules":"', b'"rules":"0'),
        lambda data: data.replace(b'"cell":"', b'"cell":"0'),
        lambda data: data.replace(b'"sha256":"', b'"sha256":"0'),
        lambda data: data.replace(b'"seq":5', b'"seq":4'),
        lambda data: data.replace(b'"seq":5', b'"seq":99'),
    ],
    ids=["torn", "flipped", "empty", "no_head", "no_object", "rules", "cell", "event", "earlier", "later"],
)
def test_a_snapshot_that_does_not_hold_is_passed_over(tmp_path: Path, spoil: object) -> None:
    async def main() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        rig = Rig(journal)
        async with rig:
            await _some_work(rig, 3)
        data = rig.runner.snapshot().to_bytes()
        assert b'"seq":5' in data
        await journal.close()
        again, read, last = _restored(tmp_path / "journal.db", spoil(data))  # type: ignore[operator]
        assert last == 5
        assert read.reads[-1] == (0, 5), "everything is folded"
        assert again.state == rig.state
        await read.close()

    run_virtual(main)


def test_a_disk_that_takes_no_snapshot_stops_nothing(tmp_path: Path) -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def main() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        rig = Rig(journal)
        async with rig:
            keeper = SnapshotKeeper(rig.runner, full, every=2)
            rig.runner.bus.join(keeper.observe)
            await _some_work(rig, 6)
            assert (await rig.ask(cmd.RefillBin(bin="rack", count=1), SUPERVISOR)).ok
        await keeper.close()
        await journal.close()

    run_virtual(main)


def test_a_snapshot_reads_back_as_it_was() -> None:
    async def main() -> None:
        rig = Rig()
        async with rig:
            await _some_work(rig, 3)
            snapshot = rig.runner.snapshot()
            assert Snapshot.from_bytes(snapshot.to_bytes(), rig.state.spec) == snapshot
            assert snapshot.holds(rig.journal)

    run_virtual(main)
    asyncio.run(asyncio.sleep(0))
