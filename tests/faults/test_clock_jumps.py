"""The clock on the wall is set by an hour, while a unit is built and between two runs: the cell goes by even time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator import app
from orchestrator.adapters.clock_file import ClockFile
from orchestrator.adapters.clock_virtual import START_UTC, run_virtual
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.clock_watch import EVERY_S
from orchestrator.adapters.journal_file import verified
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb
from tests.unit.cell_bench import bench

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cell_bench import Bench

HOUR_S = 3600.0
UNIT_S = 300.0  # a unit takes less, with its pauses


class Wall:
    """A clock on the wall that people may set, on a machine that has been up since 0; one life after the other."""

    def __init__(self) -> None:
        self.set_by_s = 0.0
        self.up_s = 0.0  # when the life that runs began
        self.boot = "b1"

    def clock(self) -> WallClock:
        return WallClock(lambda: START_UTC + self.set_by_s + self.now_up_s(), self.now_up_s)

    def now_up_s(self) -> float:
        return self.up_s + asyncio.get_running_loop().time()

    def file(self, path: Path) -> ClockFile:
        return ClockFile(path, boot=lambda: self.boot, up_s=self.now_up_s)


def shown(cell: Bench) -> str:
    """What pages say of the clock, "" where it is well."""
    view = cell.cell.desk.screen.topics.get("trouble/clock")
    return view.detail if view is not None else ""  # type: ignore[union-attr] # that topic


def even(data: Path) -> list[float]:
    """The events' times, which never run backwards."""
    times = [at.entry.t for at in verified(data / "journal.db")]
    assert times == sorted(times)
    return times


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_a_clock_that_is_set_in_the_middle_of_a_unit_is_said_and_changes_nothing(
    folder: Path, tmp_path: Path, by_s: float
) -> None:
    async def main() -> None:
        wall = Wall()
        async with bench(folder, data=tmp_path, clock=wall.clock()) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            assert shown(cell) == ""
            wall.set_by_s = by_s
            await asyncio.sleep(EVERY_S + 0.1)
            assert shown(cell) == f"{by_s:+.0f} s"
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert not cell.all("step_failed")  # no picture was too old, no step overdue
            wall.set_by_s = 0.0
            await asyncio.sleep(EVERY_S + 0.1)
            assert shown(cell) == ""
        times = even(tmp_path)
        assert times[-1] - times[0] < UNIT_S

    run_virtual(main)


@pytest.mark.parametrize(("by_s", "boot"), [(HOUR_S, "b1"), (-HOUR_S, "b1"), (-HOUR_S, "b2")])
def test_a_clock_that_is_set_between_two_runs_moves_no_window_of_a_unit_in_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_s: float, boot: str
) -> None:
    wall = Wall()
    monkeypatch.setattr(app, "ClockFile", wall.file)

    async def first() -> float:
        async with bench(folder, data=tmp_path, clock=wall.clock()) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            return wall.now_up_s()

    async def second() -> None:
        async with bench(folder, data=tmp_path, clock=wall.clock()) as cell:
            assert shown(cell) != ""
            cell.work()
            await cell.do(cmd.Acknowledge(), cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()
            assert cell.record()["state"] == "done"

    async def third() -> None:
        async with bench(folder, data=tmp_path, clock=wall.clock()) as cell:  # nothing is in work: the wall counts
            assert (shown(cell) == "") is (by_s > 0)
            await cell.do(cmd.Acknowledge())

    wall.up_s = run_virtual(first) + 60.0
    wall.set_by_s, wall.boot = by_s, boot
    run_virtual(second)
    times = even(tmp_path)
    assert times[-1] - times[0] < UNIT_S + 60.0
    run_virtual(third)
    even(tmp_path)


def test_a_clock_file_that_is_damaged_is_not_believed(tmp_path: Path) -> None:
    file = ClockFile(tmp_path / "clock.json", boot=lambda: "b", up_s=lambda: 100.0)
    assert file.carried() is None
    file.keep(5000.0)
    assert file.carried() == 5000.0
    assert ClockFile(tmp_path / "clock.json", boot=lambda: "another", up_s=lambda: 100.0).carried() is None
    (tmp_path / "clock.json").write_text("{")
    assert file.carried() is None
