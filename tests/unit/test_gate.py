"""The gate: nothing moves before it is durable, approved where that is asked, and allowed at that very moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import Autonomy, CellState, CellVerb, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.engine.gate import Gate
from tests.unit.cell_bench import ROOT, Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orchestrator.core.ports import Entry, Motion, Recorded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


class SlowJournal(MemoryJournal):
    """Holds back batches with an intended motion until `gate` is open, and says what was durable when."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.waiting = asyncio.Event()

    async def append(self, entries: Sequence[Entry]) -> Recorded:
        if any(entry.type == "motion_intended" for entry in entries):
            self.waiting.set()
            await self.gate.wait()
        return await super().append(entries)


async def _proposed(cell: Bench) -> str:
    """Build in approval mode up to the first motion that waits for a person; returns its id."""
    await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    await cell.begin()
    await cell.until(lambda state: any(not motion.approved for motion in state.motions.values()))
    return next(iter(cell.state.motions))


def test_nothing_moves_before_the_intent_is_durable(folder: Path) -> None:
    async def main() -> None:
        journal = SlowJournal()
        async with bench(folder, journal=journal) as cell:
            task = asyncio.create_task(cell.begin())
            await journal.waiting.wait()
            home = cell.cell.robot.state.value.joints
            await asyncio.sleep(30)
            assert cell.cell.robot.state.value.joints == home
            assert not cell.cell.robot.state.value.moving
            journal.gate.set()
            await task
            await cell.ended()
            intended = {e.motion for e in cell.all("motion_intended")}
            assert intended == {e.motion for e in cell.all("motion_ended")}

    run_virtual(main)


def test_a_motion_whose_intent_cannot_be_written_never_runs(folder: Path) -> None:
    class Full(MemoryJournal):
        async def append(self, entries: Sequence[Entry]) -> Recorded:
            if any(entry.type == "motion_intended" for entry in entries):
                raise OSError(28, "No space left on device")
            return await super().append(entries)

    async def main() -> None:
        async with bench(folder, journal=Full()) as cell:
            home = cell.cell.robot.state.value.joints
            await cell.begin()
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.cell.robot.state.value.joints == home
            assert cell.all("motion_intended") == []

    run_virtual(main)


def test_approval_mode_waits_for_a_person_and_then_moves(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            home = cell.cell.robot.state.value.joints
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == home
            intent = cell.cell.desk.screen.topics["lane/robot"].intent  # type: ignore[union-attr] # a lane's view
            assert intent is not None
            assert intent.proposed
            assert len(intent.preview) > 1
            await cell.do(cmd.ApproveMotion(motion=motion))
            await cell.event("motion_ended", motion=motion, outcome="succeeded")
            assert cell.cell.robot.state.value.joints != home

    run_virtual(main)


def test_cancelled_while_waiting_for_approval_nothing_moves_and_nothing_stays_proposed(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            home = cell.cell.robot.state.value.joints
            await cell.change(CellVerb.HOLD)
            assert cell.cell.robot.state.value.joints == home
            assert cell.state.motions == {}
            assert (await cell.ask(cmd.ApproveMotion(motion=motion))).code == "stale"
            assert cell.state.ending == frozenset()
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.FULL), cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_an_approval_is_refused_while_the_cell_is_held(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            hold, approve = await asyncio.gather(
                cell.ask(cmd.ChangeCell(verb=CellVerb.HOLD)), cell.ask(cmd.ApproveMotion(motion=motion))
            )
            assert hold.ok
            assert approve.code in {"interlock", "stale"}

    run_virtual(main)


def test_the_interlock_is_checked_again_after_the_intent_is_durable(folder: Path) -> None:
    async def main() -> None:
        journal = SlowJournal()
        async with bench(folder, journal=journal) as cell:
            task = asyncio.create_task(cell.begin())
            await journal.waiting.wait()
            home = cell.cell.robot.state.value.joints
            # the stop comes while the intent is being written: it acts at once, and the intent must not be carried out
            cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
            await asyncio.sleep(1)
            journal.gate.set()
            await task
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.cell.robot.state.value.joints == home
            assert cell.state.motions == {}
            assert cell.step("load").status == StepStatus.ATTENTION  # nobody knows whether it met something

    run_virtual(main)


def test_an_intent_and_a_hold_in_one_batch_move_nothing(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.change(CellVerb.START)
            runner = cell.cell.runner
            started: list[str] = []

            def start() -> Motion:
                started.append("moved")
                raise AssertionError("it moved")

            motion = asyncio.create_task(Gate(runner, "by-hand", cell.cell.robot.stop).run(start, text="wave"))
            await asyncio.sleep(0)
            runner.post(cmd.ChangeCell(verb=CellVerb.HOLD))
            with pytest.raises(RobotError) as refused:
                await motion
            assert refused.value.code == "interlock"
            assert started == []
            await cell.settled()
            assert cell.all("motion_intended")
            assert cell.state.motions == {}

    run_virtual(main)


@pytest.mark.parametrize("text", ["fetch base", "lift base", "bring base"])
def test_cancelled_in_a_motion_the_end_comes_when_the_arm_stands(folder: Path, text: str) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion(text)
            await cell.change(CellVerb.HOLD)
            assert not cell.cell.robot.state.value.moving
            ends = [event.type for event in cell.log]
            assert ends.index("cell_changed", ends.index("skill_ended")) > ends.index("skill_ended")
            assert cell.all("motion_ended")[-1].outcome == "canceled"
            held = cell.cell.robot.state.value.joints
            await asyncio.sleep(20)
            assert cell.cell.robot.state.value.joints == held

    run_virtual(main)


def test_each_motion_has_one_end(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            for text in ("fetch base", "press pin steel"):
                await cell.in_motion(text)
                await cell.change(CellVerb.HOLD)
                await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()
            ended = [event.motion for event in cell.all("motion_ended")]
            assert len(ended) == len(set(ended))
            assert set(ended) == {event.motion for event in cell.all("motion_intended")}
            assert cell.state.motions == {}

    run_virtual(main)


# ---- the time-out, and what comes after it -------------------------------------------------------------------------


def test_a_skill_has_as_long_as_people_need_to_decide(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            await asyncio.sleep(3600)
            assert cell.all("step_failed") == []
            await cell.do(cmd.ApproveMotion(motion=motion))
            await cell.event("motion_ended", motion=motion, outcome="succeeded")

    run_virtual(main)


def test_a_paused_robot_does_not_run_out_of_time(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            await cell.cell.robot.cap_speed("person near", 0.0)
            await asyncio.sleep(3600)
            await cell.cell.robot.cap_speed("person near", 1.0)
            await cell.ended()
            assert cell.all("step_failed") == []

    run_virtual(main)


@pytest.mark.parametrize("by", ["hold", "time-out"])
def test_no_motion_passes_on_the_way_out_of_a_skill(folder: Path, tmp_path: Path, by: str) -> None:
    source = """from orchestrator.skill import Cell, skill


@skill("pick_place", timeout_s=0.8)
async def stubborn(cell: Cell, part: str) -> None:
    grasp = await cell.plan_grasp(part, await cell.locate(part))
    try:
        await cell.arm.follow(grasp.approach)
    finally:
        await cell.arm.follow(grasp.retreat)
"""
    (tmp_path / "stubborn.py").write_text(source)
    for name in ("insert", "hand_over", "screw", "move_home"):
        (tmp_path / f"{name}.py").write_text((ROOT / "skills" / f"{name}.py").read_text())

    async def main() -> None:
        async with bench(folder, skills=tmp_path) as cell:
            await cell.begin()
            await cell.in_motion("fetch base")
            if by == "hold":
                await cell.change(CellVerb.HOLD)
            await cell.until(lambda _: bool(cell.all("skill_ended")))
            ended = cell.all("skill_ended")[0]
            assert (ended.outcome, ended.code) == (("canceled", "") if by == "hold" else ("failed", "ended"))
            texts = [event.text for event in cell.all("motion_intended", effect="u1/load/1/skill")]
            assert texts == (["fetch base"] if by == "hold" else ["fetch base", "go home"])  # the engine's own way home

    run_virtual(main)


# ---- what changes after planning -----------------------------------------------------------------------------------


def test_what_comes_into_the_way_while_approval_is_waited_for_is_planned_around(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            plan = cell.state.motions[motion].plan
            spare = cmd.ReportPart(
                effect="x", part="u1/cap", kind="cap", what="placed", to="cell", pose=Pose((0.45, 0.15, 0.02))
            )
            assert (await cell.cell.runner.ask(spare)).ok
            await cell.do(cmd.ApproveMotion(motion=motion))
            again = await cell.event("motion_proposed")
            assert cell.all("motion_ended", motion=motion)[0].code == "stale_scene"
            assert again.plan != plan  # type: ignore[union-attr] # its event
            await cell.do(cmd.ApproveMotion(motion=again.motion))  # type: ignore[union-attr] # its event
            ended = await cell.event("motion_ended", motion=again.motion)  # type: ignore[union-attr] # its event
            assert ended.outcome == "succeeded"  # type: ignore[union-attr] # its event

    run_virtual(main)
