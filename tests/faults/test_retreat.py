"""Retreats in a whole held cell: out of the fit, the bin, or back the way the arm came; and whatever comes between."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb
from orchestrator.core.world import GRIPPER
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.state import MotionState


async def held_in(cell: Bench, text: str, share_s: float) -> None:
    """Build until a motion of this name has run for a while, and hold the cell there."""
    await cell.begin()
    await cell.in_motion(text, share_s)
    await cell.change(CellVerb.HOLD)
    assert cell.state.cell == CellState.HELD


async def previewed(cell: Bench) -> MotionState:
    """Ask for a retreat, and wait until it is shown."""
    await cell.do(cmd.Retreat())
    await cell.until(lambda state: bool(state.motions) or state.retreat is None)
    assert cell.state.motions, cell.state.retreated
    return next(iter(cell.state.motions.values()))


async def over(cell: Bench) -> str:
    await cell.until(lambda state: state.retreat is None)
    assert cell.state.retreated is not None
    return cell.state.retreated.outcome


@pytest.mark.parametrize(
    ("text", "share_s", "way"),
    [
        ("press pin steel", 1.0, "Straight out of base/bore"),
        ("lift base", 0.2, "Straight up out of bin"),
        ("bring base", 1.0, "Back the way it came"),
    ],
)
def test_it_leaves_by_the_way_that_is_out(folder: Path, text: str, share_s: float, way: str) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, text, share_s)
            held = cell.state.world.held()
            before = cell.cell.robot.state.value
            motion = await previewed(cell)
            print(motion.text, motion.duration_s, before.tcp.p, motion.preview[-1].p)
            assert motion.text.startswith(way)
            assert not motion.approved
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == before.joints
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded", cell.story()
            after = cell.cell.robot.state.value
            assert math.dist(after.tcp.p, motion.preview[-1].p) < 1e-3
            assert cell.state.cell == CellState.HELD
            assert after.holding
            assert held is not None
            assert cell.state.world.facts[held.part].holder == GRIPPER
            await cell.change(CellVerb.UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)
