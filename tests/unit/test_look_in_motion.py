"""A check whose arm goes on moving says what it waits for, and ends as a question with the reason."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import StepStatus
from orchestrator.core.state import MotionState
from orchestrator.engine.guide import Guide
from orchestrator.engine.standstill import WAITS_S
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import RobotState

REASON = "The robot's arm has not come to a stand for 30 s."
REMEDY = "Wait until it stands, then check again."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def test_a_check_that_never_gets_its_picture_is_a_question_with_the_reason_and_what_helps(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            readings = cell.cell.robot.state
            put, trembles = readings.put, True

            def reading(value: RobotState) -> None:
                put(replace(value, moving=value.moving or trembles))

            monkeypatch.setattr(readings, "put", reading)
            await cell.do(cmd.JoinPlace(place="front", operator="ann"))
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.VERIFYING)
            began = asyncio.get_running_loop().time()
            assert cell.cell.desk.screen.topics["lane/robot"].status == "checking"  # type: ignore[union-attr]
            await cell.step_is("load", StepStatus.ATTENTION)
            assert asyncio.get_running_loop().time() - began == pytest.approx(2 * WAITS_S)  # it looks twice
            assert (cell.step("load").message, cell.step("load").remedy) == (
                f"The camera can't see it: {REASON}",
                REMEDY,
            )
            card = cell.card()
            assert card.status == "attention"
            assert card.note["en"] == REASON
            assert "30 s nicht zum Stehen" in card.note["de"]
            assert "recheck" in {button.label for button in card.buttons}
            trembles = False
            unit, attempt = "u1", cell.step("load").attempt
            await cell.do(cmd.Choose(unit=unit, step="load", attempt=attempt, choice="recheck"))
            await cell.step_is("load", StepStatus.DONE)

    run_virtual(main)


def test_while_the_arm_is_under_way_the_card_says_that_the_camera_looks_when_it_stands(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="ann"))
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.VERIFYING)
            load = replace(cell.step("load"), actors=("front",))
            unit = cell.state.units["u1"]
            state = replace(cell.state, units={"u1": replace(unit, steps={**unit.steps, "load": load})}, motions={})
            motion = MotionState("m", "u2/load/1/skill", "bring base", 40.0, (), state.t, approved=False)
            guide = Guide(cell.cell.desk.library, simulated=True)
            for approved, said in (
                (False, "The camera is checking …"),
                (True, "it looks while the robot stands still"),
            ):
                at_work = replace(state, motions={"m": replace(motion, approved=approved)})
                card = guide.card(at_work, "front")
                assert card.status == "checking"
                assert said in card.note["en"]

    run_virtual(main)
