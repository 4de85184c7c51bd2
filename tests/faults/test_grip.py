"""The gripper's sensor against the ledger in a whole cell: seen while nothing moves, shown, and settled by a person."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb
from orchestrator.wire import CellView
from tests.unit.cell_bench import bench

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cell_bench import Bench


def shown(cell: Bench) -> CellView:
    view = cell.cell.desk.screen.topics["cell"]
    assert isinstance(view, CellView)
    return view


async def held_with_a_part(cell: Bench) -> None:
    await cell.begin(worker=False)
    await cell.in_motion("bring base")
    await cell.change(CellVerb.HOLD)
    await cell.until(lambda state: not state.ending)


def test_a_part_that_falls_while_the_cell_is_held_is_noticed_and_a_person_says_that_it_is_out(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_with_a_part(cell)
            held = cell.cell.world.held
            assert held is not None
            cell.cell.world.remove(held)
            found = await cell.event("grip_contradicted", part="u1/base", holding=False)
            assert found
            (doubt,) = shown(cell).contradictions
            assert {said.source: said.text["de"] for said in doubt.says}["gripper"] == "zwischen den Fingern ist nichts"
            assert [button.label for button in doubt.buttons] == ["take_part"]
            await cell.do(cmd.Acknowledge(), cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.until(lambda state: state.cell == CellState.EXECUTE)
            await asyncio.sleep(5)
            assert cell.all("step_started") == cell.all("step_started", attempt=1)  # it does not begin anew in doubt
            await cell.do(cmd.TakePart(part="u1/base"))
            cell.work()
            await cell.ended()
            assert shown(cell).contradictions == ()

    run_virtual(main)


def test_in_an_undisturbed_order_nothing_is_ever_contradicted(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(2)
            await cell.ended()
            assert cell.all("grip_contradicted") == []

    run_virtual(main)
