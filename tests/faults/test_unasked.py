"""An arm that moves though it said that it stands, or though nobody asked for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb, Mode
from orchestrator.core.ports import Outcome
from orchestrator.core.unasked import SAYS
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import Motion, Plan, RobotState

HOLD = cmd.ChangeCell(verb=CellVerb.HOLD, reason="a hand is near")
UNHOLD = cmd.ChangeCell(verb=CellVerb.UNHOLD)


def lying(cell: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver whose cancel and stop answer at once and do nothing."""
    robot = cell.cell.robot
    real = robot.execute

    def execute(plan: Plan, part: slice = slice(None)) -> Motion:
        motion = real(plan, part)

        async def cancel() -> Outcome:
            return Outcome("canceled")

        monkeypatch.setattr(motion, "cancel", cancel)
        return motion

    async def stop() -> None:
        return None

    monkeypatch.setattr(robot, "execute", execute)
    monkeypatch.setattr(robot, "stop", stop)


class Pushed:
    """Turns the first joint of every reading by an angle."""

    def __init__(self, cell: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rad = 0.0
        read = cell.cell.robot._read

        def turned() -> RobotState:
            reading = read()
            return replace(reading, joints=(reading.joints[0] + self.rad, *reading.joints[1:]))

        monkeypatch.setattr(cell.cell.robot, "_read", turned)


def test_a_robot_that_only_says_that_it_stands_is_not_held_but_stopped_harder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            lying(cell, monkeypatch)
            await cell.begin()
            await cell.in_motion("bring base")
            cell.cell.robot._drive.cap("test", 0.02)  # long enough to see what follows
            await cell.do(HOLD)
            await cell.until(lambda state: state.cell not in {CellState.HOLDING, CellState.EXECUTE})
            assert cell.state.cell == CellState.STOPPING
            assert "its arm moves on" in " ".join(cell.state.cell_trouble)
            await cell.until(lambda state: state.cell == CellState.ABORTING)
            assert not cell.state.acknowledged
            assert cell.state.safety == "unknown"

    run_virtual(main)


def test_an_arm_that_stands_at_last_has_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            lying(cell, monkeypatch)
            await cell.begin()
            await cell.in_motion("bring base")
            await cell.do(HOLD)
            await cell.until(lambda state: state.cell == CellState.STOPPED)  # once the motion has run out
            assert not cell.cell.robot.state.value.moving
            assert cell.state.safety == "normal"

    run_virtual(main)


def test_an_arm_that_moves_while_nobody_asked_for_it_holds_the_cell(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.change(CellVerb.START)
            pushed = Pushed(cell, monkeypatch)
            await asyncio.sleep(2)
            pushed.rad = 0.009
            await asyncio.sleep(2)
            assert cell.state.cell == CellState.EXECUTE  # a servo that holds may give way a little
            pushed.rad = 0.02
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.state.cell_reason == SAYS
            assert cell.cell.runner.troubles.there["motion"].detail == "1.1°"
            assert (await cell.ask(UNHOLD)).code == "interlock"
            await asyncio.sleep(2)
            assert "motion" not in cell.cell.runner.troubles.there
            await cell.do(cmd.Acknowledge(), UNHOLD)

    run_virtual(main)


def test_a_held_cell_whose_arm_moves_wants_a_word_anew_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.change(CellVerb.START, CellVerb.HOLD)
            pushed = Pushed(cell, monkeypatch)
            for rad in (0.1, 0.2):
                await asyncio.sleep(2)
                pushed.rad = rad
                await cell.until(lambda state: not state.acknowledged)
                assert cell.state.cell == CellState.HELD
                await asyncio.sleep(2)
                await cell.do(cmd.Acknowledge())
            assert [cell.state.cell_reason, *cell.state.cell_trouble].count(SAYS) == 1

    run_virtual(main)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_standing_cell_tells_of_it_and_leaves_who_guides_the_arm_by_hand_alone(
    folder: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.SetMode(mode=mode))
            pushed = Pushed(cell, monkeypatch)
            await asyncio.sleep(2)
            pushed.rad = 0.1
            await asyncio.sleep(0.5)
            assert ("motion" in cell.cell.runner.troubles.there) is (mode == Mode.PRODUCTION)
            assert (cell.state.cell, cell.state.acknowledged) == (CellState.IDLE, True)

    run_virtual(main)
