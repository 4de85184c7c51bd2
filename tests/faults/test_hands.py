"""Hands that may still be in a zone, in a whole cell under virtual time: the arm waits for a word, not for a press."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import yaml

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import OrderVerb, StepStatus
from orchestrator.core.ports import Mesh
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.geometry import Pose
    from tests.unit.cell_bench import Bench

ON_THE_WAY = {
    "nest_1": {"box_mm": [[340, -290, 0], [640, 290, 450]]},
    "nest_2": {"box_mm": [[400, 100, 0], [500, 200, 100]]},
}
TAKEN = {
    "forced": cmd.Choose(
        unit="u1", step="pin", attempt=1, choice="force", reason="she is on her break", shown="she said so"
    ),
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


def put_in(cell: Bench, kind: str, pose: Pose) -> None:
    """Hands put a part there, and say nothing."""
    parts = cell.state.variant_of("u1").parts
    cell.cell.people._hands.place(kind, pose, shape=Mesh(parts[kind].mesh), expected_from=None, slip=None)


def test_a_part_that_was_put_in_and_not_confirmed_is_found_and_no_second_one_is_brought(tmp_path: Path) -> None:
    folder = authored(tmp_path)

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="op"), cmd.RefillBin(bin="pins_steel", count=0))
            await cell.begin(worker=False)
            await cell.step_is("pin", StepStatus.ACTIVE)
            base = cell.state.world.pose("u1/base")
            assert base is not None
            put_in(cell, "pin_steel", base @ cell.state.variant_of("u1").parts["base"].frames["bore"])
            await cell.event("step_overdue", step="pin", level="ask")
            await cell.do(cmd.RefillBin(bin="pins_steel", count=6))
            await cell.do(cmd.Choose(unit="u1", step="pin", attempt=1, choice="other_actor"))
            await cell.do(cmd.ClearPlace(place="front"))
            await cell.step_is("pin", StepStatus.DONE)
            assert cell.all("motion_intended", text="bring pin_steel") == []
            assert len(cell.bodies("pin_steel")) == 1

    run_virtual(main)


def test_a_nest_that_was_filled_and_not_confirmed_is_not_driven_into(tmp_path: Path) -> None:
    folder = authored(tmp_path)
    procedure = folder / "stack" / "procedure.yaml"
    either = procedure.read_text().replace(
        "robot: pick_place, time_s: 10", "robot: pick_place, human: true, time_s: 10"
    )
    procedure.write_text(either)
    told = yaml.safe_load((folder / "cell.yaml").read_text())
    told["supply"]["base_box"] = {"parts": ["base"], "at": {"xyz_mm": [820, 260, 0]}}
    (folder / "cell.yaml").write_text(yaml.safe_dump(told))

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.JoinPlace(place="front", operator="op"), cmd.RefillBin(bin="bases", count=0))
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ACTIVE)
            put_in(cell, "base", cell.state.spec.frames[cell.state.units["u1"].nests["nest"]])
            await cell.event("step_overdue", step="load", level="remind")
            await cell.do(cmd.RefillBin(bin="bases", count=6))
            await cell.do(cmd.GiveStep(unit="u1", step="load", attempt=1, place="front"))
            await cell.step_is("load", StepStatus.DONE)
            assert cell.all("motion_intended", effect="u1/load/2/skill") == []
            assert cell.all("safety_changed") == []

    run_virtual(main)
