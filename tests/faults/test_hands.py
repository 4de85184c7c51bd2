"""Hands that may still be in a zone, in a whole cell under virtual time: the arm waits for a word, not for a press."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import yaml

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import OrderVerb, StepStatus
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path

ON_THE_WAY = {
    "nest_1": {"box_mm": [[340, -290, 0], [640, 290, 450]]},
    "nest_2": {"box_mm": [[400, 100, 0], [500, 200, 100]]},
}
TAKEN = {
    "forced": cmd.Choose(unit="u1", step="pin", attempt=1, choice="force", reason="she is on her break"),
    "aborted": cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT, reason="called off"),
}


def by_hand_beside_the_way(folder: Path) -> None:
    """The pin is put in by hand, in a zone that the arm must pass through to the other nest."""
    told = yaml.safe_load((folder / "cell.yaml").read_text())
    (folder / "cell.yaml").write_text(yaml.safe_dump({**told, "zones": ON_THE_WAY}))
    procedure = folder / "stack" / "procedure.yaml"
    procedure.write_text(procedure.read_text().replace("robot: {insert: {force_N: 15}}, human: true", "human: true"))


@pytest.mark.parametrize("how", TAKEN)
def test_the_arm_waits_outside_a_zone_until_somebody_says_that_no_hands_are_left_in_it(
    tmp_path: Path, how: str
) -> None:
    folder = authored(tmp_path)
    by_hand_beside_the_way(folder)

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="op"))
            await cell.begin(1, worker=False)
            await cell.step_is("pin", StepStatus.ACTIVE)
            await cell.order(1, name="p")
            await cell.event("step_overdue", step="pin", level="ask")
            assert cell.step("load", "u2").status == StepStatus.ACTIVE
            moved = len(cell.all("motion_intended"))
            await cell.do(TAKEN[how])
            await asyncio.sleep(300)
            assert len(cell.all("motion_intended")) == moved
            await cell.do(cmd.ClearPlace(place="front"))
            await cell.step_is("load", StepStatus.DONE, "u2")
            zone = cell.state.spec.zones["nest_1"]
            texts = [e.text for e in cell.all("motion_intended")[moved:] if zone.meets([p.p for p in e.preview], 0.05)]
            assert texts  # it goes that way indeed

    run_virtual(main)
