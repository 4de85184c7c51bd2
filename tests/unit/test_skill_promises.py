"""What a skill declares holds: needs before it moves, what it leaves after, time, retries; and an edit takes effect."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.hands import SimHands
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core import commands as cmd
from orchestrator.core.errors import AuthoringError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import Autonomy, CellVerb, StepStatus
from orchestrator.engine.library import Library
from orchestrator.engine.registry import Registry
from tests.unit.cell_bench import ROOT, Bench, authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.events import StepFailed

HEAD = "from orchestrator.skill import Cell, SkillFailed, Target, skill\n\n\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    """The shipped skills, where more may be written beside them."""
    return shutil.copytree(ROOT / "skills", tmp_path / "skills")


def write(folder: Path, name: str, text: str, stamp_s: int = 1) -> None:
    (folder / name).write_text(HEAD + text, encoding="utf-8")
    os.utime(folder / name, (stamp_s, stamp_s))


async def started(cell: Bench, name: str, worker: bool = True, **given: str) -> None:
    if worker:
        cell.work()
    await cell.change(CellVerb.START)
    await cell.attempt(name, given)


async def failed(cell: Bench) -> StepFailed:
    """Wait until a person has to decide on the tried step; returns why."""
    await cell.step_is("try", StepStatus.ATTENTION)
    return cell.all("step_failed", step="try")[-1]  # type: ignore[no-any-return] # its event


# ---- before and after ----------------------------------------------------------------------------------------------


def test_a_skill_that_ends_without_what_it_leaves_has_failed(folder: Path, skills: Path) -> None:
    write(
        skills,
        "lazy.py",
        '@skill("lazy", leaves=("part_at", "arm_home"))\nasync def lazy(cell: Cell, part: str, at: Target) -> None:\n'
        '    """Do nothing."""\n',
    )

    async def main() -> None:
        async with bench(folder, skills=skills) as cell:
            await started(cell, "lazy", part="base")
            why = await failed(cell)
            assert why.code == "not_placed"
            assert why.message == "lazy has ended: base is not at nest."
            assert why.remedy

    run_virtual(main)


def test_a_skill_without_what_it_needs_moves_nothing(folder: Path, skills: Path) -> None:
    write(
        skills,
        "late.py",
        '@skill("late", needs=("part_held",), leaves=("gripper_empty",))\n'
        "async def late(cell: Cell, part: str, at: Target) -> None:\n"
        '    """Put down."""\n    await cell.put(part, at)\n',
    )

    async def main() -> None:
        async with bench(folder, skills=skills) as cell:
            world = cell.cell.world

            def fall(_before: object, _after: object, _events: object) -> None:
                if cell.all("step_done", step="bring") and world.held is not None:
                    world.remove(world.held)

            cell.cell.runner.bus.join(fall)
            await started(cell, "late", part="base")
            why = await failed(cell)
            assert why.code == "not_held"
            assert why.message == "late can't start: the gripper does not hold base."
            assert cell.all("part_moved", part="u1/base", what="lost")
            assert not cell.all("motion_intended", effect="u1/try/1/skill")

    run_virtual(main)


# ---- time and retries ----------------------------------------------------------------------------------------------

FICKLE = """
@skill("fickle", retry={retry}, leaves=("gripper_empty",))
async def fickle(cell: Cell, part: str, at: Target) -> None:
    \"\"\"Begin, and fail.\"\"\"
    await cell.fetch(part)
    raise SkillFailed("fickle", "It went wrong.", hint="Look at it.")
"""


@pytest.mark.parametrize("retry", [True, False])
def test_a_skill_that_may_not_be_retried_goes_to_a_person(folder: Path, skills: Path, retry: bool) -> None:
    write(skills, "fickle.py", FICKLE.format(retry=retry))
    product = authored(skills.parent / "product")
    file = product / "stack" / "procedure.yaml"
    file.write_text(file.read_text().replace("at: nest}, robot: pick_place", "at: nest}, robot: fickle"))

    async def main() -> None:
        async with bench(product, skills=skills) as cell:
            await cell.begin()
            first = await cell.event("step_failed", step="load")
            assert (first.code, first.answer) == ("fickle", "retry" if retry else "ask")  # type: ignore[union-attr] # its event

    run_virtual(main)


@pytest.mark.parametrize("retry", [True, False])
def test_broken_off_it_runs_again_by_itself_only_where_it_may(folder: Path, skills: Path, retry: bool) -> None:
    write(skills, "fickle.py", FICKLE.format(retry=retry))

    async def main() -> None:
        async with bench(folder, skills=skills) as cell:
            await started(cell, "fickle", part="base")
            await cell.in_motion("fetch base")
            await cell.change(CellVerb.HOLD)
            assert cell.step("try").status == (StepStatus.READY if retry else StepStatus.ATTENTION)
            assert cell.all("step_failed")[0].code == ("canceled" if retry else "interrupted")

    run_virtual(main)


@pytest.mark.parametrize("pausable", [True, False])
def test_what_may_not_be_paused_runs_out_of_time(folder: Path, skills: Path, pausable: bool) -> None:
    write(
        skills,
        "bead.py",
        f'@skill("bead", timeout_s=30, pausable={pausable}, leaves=("part_held",))\n'
        'async def bead(cell: Cell, part: str) -> None:\n    """Fetch."""\n    await cell.fetch(part)\n',
    )

    async def main() -> None:
        async with bench(folder, skills=skills) as cell:
            await started(cell, "bead", part="base")
            await cell.in_motion("fetch base")
            await cell.cell.robot.cap_speed("person near", 0.0)
            await asyncio.sleep(60)
            assert [e.code for e in cell.all("step_failed")] == ([] if pausable else ["timeout"])
            await cell.cell.robot.cap_speed("person near", 1.0)
            if pausable:
                await cell.step_is("try", StepStatus.DONE)

    run_virtual(main)


# ---- people --------------------------------------------------------------------------------------------------------


def test_a_tap_alone_does_not_open_the_gripper(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimHands, "pull", lambda _self: None)

    async def main() -> None:
        async with bench(folder) as cell:
            await started(cell, "hand_over", part="cap", patience_s="40")
            await cell.event("step_confirmed", step="try")
            why = await failed(cell)
            assert why.code == "not_taken"
            assert "still holds" in why.message
            assert cell.cell.world.held in cell.bodies("cap")
            assert cell.state.world.held() is not None
            assert not cell.all("part_moved", what="released")

    run_virtual(main)


def test_who_pulls_has_the_part_before_anybody_taps(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await started(cell, "hand_over", worker=False, part="cap")
            await cell.do(cmd.JoinPlace(place="front", operator="p1"))
            await cell.in_motion("bring cap")
            await cell.until(lambda state: not state.motions)
            await asyncio.sleep(1)
            cell.cell.world.pull(4.0)  # a hand that feels for it
            await asyncio.sleep(1)
            assert cell.cell.world.held is not None
            cell.cell.world.pull(20.0)
            await cell.event("part_moved", part="u1/cap", what="released", holder="place:front")
            assert [cell.cell.world.body(body).parent for body in cell.bodies("cap")] == ["hands"]
            assert not cell.all("step_confirmed")

    run_virtual(main)


def test_a_hand_that_lets_go_before_the_release_is_approved_does_not_get_the_part(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await started(cell, "hand_over", worker=False, part="cap")
            await cell.do(cmd.JoinPlace(place="front", operator="p1"))
            await cell.in_motion("bring cap")
            await cell.until(lambda state: not state.motions)
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
            await asyncio.sleep(1)
            cell.cell.world.pull(20.0)
            await cell.until(lambda state: any(motion.text == "let go of cap" for motion in state.motions.values()))
            cell.cell.world.pull(0.0)
            (motion,) = cell.state.motions
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.FULL), cmd.ApproveMotion(motion=motion))
            why = await failed(cell)
            assert why.code == "not_taken"
            assert cell.cell.world.held in cell.bodies("cap")
            fact = cell.state.world.held()
            assert fact is not None
            assert (fact.part, fact.certainty) == ("u1/cap", "known")

    run_virtual(main)


def test_a_part_that_falls_while_it_is_offered_was_not_handed_over(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await started(cell, "hand_over", worker=False, part="cap")
            await cell.do(cmd.JoinPlace(place="front", operator="p1"))
            await cell.in_motion("bring cap")
            await cell.until(lambda state: not state.motions)
            await asyncio.sleep(1)
            assert cell.cell.world.held is not None
            cell.cell.world.remove(cell.cell.world.held)
            why = await failed(cell)
            assert why.code == "not_held"
            assert cell.all("part_moved", part="u1/cap", what="lost")
            assert not cell.all("part_moved", what="released")

    run_virtual(main)


def test_a_held_part_stays_in_place_when_nobody_confirms_in_time(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await started(cell, "hold_for", worker=False, part="base", patience_s="20")
            await cell.do(cmd.JoinPlace(place="front", operator="p1"))
            why = await failed(cell)
            assert why.code == "not_confirmed"
            (body,) = cell.bodies("base")
            seat, stands = cell.state.spec.frames["nest_1"], cell.cell.robot.state.value.joints
            assert cell.cell.world.held == body
            assert cell.cell.world.pose(body).p == pytest.approx(seat.p, abs=5e-4)
            retry = cmd.Choose(unit="u1", step="try", attempt=cell.step("try").attempt, choice="retry")
            await cell.do(retry)
            await cell.do(cmd.ClearPlace(place="front"))  # whoever was to confirm might still have their hands at it
            await asyncio.sleep(5)
            assert cell.cell.robot.state.value.joints == stands  # it goes on holding, and lifts nothing
            current = cell.step("try").attempt
            await cell.do(cmd.ConfirmStep(unit="u1", step="try", attempt=current, place="front"))
            await cell.step_is("try", StepStatus.DONE)
            assert cell.cell.world.held is None
            assert cell.cell.world.pose(body).p == pytest.approx(seat.p, abs=5e-4)

    run_virtual(main)


def test_a_shared_presentation_lasts_until_the_person_confirms(folder: Path, tmp_path: Path) -> None:
    authored(tmp_path)
    file = tmp_path / "stack" / "procedure.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("- {id:")]
    lines += [
        "- {id: show, after: [], result: {part: base, at: handover}, check: person, robot: present, carry: load,",
        "   human: true, together: true, time_s: 10}",
        "- {id: load, result: {part: base, at: nest}, robot: place, time_s: 10}",
        "- {id: unload, result: {part: base, at: out}, check: person, human: true, time_s: 12}",
    ]
    file.write_text("\n".join(lines).replace("pin: [steel, brass]", "pin: [steel]") + "\n")

    async def main() -> None:
        async with bench(tmp_path) as cell:
            await cell.begin(worker=False)
            await cell.do(cmd.JoinPlace(place="front", operator="p1"))
            await cell.in_motion("bring base")
            await asyncio.sleep(60)
            assert cell.step("show").status == StepStatus.ACTIVE
            assert cell.cell.world.held is not None
            await cell.do(cmd.ConfirmStep(unit="u1", step="show", attempt=1, place="front"))
            await cell.step_is("load", StepStatus.DONE)
            assert cell.step("show").status == StepStatus.DONE
            assert cell.cell.world.held is None

    run_virtual(main)


def test_an_inspection_gives_the_verdict_and_the_distance(folder: Path) -> None:
    class Beside(SimVision):
        async def check(self, request, shot):  # type: ignore[no-untyped-def] # as its base
            assert self.world is not None
            (body,) = [b.id for b in self.world if b.kind == "base" and not b.source]
            self.world.displace(body, Pose((0.003, 0.0, 0.0)))
            return await super().check(request, shot)

    async def main() -> None:
        async with bench(folder, vision=Beside()) as cell:
            await started(cell, "inspect", part="base")
            why = await failed(cell)
            assert (why.code, why.remedy) == ("displaced", "Put it right, or let it be placed again.")
            assert "mm along x" in why.message

    run_virtual(main)


def test_what_an_inspection_measured_is_the_steps_value(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await started(cell, "inspect", part="base")
            await cell.step_is("try", StepStatus.DONE)
            assert 0 <= cell.step("try").values["offset_mm"] < 1

    run_virtual(main)


# ---- edits ---------------------------------------------------------------------------------------------------------


def test_an_edit_takes_effect_for_the_next_attempt_and_its_hash_is_kept(folder: Path, skills: Path) -> None:
    write(skills, "fickle.py", FICKLE.format(retry=True))
    better = FICKLE.format(retry=True).replace("    raise", "    await cell.put(part, at)\n    return\n    raise")

    async def main() -> None:
        async with bench(folder, skills=skills, reload=True) as cell:
            await started(cell, "fickle", part="base")
            assert (await failed(cell)).code == "fickle"
            write(skills, "fickle.py", better, stamp_s=2)
            await cell.do(cmd.Choose(unit="u1", step="try", attempt=1, choice="retry"))
            await cell.step_is("try", StepStatus.DONE)
            hashes = [attempt.skill_sha256 for attempt in cell.step("try").attempts]
            assert len(set(hashes)) == 2
            assert hashes[1] == cell.cell.desk.registry.sha256("fickle")

    run_virtual(main)


def test_an_edit_that_breaks_a_file_is_reported_and_the_version_before_not_used(folder: Path, skills: Path) -> None:
    write(skills, "fickle.py", FICKLE.format(retry=True))

    async def main() -> None:
        async with bench(folder, skills=skills, reload=True) as cell:
            await started(cell, "fickle", part="base")
            await failed(cell)
            before = len(cell.all("motion_intended"))
            write(skills, "fickle.py", "def broken(:\n", stamp_s=2)
            assert {entry.get("file"): entry.get("error", "") for entry in cell.cell.desk.skills()}["fickle.py"]
            await cell.do(cmd.Choose(unit="u1", step="try", attempt=1, choice="retry"))
            await cell.until(lambda state: state.units["u1"].steps["try"].attempt == 2)
            why = await failed(cell)
            assert why.code == "not_found"
            assert "fickle.py is broken: line 4" in why.remedy
            assert len(cell.all("motion_intended")) == before
            assert cell.step("try").attempts[-1].skill_sha256 == ""
            write(skills, "fickle.py", FICKLE.format(retry=True), stamp_s=3)
            assert cell.cell.desk.not_ready() == []

    run_virtual(main)


def test_a_skill_written_while_the_cell_runs_can_be_ordered(tmp_path: Path, skills: Path) -> None:
    authored(tmp_path / "product")
    file = tmp_path / "product" / "stack" / "procedure.yaml"
    file.write_text(file.read_text().replace("at: nest}, robot: pick_place", "at: nest}, robot: fickle"))
    registry = Registry(skills, reload=True)
    library = Library(tmp_path / "product", tmp_path / "product" / "cell.yaml", registry)
    with pytest.raises(AuthoringError, match="There is no skill 'fickle'"):
        library.variant("stack", {"pin": "steel"})
    write(skills, "fickle.py", FICKLE.format(retry=True))
    assert library.variant("stack", {"pin": "steel"}).steps[0].robot is not None


def test_an_edit_between_the_journal_and_the_start_is_not_run_unnoticed(folder: Path, skills: Path) -> None:
    write(skills, "fickle.py", FICKLE.format(retry=True))

    async def main() -> None:
        async with bench(folder, skills=skills, reload=True) as cell:

            def edit(_before: object, _after: object, events: object) -> None:
                if cell.all("step_started", step="try") and not edited:
                    edited.append(True)
                    write(skills, "fickle.py", FICKLE.format(retry=False), stamp_s=2)

            edited: list[bool] = []
            cell.cell.runner.bus.join(edit)  # told between the commit and the start of the skill
            await started(cell, "fickle", part="base")
            assert (await failed(cell)).code == "skill_changed"

    run_virtual(main)


def test_what_a_skill_declares_is_shown_to_clients(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            shown = {entry["name"]: entry for entry in cell.cell.desk.skills()}["place"]
            assert shown["needs"] == ["part_held"]
            assert shown["leaves"] == ["part_at", "gripper_empty", "arm_home"]
            assert shown["resources"] == ["arm", "gripper", "zone of at"]
            assert (shown["pausable"], shown["retry"], shown["undone_by"]) == (True, True, "pick")

    run_virtual(main)
