"""What a person said and the camera could not confirm is doubtful: the robot does not reach for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core import commands as cmd
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Check
from tests.unit.cell_bench import bench

if TYPE_CHECKING:
    from pathlib import Path


def test_a_hand_over_that_the_camera_cannot_confirm_is_doubtful_until_it_is_seen_or_taken_back(folder: Path) -> None:
    async def main() -> None:
        vision = SimVision()
        async with bench(folder, vision=vision) as cell:
            await cell.begin()
            await cell.step_is("cap", StepStatus.ACTIVE)
            vision.script = [Check("cannot_see", reason="glare", visible=0.2)] * 2
            for task in cell.workers:  # who decides is the test
                await cell.event("step_confirmed", step="cap")
                task.cancel()
            await cell.step_is("cap", StepStatus.ATTENTION)
            assert cell.state.world.facts["u1/cap"].certainty == "doubtful"
            await cell.do(cmd.Choose(unit="u1", step="cap", attempt=1, choice="retry"))
            await cell.event("step_failed", step="cap", code="doubtful")
            assert cell.cell.world.held is None
            while cell.step("cap").status != StepStatus.ATTENTION:
                await cell.do(cmd.ClearPlace(place="front"))
                await cell.event("step_failed", step="cap")
            attempt = cell.step("cap").attempt
            await cell.do(cmd.Choose(unit="u1", step="cap", attempt=attempt, choice="recheck"))
            await cell.step_is("cap", StepStatus.DONE)
            assert cell.state.world.facts["u1/cap"].certainty == "known"

    run_virtual(main)


def test_what_the_robot_let_go_of_itself_stays_known_though_the_camera_cannot_see_it(folder: Path) -> None:
    async def main() -> None:
        vision = SimVision()
        vision.script = [Check("cannot_see", reason="glare", visible=0.2)] * 2
        async with bench(folder, vision=vision) as cell:
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            assert cell.state.world.facts["u1/base"].certainty == "known"

    run_virtual(main)
