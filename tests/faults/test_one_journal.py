"""A journal belongs to one orchestrator, and may be read-only: said in one sentence, at the start and while it runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_sqlite import verify
from orchestrator.core import commands as cmd
from orchestrator.core.errors import JournalError
from orchestrator.core.machine import CellState, CellVerb
from tests.unit.cell_bench import bench

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
UNHOLD = cmd.ChangeCell(verb=CellVerb.UNHOLD)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """An orchestrator as a user starts it, once it serves."""
    command = [sys.executable, "-m", "orchestrator", "serve", "--port", "0", "--data", str(tmp_path / "cell")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if "ready at" in line:
                break
        yield server
        server.terminate()
        server.stdout.read()


@pytest.mark.slow
def test_a_second_orchestrator_on_one_journal_refuses_in_one_sentence_and_harms_nothing(
    first: subprocess.Popen[str], tmp_path: Path
) -> None:
    data = tmp_path / "cell"
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    command = [sys.executable, "-m", "orchestrator", "serve", "--port", "0", "--data", str(data)]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    said = " ".join((second.stdout + second.stderr).split())
    assert second.returncode != 0
    assert f"Process {first.pid} is writing the journal" in said
    assert "Stop that Tandem server first" in said
    assert "Traceback" not in said
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before
    assert first.poll() is None


def _readable_only(path: Path) -> None:
    """Take away the right to write, also from root: the file's system is asked for read-only files by SQLite alone."""
    path.chmod(0o400)


def test_a_journal_that_may_not_be_written_is_refused_at_the_start(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def made() -> None:
        async with bench(folder, data=tmp_path):
            pass

    async def refused() -> None:
        with pytest.raises(JournalError) as raised:
            async with bench(folder, data=tmp_path):
                pass
        assert raised.value.remedy
        assert "journal.db" in str(raised.value)

    run_virtual(made)
    opened = apsw.Connection

    def read_only(name: str, flags: int = 0) -> apsw.Connection:  # root may write any file: so SQLite is told
        return opened(name, flags=apsw.SQLITE_OPEN_READONLY if flags & apsw.SQLITE_OPEN_READWRITE else flags)

    if os.geteuid() != 0:
        _readable_only(tmp_path / "journal.db")
    else:
        monkeypatch.setattr(apsw, "Connection", read_only)
    run_virtual(refused)


def test_a_journal_that_becomes_read_only_stops_the_robot_and_a_restart_goes_on(folder: Path, tmp_path: Path) -> None:
    async def first_life() -> float:
        async with bench(folder, data=tmp_path) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            journal = cell.cell.desk.journal
            journal._db.pragma("query_only", True)  # type: ignore[attr-defined] # a disk that remounts itself read-only
            answer = await cell.ask(cmd.RefillBin(bin="caps", count=6))
            assert answer.code == "journal"
            await asyncio.sleep(3)
            assert not cell.cell.robot.state.value.moving
            shown = cell.cell.desk.screen.topics["trouble/journal"].detail  # type: ignore[union-attr] # that topic
            assert "journal.db" in shown
            journal._db.pragma("query_only", False)  # type: ignore[attr-defined]
            await asyncio.sleep(10)
            assert "trouble/journal" in cell.cell.desk.screen.topics  # nobody knows what the disk holds: a restart
            assert (await cell.ask(cmd.RefillBin(bin="caps", count=6))).code == "journal"
            return cell.now

    async def second_life() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert cell.state.cell == CellState.HELD
            cell.work()
            await cell.do(cmd.Acknowledge(), UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["bases"] == 5

    run_virtual(second_life, start_utc=run_virtual(first_life) + 60)
    verify(tmp_path / "journal.db")
