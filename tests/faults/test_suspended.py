"""A whole cell that waits by itself: nothing is journalled meanwhile, and what it waited for lets it go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.wire import CellView


def view(cell: Bench) -> CellView:
    return cell.cell.desk.screen.topics["cell"]  # type: ignore[return-value] # that topic holds the cell


async def quiet(cell: Bench, for_s: float = 1800.0) -> None:
    """Check that the cell's state does not change for a while."""
    before = len(cell.all("cell_changed"))
    await asyncio.sleep(for_s)
    assert len(cell.all("cell_changed")) == before


def test_an_empty_bin_suspends_the_cell_and_its_refill_lets_it_go_on(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.RefillBin(bin="bases", count=0))
            await cell.begin()
            await cell.until(lambda state: state.cell == CellState.SUSPENDED)
            assert cell.state.suspended == "starved"
            assert view(cell).condition.reason["en"] == "Bin bases has too few base for load of u1: refill it."
            assert view(cell).condition.reason["de"].endswith("nachfüllen.")
            await quiet(cell)
            (refill,) = [b for b in view(cell).buttons if b.label == "refill"]
            assert not any(b.label == "unsuspend" for b in view(cell).buttons)  # it would wait again at once
            assert any(b.label == "refill" for b in cell.card().buttons)
            await cell.do(cmd.OUTSIDE.validate_python(refill.command))
            await cell.until(lambda state: state.cell == CellState.EXECUTE)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_a_worker_who_is_away_suspends_the_cell_and_who_comes_back_lets_it_go_on(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(worker=False)
            await cell.until(lambda state: state.cell == CellState.SUSPENDED)
            assert cell.state.suspended == "away"
            assert "sign in at front" in view(cell).condition.reason["en"]
            assert "an front anmelden" in view(cell).condition.reason["de"]
            await quiet(cell)
            cell.work()
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert len(cell.all("cell_changed", state=CellState.SUSPENDING)) == 1

    run_virtual(main)


@pytest.mark.parametrize("held", [True, False])
def test_what_a_person_holds_or_suspends_meanwhile_stays_so(folder: Path, held: bool) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.RefillBin(bin="bases", count=0))
            await cell.begin()
            if held:
                await cell.until(lambda state: state.cell == CellState.SUSPENDED)
            await cell.change(CellVerb.HOLD if held else CellVerb.SUSPEND)
            await cell.do(cmd.RefillBin(bin="bases", count=4))
            await quiet(cell)
            assert cell.state.cell == (CellState.HELD if held else CellState.SUSPENDED)
            await cell.change(CellVerb.UNHOLD if held else CellVerb.UNSUSPEND)
            await cell.ended()

    run_virtual(main)


def test_a_restart_of_a_suspended_cell_waits_for_a_persons_word(folder: Path, tmp_path: Path) -> None:
    async def first() -> float:
        async with bench(folder, data=tmp_path) as cell:
            await cell.do(cmd.RefillBin(bin="bases", count=0))
            await cell.begin()
            await cell.until(lambda state: state.cell == CellState.SUSPENDED)
            return cell.now

    async def second() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert (cell.state.cell, cell.state.suspended) == (CellState.HELD, "")
            await cell.do(cmd.RefillBin(bin="bases", count=4))
            cell.work()
            await asyncio.sleep(60)
            assert cell.state.cell == CellState.HELD
            await cell.do(cmd.Acknowledge(), cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()

    run_virtual(second, start_utc=run_virtual(first) + 60)
