"""What people see: cards, questions, lanes and parts, in words of both languages."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core import commands as cmd
from orchestrator.core.decide.choices import brought
from orchestrator.core.geometry import Deviation, Pose
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Check
from orchestrator.engine import phrases
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


JOIN = cmd.JoinPlace(place="front", operator="op")


def test_a_card_shows_the_step_its_part_its_ghost_and_what_may_be_done(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(JOIN)
            await cell.begin(worker=False)
            await cell.step_is("cap", StepStatus.ACTIVE)
            assert [button.label for button in cell.card().buttons] == ["problem"]
            await cell.until(lambda state: brought(state, "u1", "cap"))
            card = cell.card()
            assert (card.status, card.unit, card.step, card.together) == ("step", "u1", "cap", True)
            assert {lang: words.title for lang, words in card.words.items()}.keys() == {"en", "de"}
            assert card.part_name == {"en": "Cap", "de": "Kappe"}
            assert card.ghost is not None
            assert card.ghost.mesh == "stack/cap.glb"
            assert card.ghost.end.p == pytest.approx((0.45, -0.15, 0.02 + 0.018 + 0.04), abs=0.001)
            assert [button.label for button in card.buttons] == ["confirm", "problem"]
            assert {"en", "de"} <= set(card.upcoming[0])

    run_virtual(main)


def test_the_part_to_take_is_marked_in_the_slot_that_is_next_and_not_in_an_empty_one(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            caps = cell.state.spec.supply["caps"]
            await cell.do(JOIN)
            await cell.begin(worker=False)
            await cell.step_is("cap", StepStatus.ACTIVE)
            for left, slot in ((6, 0), (5, 1), (1, 5)):
                await cell.do(cmd.RefillBin(bin="caps", count=left))
                card = cell.card()
                assert (card.bin, card.ghost and card.ghost.start) == ("caps", caps.slot(slot))

    run_virtual(main)


def test_a_part_in_the_gripper_is_shown_in_the_gripper_and_follows_the_arm(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(worker=False)
            await cell.in_motion("bring base")
            view = cell.cell.desk.screen.topics["part/u1/base"]
            assert view.holder == "gripper"  # type: ignore[union-attr] # a part
            frames = {frame.topic: frame.poses for frame in cell.cell.desk.poses()}
            here = frames["parts"]["u1/base"]
            true = cell.cell.world.pose(cell.bodies("base")[0])
            assert here.p == pytest.approx(true.p, abs=1e-4)
            await asyncio.sleep(0.5)
            later = {frame.topic: frame.poses for frame in cell.cell.desk.poses()}["parts"]["u1/base"]
            assert later.p != here.p
            await cell.step_is("load", StepStatus.DONE)
            assert [frame.topic for frame in cell.cell.desk.poses()] == ["robot"]

    run_virtual(main)


def test_a_part_in_a_persons_hands_is_not_in_the_scene(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.event("part_moved", what="released")
            assert "part/u1/cap" not in cell.cell.desk.screen.topics
            await cell.step_is("cap", StepStatus.DONE)
            assert "part/u1/cap" in cell.cell.desk.screen.topics

    run_virtual(main)


OFF = Check("displaced", Deviation((0.003, -0.002, 0.0), (0, 0, 0)), visible=1.0)


def test_a_question_says_in_both_languages_what_is_wrong_and_offers_what_is_possible(folder: Path) -> None:
    async def main() -> None:
        vision = SimVision()
        async with bench(folder, vision=vision) as cell:
            vision.script = [OFF, OFF, OFF]
            await cell.do(JOIN)
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            card = cell.card()
            assert card.status == "attention"
            assert card.note == {
                "en": "3.0 mm too far forward, 2.0 mm too far left.",
                "de": "3,0 mm zu weit vorn, 2,0 mm zu weit links.",
            }
            assert card.offset_mm == (3.0, -2.0, 0.0)
            question: Any = cell.cell.desk.screen.topics["question/u1/load"]
            assert question.reason == card.note
            assert question.offset_mm == (3.0, -2.0, 0.0)
            assert question.title["de"]
            choices = {button.command["choice"] for button in question.buttons}
            assert choices == {"retry", "recheck", "rework", "skip", "force", "scrap", "abort"}
            assert {b.command["choice"] for b in question.buttons if b.needs_reason} == {
                "skip",
                "force",
                "scrap",
                "abort",
            }
            scrap = next(b.command for b in question.buttons if b.command["choice"] == "scrap")
            assert (await cell.ask(cmd.OUTSIDE.validate_python(scrap))).code == "reason"
            await cell.do(cmd.OUTSIDE.validate_python({**scrap, "reason": "bent"}))
            assert "question/u1/load" not in cell.cell.desk.screen.topics
            assert cell.record()["state"] == "scrapped"

    run_virtual(main)


def test_where_the_remedy_is_a_new_look_that_is_the_first_button(folder: Path) -> None:
    async def main() -> None:
        vision = SimVision()
        async with bench(folder, vision=vision) as cell:
            vision.script = [Check("cannot_see", None, visible=0.1, reason="a cable hides it")] * 2
            await cell.do(JOIN)
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            question: Any = cell.cell.desk.screen.topics["question/u1/load"]
            assert question.remedy["en"] == "Clear the view and check again, or look yourself."
            offered = [button.command["choice"] for button in question.buttons]
            assert offered[:2] == ["recheck", "retry"]
            assert cell.card().buttons[0].command["choice"] == "recheck"

    run_virtual(main)


def test_who_does_a_step_again_sees_how_far_beside_its_seat_the_part_was(folder: Path) -> None:
    async def main() -> None:
        vision = SimVision()
        async with bench(folder, vision=vision) as cell:
            vision.world = cell.cell.world
            await cell.do(JOIN)
            await cell.begin(worker=False)
            await cell.step_is("cap", StepStatus.ACTIVE)
            await cell.until(lambda state: brought(state, "u1", "cap"))
            assert cell.card().offset_mm is None
            vision.script = [OFF]
            await cell.do(cmd.ConfirmStep(unit="u1", step="cap", attempt=1, place="front"))
            await cell.event("step_started", step="cap", attempt=2)
            again = cell.card()
            assert (again.status, again.attempt, again.offset_mm) == ("step", 2, (3.0, -2.0, 0.0))
            assert again.note["en"] == "3.0 mm too far forward, 2.0 mm too far left."

    run_virtual(main)


def test_offsets_are_said_as_a_person_who_faces_the_robot_sees_them() -> None:
    """The cell's +x points at the person, and +y, the robot's left, to the person's right."""
    measured = cmd.Measured(verdict="displaced", offset_mm=(2.0, 1.0, 0.0))
    turned = Pose.from_rpy((0.4, 0.0, 0.0), (0.0, 0.0, math.pi))
    said = [phrases.reason("displaced", "", measured, frame)["en"] for frame in (Pose(), turned)]
    assert said == [
        "2.0 mm too far forward, 1.0 mm too far right.",
        "2.0 mm too far back, 1.0 mm too far left.",
    ]


def test_an_empty_place_says_so(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            card = cell.card()
            assert (card.status, set(card.note)) == ("away", {"en", "de"})
            await cell.do(JOIN)
            assert cell.card().status == "idle"
            assert cell.card().note == phrases.NO_ORDER.texts

    run_virtual(main)


def test_why_nothing_goes_on_is_said_in_the_readers_language(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(JOIN)
            await cell.order()
            card = cell.card()
            assert card.status == "blocked"
            assert card.note == {"en": "The cell is idle: start it.", "de": "Die Zelle ist im Leerlauf: starten."}

    run_virtual(main)


def test_a_part_that_keeps_everybody_waiting_in_the_gripper_can_be_taken_out_at_the_card(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            world = cell.cell.world
            await cell.do(JOIN)
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.DONE)
            for body in tuple(world):  # something lies in the bore: the pin can't be pressed in, and the ladder goes on
                if body.kind == "base" and not body.source:
                    await cell.in_motion("bring pin steel", 0.1)
                    world.settle(
                        world.add(
                            "cap",
                            world.body(next(b.id for b in world if b.kind == "cap")).shape,
                            world.pose(body.id).shifted(0, 0, 0.03),
                        )
                    )
            await cell.until(lambda state: "robot" in state.units["u1"].steps["pin"].barred)
            await cell.until(lambda state: not state.ending)
            card = cell.card()
            assert "gripper" in card.note["en"]
            assert "Greifer" in card.note["de"]
            (take,) = card.buttons
            await cell.do(cmd.OUTSIDE.validate_python(take.command))
            await cell.step_is("pin", StepStatus.ACTIVE)
            assert cell.step("pin").actors == ("front",)

    run_virtual(main)
