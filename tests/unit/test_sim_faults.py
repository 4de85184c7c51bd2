"""What faults do to the embedded cell, and what notices them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.fault_spec import FaultSpec
from orchestrator.adapters.sim.faults import Faults, Hardware
from orchestrator.adapters.sim.premises import Premises
from orchestrator.adapters.sim.worker import Habits, SimWorker
from orchestrator.core import commands as cmd
from orchestrator.core.errors import NotFound
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.engine.heartbeat import STALE_S
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def armed(cell: Bench, *specs: FaultSpec) -> tuple[Faults, Premises]:
    it = cell.cell
    premises = Premises(it.world)
    faults = Faults(specs, Hardware(it.world, it.robot, it.cameras, it.devices), premises, seed=1)
    faults.arm(it.runner.bus)
    return faults, premises


def test_readings_that_cease_make_safety_unknown_and_hold_the_cell(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base", 0.3)
            cell.cell.robot.quirks.stale = True
            began = cell.now
            await cell.event("safety_changed", safety=Safety.UNKNOWN)
            assert cell.now - began <= STALE_S + 0.2
            await cell.settled()
            assert cell.state.cell == CellState.HELD
            assert not (await cell.ask(cmd.Acknowledge())).ok  # nobody can say so while it is not known
            await asyncio.sleep(5)
            assert cell.state.safety == Safety.UNKNOWN  # a stop that was answered makes nothing fresher
            cell.cell.robot.quirks.stale = False
            await cell.event("safety_changed", safety=Safety.NORMAL)
            await cell.do(cmd.Acknowledge(), cmd.ChangeCell(verb=cmd.CellVerb.UNHOLD))
            await cell.ended()

    run_virtual(main)


@pytest.mark.parametrize("deaf", [False, True])
def test_a_motion_that_never_ends_becomes_a_question_that_names_the_controller(folder: Path, deaf: bool) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            _, premises = armed(cell, FaultSpec(fault="silent_controller", motion="fetch base", deaf=deaf))
            await cell.begin()
            await cell.step_is("load", StepStatus.ATTENTION)
            step = cell.step("load")
            assert step.code == "no_answer"
            assert "did not say how its motion ended" in step.message
            assert "controller" in step.remedy
            assert premises.mend() == ("controller",)

    run_virtual(main)


def test_a_dropped_part_lies_on_the_table_below(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            faults, premises = armed(cell, FaultSpec(fault="dropped_part", motion="bring base", after_s=1.2))
            await cell.begin()
            await cell.event("part_moved", what="lost")
            fallen = next(body for body in cell.bodies("base") if body != cell.cell.world.held)
            assert cell.cell.world.bounds(fallen)[0][2] == pytest.approx(0.0, abs=1e-6)
            assert faults.unstruck() == ()
            assert premises.clear(()) == (fallen,)
            await cell.ended()

    run_virtual(main)


def test_a_fault_that_the_cell_cannot_have_is_refused_by_name(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            for spec in (
                FaultSpec(fault="empty_bin", bin="baes"),
                FaultSpec(fault="camera_blackout", camera="tpo"),
                FaultSpec(fault="device", device="driver", does="melts"),
            ):
                with pytest.raises(NotFound):
                    armed(cell, spec)

    run_virtual(main)


def test_a_part_that_falls_lands_on_what_is_below_and_belongs_to_it(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            world = cell.cell.world
            base = next(body for body in world if body.kind == "base")
            cap = next(body for body in world if body.kind == "cap")
            world.settle(base.id, Pose((0.5, 0.3, 0.0)))
            world.settle(cap.id, Pose((0.5, 0.3, 0.4)))
            world.fall(cap.id)
            assert world.pose(cap.id).p[2] == pytest.approx(0.03, abs=1e-6)
            assert world.body(cap.id).parent == base.id

    run_virtual(main)


def test_a_worker_who_walks_away_leaves_the_step_and_comes_back_to_it(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            worker = SimWorker(cell.cell.desk, "front", seed=1, habits=Habits(away=1.0))
            task = asyncio.create_task(worker.run())
            await cell.begin(worker=False)
            left = await cell.event("place_left")
            assert left.place == "front"  # type: ignore[union-attr] # its event
            assert any("front" in step.actors for _, _, step in cell.state.busy())
            await cell.event("place_joined")
            await cell.ended(timeout_s=3600)
            assert cell.record()["state"] == "done"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run_virtual(main)


def test_a_worker_who_calls_for_help_makes_a_question_of_the_step_and_sees_to_it(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            worker = SimWorker(cell.cell.desk, "front", seed=3, habits=Habits(help=0.5))
            task = asyncio.create_task(worker.run())
            await cell.begin(worker=False)
            await cell.ended(timeout_s=3600)
            asked = cell.all("step_failed", code="problem")
            assert asked
            assert all(event.message for event in asked)
            assert cell.record()["state"] == "done"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run_virtual(main)
