"""A skill may ask for more supervision than the cell does, through its public surface; it can't take any away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.errors import BadInput
from orchestrator.core.machine import Autonomy, StepStatus
from orchestrator.skill import Cell, skill
from orchestrator.wire import LaneView
from tests.unit.cell_bench import ROOT, Bench, authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.state import State

INSIDE = """from orchestrator.skill import Cell, SkillFailed, Target, skill


@skill("pick_place")
async def careful(cell: Cell, part: str, at: Target) -> None:
    await cell.fetch(part)
    async with cell.supervised("The fit is tight."):
        placement = await cell.plan_place(part, at)
        await cell.arm.follow(placement.above)
        {then}
    await cell.arm.follow(placement.down)
    await cell.gripper.open(placement)
    await cell.arm.retreat()
"""
WHOLE = """from orchestrator.skill import Cell, Target, skill


@skill("pick_place", autonomy="approve")
async def careful(cell: Cell, part: str, at: Target) -> None:
    await cell.fetch(part)
    await cell.put(part, at)
"""
FAILS = 'raise SkillFailed("tight", "It does not fit.")'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def _skills(path: Path, source: str) -> Path:
    """The shipped skills, with another one for the first step."""
    for name in ("insert", "hand_over", "screw", "move_home"):
        (path / f"{name}.py").write_text((ROOT / "skills" / f"{name}.py").read_text())
    (path / "careful.py").write_text(source)
    return path


def _waits(state: State) -> bool:
    return any(not motion.approved for motion in state.motions.values())


async def _approved(cell: Bench, until: StepStatus) -> list[str]:
    """Approve whatever is asked until the first step stands so; returns what was asked, and for which reason."""
    asked: list[str] = []
    await cell.until(lambda state: "u1" in state.units)
    while True:
        await cell.until(lambda state: _waits(state) or cell.step("load").status in {until, StepStatus.VERIFYING})
        if not _waits(cell.state):
            return asked
        motion = next(motion for motion in cell.state.motions.values() if not motion.approved)
        asked.append(f"{motion.text}: {motion.supervised}")
        await cell.do(cmd.ApproveMotion(motion=motion.id))


def test_motions_inside_want_approval_in_full_and_those_around_them_do_not(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(folder, skills=_skills(tmp_path, INSIDE.format(then="pass"))) as cell:
            await cell.begin()
            await cell.until(_waits)
            lane = cell.cell.desk.screen.topics["lane/robot"]
            assert isinstance(lane, LaneView)
            assert lane.intent is not None
            assert (lane.intent.proposed, lane.intent.supervised) == (True, "The fit is tight.")
            assert cell.state.autonomy == Autonomy.FULL
            assert await _approved(cell, StepStatus.DONE) == ["bring base: The fit is tight."]
            assert [event.text for event in cell.all("motion_intended") if event.effect == "u1/load/1/skill"] == [
                "fetch base", "grip base", "lift base", "bring base", "set base down", "let go of base", "go home",
            ]  # fmt: skip

    run_virtual(main)


def test_a_skill_can_have_all_its_motions_approved(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(folder, skills=_skills(tmp_path, WHOLE)) as cell:
            await cell.begin()
            asked = await _approved(cell, StepStatus.DONE)
            assert len(asked) == len([e for e in cell.all("motion_intended") if e.effect == "u1/load/1/skill"]) == 7
            assert asked[0] == "fetch base: pick_place wants each of its motions approved."

    run_virtual(main)


def test_left_by_an_error_it_counts_for_the_way_home(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(folder, skills=_skills(tmp_path, INSIDE.format(then=FAILS))) as cell:
            await cell.begin()
            asked = await _approved(cell, StepStatus.ATTENTION)
            assert asked[:2] == ["bring base: The fit is tight.", "go home: The fit is tight."]
            assert cell.all("home_wanted")[0].supervised == "The fit is tight."

    run_virtual(main)


def test_where_the_cell_asks_anyway_it_takes_nothing_away(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(folder, skills=_skills(tmp_path, INSIDE.format(then="pass"))) as cell:
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
            await cell.begin()
            assert len(await _approved(cell, StepStatus.DONE)) == 7

    run_virtual(main)


def test_a_skill_asks_for_approvals_or_for_nothing() -> None:
    async def careless(cell: Cell) -> None:
        """Never run."""

    with pytest.raises(BadInput, match="autonomy of skill careless 'none'"):
        skill("careless", autonomy="none")(careless)  # type: ignore[arg-type] # no such level
