"""A robot that will not stand: each limit passes, the next harder state follows, the first reason stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError
from orchestrator.core.machine import CellState, CellVerb
from orchestrator.core.transient import TRANSIENTS
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.wire import CellView

HOLD = cmd.ChangeCell(verb=CellVerb.HOLD, reason="a hand is near")


def view(cell: Bench) -> CellView:
    return cell.cell.desk.screen.topics["cell"]  # type: ignore[return-value] # that topic holds the cell


def deaf(cell: Bench, *, deaf: bool = True) -> None:
    """What the fault `silent_controller` does, and what mends it."""
    quirks = cell.cell.robot.quirks
    quirks.silent = quirks.deaf = deaf


def trouble(cell: Bench, language: str) -> str:
    return " ".join(sentence[language] for sentence in view(cell).condition.trouble)


def changes(cell: Bench) -> list[tuple[str, float]]:
    """The cell's states so far with their times (s)."""
    return [(item.event.state, item.t) for item in cell.fresh if item.event.type == "cell_changed"]


def test_a_hold_of_a_deaf_robot_goes_on_to_a_stop_and_an_abort_within_their_limits(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            deaf(cell)
            await cell.do(HOLD)
            assert view(cell).condition.waits["en"].startswith("Holding: waits until the arm stands.")
            await cell.until(lambda state: state.cell == CellState.STOPPING)
            assert "does not answer a stop" in trouble(cell, "en")
            await cell.until(lambda state: state.cell == CellState.ABORTING)
            await asyncio.sleep(60)
            assert cell.state.cell == CellState.ABORTING  # and asks, again and again
            assert view(cell).condition.reason["en"] == "a hand is near"
            assert "did not stand within 10 s" in trouble(cell, "en")
            assert "innerhalb von 10 s" in trouble(cell, "de")
            at = dict(changes(cell))
            assert at["stopping"] - at["holding"] <= TRANSIENTS[CellState.HOLDING].limit_s + 1e-6
            assert at["aborting"] - at["stopping"] == pytest.approx(TRANSIENTS[CellState.STOPPING].limit_s)
            deaf(cell, deaf=False)
            await cell.until(lambda state: state.cell == CellState.ABORTED)
            assert view(cell).condition.reason["en"] == "a hand is near"
            await cell.change(CellVerb.CLEAR, CellVerb.RESET)
            assert view(cell).condition.trouble == ()
            assert (await cell.ask(cmd.ChangeCell(verb=CellVerb.START))).code == "interlock"

    run_virtual(main)


def test_a_robot_that_hears_its_stop_at_last_ends_stopped(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            deaf(cell)
            await cell.do(HOLD)
            await cell.until(lambda state: state.cell == CellState.STOPPING)
            deaf(cell, deaf=False)
            await cell.until(lambda state: state.cell == CellState.STOPPED)
            assert cell.state.cell_reason == "a hand is near"
            assert not cell.state.acknowledged

    run_virtual(main)


def test_a_controller_that_is_silent_and_hears_its_stop_is_held(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            cell.cell.robot.quirks.silent = True
            await cell.do(HOLD)
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert (cell.state.cell_reason, cell.state.cell_trouble) == ("a hand is near", ())

    run_virtual(main)


@pytest.mark.parametrize(
    ("verb", "state"), [(CellVerb.START, CellState.STARTING), (CellVerb.UNHOLD, CellState.UNHOLDING)]
)
def test_a_robot_that_does_not_get_ready_aborts_the_cell(
    folder: Path, verb: CellVerb, state: CellState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with bench(folder) as cell:
            if verb == CellVerb.UNHOLD:
                await cell.change(CellVerb.START, CellVerb.HOLD)
            with monkeypatch.context() as broken:
                broken.setattr(cell.cell.robot, "ready", never)
                await cell.do(cmd.ChangeCell(verb=verb))
                assert "waits until the robot is ready" in view(cell).condition.waits["en"]
                await cell.until(lambda now: now.cell == CellState.ABORTED)
            at = dict(changes(cell))
            assert at["aborting"] - at[state] == pytest.approx(TRANSIENTS[state].limit_s)
            assert view(cell).condition.reason["de"] == "Der Roboter war nicht innerhalb von 90 s bereit."

    run_virtual(main)


def test_a_suspend_that_the_robot_does_not_answer_becomes_a_hold(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            stop, calls = cell.cell.robot.stop, []

            async def fails_once() -> None:
                calls.append(1)
                if len(calls) == 1:
                    raise RobotError("The controller does not answer.")
                await stop()

            monkeypatch.setattr(cell.cell.robot, "stop", fails_once)
            await cell.do(cmd.ChangeCell(verb=CellVerb.SUSPEND, reason="no air"))
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.state.cell_reason == "no air"
            assert cell.state.cell_trouble == ("safety state not known",)  # which is heard of before the limit

    run_virtual(main)


def test_a_robot_that_gets_ready_slowly_has_its_whole_time_each_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    async def slow() -> None:
        await asyncio.sleep(40)

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.change(CellVerb.START, CellVerb.HOLD)
            monkeypatch.setattr(cell.cell.robot, "ready", never)
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await asyncio.sleep(60)
            await cell.change(CellVerb.HOLD)
            monkeypatch.setattr(cell.cell.robot, "ready", slow)
            await asyncio.sleep(10)
            await cell.change(CellVerb.UNHOLD)
            assert cell.state.cell == CellState.EXECUTE

    run_virtual(main)
