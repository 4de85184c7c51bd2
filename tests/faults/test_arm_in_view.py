"""The orchestrator dies while the arm stands between a camera and what it was at: nothing moves, and nobody is asked.

What the arm hides is looked at once people let the cell go on: it goes home first, and then the camera tells.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import START_UTC, run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, CellVerb, StepStatus
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.wire import RecoveryView

UNHOLD = cmd.ChangeCell(verb=CellVerb.UNHOLD)
LONG_S = 90.0  # longer than a look waits for an arm that has something to do


async def dies_over_the_nest(folder: Path, data: Path) -> None:
    """The base stands in its nest and is let go of: the hand is still over it."""
    async with bench(folder, data=data) as cell:
        await cell.begin(worker=False)
        await cell.event("part_moved", part="u1/base", what="placed")


def recovery(cell: Bench) -> RecoveryView:
    return cell.cell.desk.screen.topics["recovery"]  # type: ignore[return-value] # that topic holds them


@pytest.mark.parametrize("taken", [False, True], ids=["still there", "taken out meanwhile"])
def test_what_the_arm_hides_after_a_death_is_looked_at_once_the_cell_goes_on(
    folder: Path, tmp_path: Path, *, taken: bool
) -> None:
    async def after() -> None:
        async with bench(folder, data=tmp_path) as cell:
            stood = cell.cell.robot.state.value.joints
            if taken:
                (base,) = cell.bodies("base")
                cell.cell.world.displace(base, Pose((0.0, 0.9, 0.0)))
            await asyncio.sleep(LONG_S)
            assert cell.state.cell == CellState.HELD
            assert cell.cell.robot.state.value.joints == stood
            assert cell.step("load").status == StepStatus.VERIFYING  # no question that nobody can answer
            (seen,) = recovery(cell).looked
            assert (seen.verdict, seen.waits) == ("", True)
            await cell.do(cmd.Acknowledge())
            await asyncio.sleep(LONG_S)
            assert cell.cell.robot.state.value.joints == stood
            await cell.do(UNHOLD)
            ended = await cell.event("check_ended", step="load")
            assert ended.measured.verdict == ("missing" if taken else "ok")  # type: ignore[union-attr] # its event
            cell.work()
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(lambda: dies_over_the_nest(folder, tmp_path))
    run_virtual(after, start_utc=START_UTC + 10_000)


def test_it_dies_again_while_the_look_waits_for_the_arm(folder: Path, tmp_path: Path) -> None:
    async def between() -> None:
        async with bench(folder, data=tmp_path) as cell:
            await cell.until(lambda state: state.units["u1"].steps["load"].ride == "wanted")

    async def after() -> None:
        async with bench(folder, data=tmp_path) as cell:
            await cell.until(lambda state: state.units["u1"].steps["load"].ride == "wanted")
            cell.work()
            await cell.do(cmd.Acknowledge(), UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(lambda: dies_over_the_nest(folder, tmp_path))
    run_virtual(between, start_utc=START_UTC + 10_000)
    run_virtual(after, start_utc=START_UTC + 20_000)
