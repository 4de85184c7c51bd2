"""The watch for unasked motion stays quiet while a whole unit is built under physics, stopped in every way between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb
from orchestrator.core.unasked import SAYS
from tests.faults.test_unasked import Pushed
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def spoken(cell: Bench) -> list[str]:
    """All that the journal says of motion that nobody asked for."""
    return [line for line in (item.event.model_dump_json() for item in cell.fresh) if SAYS in line]


async def back_to_work(cell: Bench, *verbs: CellVerb) -> None:
    """Acknowledge where that is called for, and give the verbs."""
    for verb in verbs:
        if not cell.state.acknowledged:
            await cell.do(cmd.Acknowledge())
        await cell.change(verb)


def test_the_watch_is_quiet_over_a_unit_that_is_stopped_in_every_way_and_speaks_of_a_nudge_after_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = folder / "cell.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("{seed: 1}", "{seed: 1, physics: true}"), encoding="utf-8")

    async def main() -> None:
        async with bench(folder) as cell:
            troubles: list[str] = []
            cell.cell.runner.troubles.listen(lambda name, _trouble: troubles.append(name))
            await cell.begin(tends=False)
            await cell.in_motion("bring base")
            await cell.do(cmd.Pause(what="cell"))
            await asyncio.sleep(5)
            await cell.do(cmd.Resume(what="cell"))
            await asyncio.sleep(0.5)
            await cell.change(CellVerb.HOLD)
            await cell.do(cmd.Retreat())
            await cell.until(lambda state: bool(state.motions))
            (motion,) = cell.state.motions
            await cell.do(cmd.ApproveMotion(motion=motion))
            await cell.until(lambda state: state.retreat is None)
            await asyncio.sleep(3)
            await back_to_work(cell, CellVerb.UNHOLD)
            await cell.event("motion_intended")
            await asyncio.sleep(0.3)
            await cell.change(CellVerb.ABORT)
            await asyncio.sleep(3)
            await back_to_work(cell, CellVerb.CLEAR, CellVerb.RESET, CellVerb.START)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert (spoken(cell), [name for name in troubles if name == "motion"]) == ([], [])
            pushed = Pushed(cell, monkeypatch)
            await asyncio.sleep(2)
            pushed.rad = 0.02
            await asyncio.sleep(1)
            assert "motion" in troubles

    run_virtual(main)
