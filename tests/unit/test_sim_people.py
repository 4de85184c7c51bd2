"""What simulated hands take up when the orchestrator comes up again over a world that was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core.events import UnitEnded
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Mesh
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def _left_at(cell: Bench, frame: str) -> str:
    """Put a base at a frame of the cell that no ledger knows of; returns its body."""
    spec = cell.state.variant_of("u1").parts["base"]
    return cell.cell.world.add("base", Mesh(spec.mesh), cell.state.spec.frames[frame])


def _ended(how: str) -> UnitEnded:
    return UnitEnded.model_validate({"unit": "u0", "order": "o", "state": how, "record": {"nests": {"nest": "nest_2"}}})


def test_what_no_ledger_knows_of_stays_for_looks_to_find(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.DONE)
            body = _left_at(cell, "nest_2")
            for last in ([], [_ended("scrapped")], cell.log):
                cell.cell.people.take_up(cell.state, last)
                assert body in cell.bodies("base")

    run_virtual(main)


def test_what_a_unit_left_that_was_finished_last_is_carried_out_and_nothing_else(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.DONE)
            (mine,) = cell.bodies("base")
            body, other = _left_at(cell, "nest_2"), _left_at(cell, "handover")
            cell.cell.people.take_up(cell.state, [*cell.log, _ended("done")])
            assert body not in cell.bodies("base")
            assert {mine, other} <= set(cell.bodies("base"))

    run_virtual(main)
