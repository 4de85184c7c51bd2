"""The simulator's truth is apart from the ledger: what is done behind its back is found by the check.

Each test strikes between the end of the robot's share and the picture, with the real camera and the real vision.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, StepStatus
from orchestrator.core.ports import Mesh
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.adapters.vision_open3d import VisionOpen3D
    from orchestrator.core.commands import Measured
    from orchestrator.core.state import State


def strike(cell: Bench, step: str, blow: Callable[[str], None], kind: str, times: int = 1) -> None:
    """Let `blow` fall on the true part each time that the check of a step is asked for, before its picture."""
    left = [times]

    def on_batch(_before: State, _after: State, events: object) -> None:
        for item in events:  # type: ignore[attr-defined] # events of the bus
            event = item.event
            if event.type == "check_requested" and event.step == step and left[0]:
                left[0] -= 1
                blow(cell.bodies(kind)[-1])

    cell.cell.runner.bus.join(on_batch)


def measured(cell: Bench) -> Measured:
    """The first verdict of the run."""
    found: Measured = cell.all("check_ended")[0].measured
    return found


AXES = [((0.003, 0.0), 0, 1), ((-0.003, 0.0), 0, -1), ((0.0, 0.003), 1, 1), ((0.0, -0.003), 1, -1)]


@pytest.mark.parametrize(("by_m", "axis", "sign"), AXES)
def test_a_displaced_part_is_found_with_its_axis_and_sign_and_placed_again(
    folder: Path, vision: VisionOpen3D, by_m: tuple[float, float], axis: int, sign: int
) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            strike(cell, "load", lambda body: cell.cell.world.displace(body, Pose((*by_m, 0.0))), "base")
            await cell.begin()
            await cell.event("check_ended", step="load")
            first = measured(cell)
            assert first.verdict == "displaced"
            assert first.offset_mm is not None
            assert first.offset_mm[axis] * sign == pytest.approx(3.0, abs=0.5)
            assert all(abs(v) < 0.5 for k, v in enumerate(first.offset_mm) if k != axis)
            fact = cell.state.world.facts["u1/base"]
            assert (fact.source, fact.certainty) == ("measured", "known")
            assert cell.step("load").status != StepStatus.DONE
            await cell.step_is("load", StepStatus.DONE)
            attempts = cell.step("load").attempts
            assert [(a.outcome, a.code) for a in attempts] == [("failed", "displaced"), ("done", "")]
            assert cell.state.bins["bases"] == 5  # it was picked up where the camera saw it

    run_virtual(main)


def test_a_turned_part_is_found(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            turn = Pose.from_rpy((0, 0, 0), (0, 0, math.radians(10)))
            strike(cell, "load", lambda body: cell.cell.world.displace(body, turn), "base")
            await cell.begin()
            await cell.event("check_ended", step="load")
            first = measured(cell)
            assert first.verdict == "displaced"
            assert first.turn_deg is not None
            assert first.turn_deg[2] == pytest.approx(10, abs=1.5)
            await cell.step_is("load", StepStatus.DONE)

    run_virtual(main)


def test_a_part_that_was_taken_away_is_missed_and_replaced(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            strike(cell, "load", lambda body: cell.cell.world.remove(body), "base")
            await cell.begin()
            await cell.event("check_ended", step="load")
            assert measured(cell).verdict == "missing"
            assert cell.state.world.facts["u1/base"].certainty == "unknown"
            await cell.step_is("load", StepStatus.DONE)
            assert cell.state.bins["bases"] == 4
            assert len(cell.bodies("base")) == 1

    run_virtual(main)


def test_a_part_that_is_always_gone_becomes_a_question(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            strike(cell, "load", lambda body: cell.cell.world.remove(body), "base", times=9)
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            question = cell.cell.desk.screen.topics["question/u1/load"]
            assert question.reason["en"]  # type: ignore[union-attr] # a question
            assert {b.command["choice"] for b in question.buttons} >= {"retry", "scrap"}  # type: ignore[union-attr] # a question

    run_virtual(main)


def test_a_look_alike_in_its_place_is_told_apart_and_left_to_a_person(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            brass = Mesh("stack/pin_brass.glb")
            strike(cell, "pin", lambda body: (cell.cell.world.swap(body, "pin_brass", brass), None)[1], "pin_steel")
            await cell.begin()
            await cell.event("check_ended", step="pin")
            verdict = cell.all("check_ended", step="pin")[0].measured
            assert verdict.verdict == "wrong", verdict
            assert cell.step("pin").status != StepStatus.DONE
            assert cell.state.world.facts["u1/pin_steel"].certainty == "doubtful"
            assert cell.step("pin").attempts[0].code == "wrong"
            answer = cell.all("step_failed", step="pin")[0].answer
            assert answer in {"other_actor", "ask"}  # a robot can't tell two pins apart by trying again

    run_virtual(main)


def test_a_part_that_lies_upside_down_is_found(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            over = Pose.from_rpy((0.0, 0.0, 0.03), (math.pi, 0.0, 0.0))
            strike(cell, "load", lambda body: cell.cell.world.displace(body, over), "base")
            await cell.begin(worker=False)
            await cell.event("check_ended", step="load")
            assert measured(cell).verdict == "flipped"
            await cell.step_is("load", StepStatus.ATTENTION)
            assert cell.step("load").attempts[0].code == "flipped"

    run_virtual(main)


def test_a_part_that_falls_out_of_the_gripper_is_reported_lost_and_fetched_again(
    folder: Path, vision: VisionOpen3D
) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            await cell.begin()
            await cell.in_motion("bring base", 0.5)
            held = cell.cell.world.held
            assert held is not None
            cell.cell.world.remove(held)
            await cell.step_is("load", StepStatus.DONE)
            assert cell.cell.world.held is None
            assert len(cell.bodies("base")) == 1
            assert cell.state.bins["bases"] == 4

    run_virtual(main)


def test_an_empty_slot_is_noticed_by_the_fingers(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            slot = cell.state.spec.supply["bases"].slot(0)
            first = min((b for b in cell.cell.world if b.source == "bases"), key=lambda b: math.dist(b.pose.p, slot.p))
            cell.cell.world.remove(first.id)
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            assert {a.code for a in cell.step("load").attempts} == {"not_held"}
            assert cell.step("load").remedy

    run_virtual(main)


def test_what_a_person_forgot_is_found_when_they_confirm(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            await cell.begin(slips=0.0)
            await cell.step_is("cap", StepStatus.ACTIVE)
            strike(cell, "cap", lambda body: cell.cell.world.remove(body), "cap")
            await cell.event("check_ended", step="cap")
            assert cell.all("check_ended", step="cap")[0].measured.verdict == "missing"
            assert cell.step("cap").status != StepStatus.DONE
            await cell.until(lambda state: state.cell == CellState.COMPLETED)
            assert cell.record()["state"] in {"done", "scrapped"}

    run_virtual(main)


def test_a_camera_without_a_picture_asks_a_person_to_look(folder: Path, vision: VisionOpen3D) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            cell.cell.cameras["top"].blacked_out = True
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            assert cell.step("load").code == "cannot_see"
            assert "no picture" in cell.step("load").message
            cell.cell.cameras["top"].blacked_out = False
            await cell.do(cmd.Choose(unit="u1", step="load", attempt=1, choice="recheck"))
            await cell.step_is("load", StepStatus.DONE)

    run_virtual(main)
