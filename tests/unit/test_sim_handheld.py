"""What a person enters is what the connected tool in their hand measured on the true part."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.handheld import HandTools
from orchestrator.adapters.sim.worker import SimWorker
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellVerb
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small product, its cap tightened by a person."""
    folder = authored(tmp_path_factory.mktemp("authored"))
    procedure = folder / "stack" / "procedure.yaml"
    procedure.write_text(procedure.read_text().replace("robot: screw", "human: true"))
    return folder


def tightened(folder: Path, before: Callable[[Bench], None] = lambda _cell: None) -> Any:
    """Build one unit with a person who has connected tools; return the first attempt at tightening."""

    async def main() -> Any:
        async with bench(folder) as cell:
            worker = SimWorker(cell.cell.desk, "front", seed=1, tools=HandTools(cell.cell.devices))
            cell.workers.append(asyncio.create_task(worker.run(), name="worker"))
            await cell.change(CellVerb.START)
            await cell.order()
            await cell.event("step_started", step="tighten")
            before(cell)
            return await cell.event("step_confirmed", step="tighten")

    return run_virtual(main)


def test_a_person_enters_what_the_driver_measured(folder: Path) -> None:
    measured = tightened(folder).values["torque_Nm"]
    assert measured == pytest.approx(5.0, rel=0.026)
    drifted = tightened(folder, lambda cell: cell.cell.devices.set_fault("driver", "drifts"))
    assert drifted.values["torque_Nm"] == pytest.approx(1.25 * measured, abs=0.002)


def test_a_person_sees_where_the_screw_is(folder: Path) -> None:
    def knock(cell: Bench) -> None:
        cell.cell.world.displace(cell.bodies("cap")[0], Pose((0.006, 0.0, 0.0)))

    assert tightened(folder, knock).values["torque_Nm"] == pytest.approx(5.0, rel=0.026)


def test_where_no_screw_is_the_driver_says_so(folder: Path) -> None:
    def take(cell: Bench) -> None:
        cell.cell.world.remove(cell.bodies("cap")[0])

    assert tightened(folder, take).values["torque_Nm"] < 0.2


def test_the_display_is_read_where_the_tool_does_not_answer(folder: Path) -> None:
    event = tightened(folder, lambda cell: cell.cell.devices.set_fault("driver", "offline"))
    assert event.values["torque_Nm"] == pytest.approx(5.0, abs=0.5)
