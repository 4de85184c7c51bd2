"""Supervision in the running cell: what is refused, lowered in the middle, stepped; and what meets an approval."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import Autonomy, CellState, CellVerb, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.engine.gate import Gate
from orchestrator.wire import LaneView
from tests.unit.cell_bench import ROOT, Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from orchestrator.core.ports import Motion
    from orchestrator.core.state import State


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def _waits(state: State) -> bool:
    return any(not motion.approved and not motion.refused for motion in state.motions.values())


async def _proposed(cell: Bench) -> str:
    """Build in approval mode up to the first motion that waits for a person; returns its id."""
    await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    await cell.begin()
    await cell.until(_waits)
    return next(iter(cell.state.motions))


def _lane(cell: Bench) -> LaneView:
    lane = cell.cell.desk.screen.topics["lane/robot"]
    assert isinstance(lane, LaneView)
    return lane


async def _press(cell: Bench, label: str, **more: str) -> None:
    """Press a button of the robot's lane, as a screen does."""
    lane = _lane(cell)
    buttons = [*lane.buttons, *(lane.intent.buttons if lane.intent else ())]
    command = next(button.command for button in buttons if button.label == label)
    await cell.do(cmd.OUTSIDE.validate_python({**command, **more}))


def test_a_refused_preview_moves_nothing_and_asks_how_the_step_goes_on(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            home = cell.cell.robot.state.value.joints
            await _press(cell, "refuse", reason="too close to the lamp")
            await cell.until(lambda _: cell.step("load").status == StepStatus.ATTENTION)
            assert cell.cell.robot.state.value.joints == home
            assert cell.all("motion_ended", motion=motion)[0].code == "refused"
            assert [event.motion for event in cell.all("motion_proposed")] == [motion]  # and no way home instead
            question = cell.cell.desk.screen.topics["question/u1/load"]
            assert question.reason["de"] == "Die Bewegung des Roboters wurde abgelehnt: too close to the lamp"  # type: ignore[union-attr] # a question
            choice = {"unit": "u1", "step": "load", "attempt": 1, "choice": "retry"}
            await cell.do(cmd.Choose.model_validate(choice))
            await cell.until(_waits)
            await _press(cell, "approve")
            await cell.event("motion_ended", outcome="succeeded")

    run_virtual(main)


def test_lowered_before_an_intended_motion_could_begin_it_is_asked_for_anew(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.change(CellVerb.START)
            runner, started = cell.cell.runner, []

            def start() -> Motion:
                started.append("moved")
                raise AssertionError("it moved")

            gate = Gate(runner, "by-hand", cell.cell.robot.stop)
            motion = asyncio.create_task(gate.run(start, text="wave"))
            await asyncio.sleep(0)
            runner.post(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))  # in one batch with the intent
            await cell.until(_waits)
            assert cell.all("motion_intended")[0].motion == "by-hand/m1"
            assert cell.all("motion_ended", motion="by-hand/m1")[0].code == "autonomy"
            assert list(cell.state.motions) == ["by-hand/m2"]
            assert started == []
            motion.cancel()
            await asyncio.gather(motion, return_exceptions=True)

    run_virtual(main)


def test_lowered_in_the_middle_of_a_motion_it_ends_and_the_next_one_waits(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("fetch base")
            under_way = next(iter(cell.state.motions))
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
            ended = await cell.event("motion_ended")
            assert (ended.motion, ended.outcome) == (under_way, "succeeded")  # type: ignore[union-attr] # its event
            await cell.until(_waits)
            there = cell.cell.robot.state.value.joints
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == there

    run_virtual(main)


def test_stepped_through_a_unit_each_step_and_each_motion_wait_for_a_person(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.SINGLE_STEP))
            await cell.begin()
            for _ in range(200):
                await cell.until(
                    lambda state: bool(cell.all("unit_ended")) or _waits(state) or bool(_lane(cell).buttons)
                )
                if cell.all("unit_ended"):
                    break
                await asyncio.sleep(5)  # nothing goes on by itself meanwhile
                if _waits(cell.state):
                    await _press(cell, "approve")
                elif _lane(cell).buttons:  # else a person has begun the step that either may do
                    assert cell.state.doing("robot") is None
                    await _press(cell, "release_step")
            assert cell.record()["state"] == "done"
            robots = [event for event in cell.all("step_started") if "robot" in event.actors]
            assert len(cell.all("step_released")) == len(robots) > 1
            approved = [event.motion for event in cell.all("motion_approved")]
            assert approved == [event.motion for event in cell.all("motion_intended")]

    run_virtual(main)


@pytest.mark.parametrize(
    ("comes", "stands"),
    [
        (lambda: cmd.ChangeCell(verb=CellVerb.STOP, reason="test"), CellState.STOPPED),
        (lambda: cmd.ChangeCell(verb=CellVerb.ABORT, reason="test"), CellState.ABORTED),
        (lambda: cmd.ChangeCell(verb=CellVerb.HOLD), CellState.HELD),
    ],
    ids=["stop", "abort", "hold"],
)
@pytest.mark.parametrize("first", ["approval", "it"])
def test_an_approval_and_what_stops_the_cell_at_one_time_move_nothing(
    folder: Path, comes: Callable[[], cmd.Command], stands: CellState, first: str
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            home = cell.cell.robot.state.value.joints
            pair = [comes(), cmd.ApproveMotion(motion=motion)]
            answers = await asyncio.gather(*map(cell.ask, reversed(pair) if first == "approval" else pair))
            assert all(answer.code in {"", "interlock", "stale"} for answer in answers)
            await cell.until(lambda state: state.cell == stands)
            await asyncio.sleep(30)
            assert cell.cell.robot.state.value.joints == home
            assert cell.state.motions == {}
            assert (await cell.ask(cmd.ApproveMotion(motion=motion))).code == "stale"

    run_virtual(main)


def test_an_approval_and_a_protective_stop_at_one_time_move_nothing(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            motion = await _proposed(cell)
            home = cell.cell.robot.state.value.joints
            cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
            await cell.ask(cmd.ApproveMotion(motion=motion))
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.cell.robot.state.value.joints == home
            assert cell.state.motions == {}

    run_virtual(main)


FAILS = """from orchestrator.skill import Cell, SkillFailed, Target, skill


@skill("pick_place")
async def failing(cell: Cell, part: str, at: Target) -> None:
    await cell.fetch(part)
    raise SkillFailed("tight", "It does not fit.")
"""


@pytest.fixture
def failing(folder: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The small product whose first step asks when it fails, and the skill that fails away from home."""
    asks, skills = tmp_path / "asks", tmp_path / "skills"
    shutil.copytree(folder, asks)
    file = asks / "stack" / "procedure.yaml"
    file.write_text(file.read_text().replace("robot: pick_place,", "robot: pick_place, on_fail: [ask],"))
    skills.mkdir()
    for name in ("insert", "hand_over", "screw", "move_home"):
        (skills / f"{name}.py").write_text((ROOT / "skills" / f"{name}.py").read_text())
    (skills / "failing.py").write_text(FAILS)
    return asks, skills


@asynccontextmanager
async def _failed(failing: tuple[Path, Path]) -> AsyncIterator[Bench]:
    """A cell in approval mode whose first step has failed away from home, with the way home proposed."""
    async with bench(failing[0], skills=failing[1]) as cell:
        await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
        await cell.begin(worker=False)
        await cell.until(_waits)
        while cell.step("load").status == StepStatus.ACTIVE:
            await _press(cell, "approve")
            await cell.until(lambda state: _waits(state) or cell.step("load").status != StepStatus.ACTIVE)
        await cell.until(_waits)
        yield cell


def test_a_failure_is_a_question_at_once_and_the_way_home_waits_for_approval(failing: tuple[Path, Path]) -> None:
    async def main() -> None:
        async with _failed(failing) as cell:
            assert (cell.step("load").status, cell.step("load").code) == (StepStatus.ATTENTION, "tight")
            assert "question/u1/load" in cell.cell.desk.screen.topics
            lane = _lane(cell)
            assert lane.intent is not None
            assert (lane.status, lane.intent.text["en"]) == ("waiting", "moves back")
            there = cell.cell.robot.state.value.joints
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == there
            await cell.do(cmd.Choose(unit="u1", step="load", attempt=1, choice="retry"))
            await asyncio.sleep(60)
            assert cell.step("load").status == StepStatus.READY  # nothing begins before the arm is home
            await _press(cell, "approve")
            ended = await cell.event("home_ended")
            assert ended.outcome == "succeeded"  # type: ignore[union-attr] # its event
            await cell.step_is("load", StepStatus.ACTIVE)

    run_virtual(main)


def test_a_refused_way_home_leaves_the_arm_where_it_is_and_keeps_nothing_up(failing: tuple[Path, Path]) -> None:
    async def main() -> None:
        async with _failed(failing) as cell:
            there = cell.cell.robot.state.value.joints
            await _press(cell, "refuse", reason="the lamp is in the way")
            ended = await cell.event("home_ended")
            assert (ended.outcome, ended.code) == ("failed", "refused")  # type: ignore[union-attr] # its event
            assert cell.cell.robot.state.value.joints == there
            assert (cell.state.homing, cell.state.ending) == ("", frozenset())
            await cell.do(cmd.Choose(unit="u1", step="load", attempt=1, choice="retry"))
            await cell.step_is("load", StepStatus.ACTIVE)

    run_virtual(main)


@pytest.mark.parametrize("what", ["hold", "scrap"])
def test_a_way_home_is_called_off_with_what_it_belongs_to(failing: tuple[Path, Path], what: str) -> None:
    async def main() -> None:
        async with _failed(failing) as cell:
            (motion,) = cell.state.motions
            if what == "hold":
                await cell.do(cmd.ChangeCell(verb=CellVerb.HOLD, reason="test"))
            else:
                choice = {"unit": "u1", "step": "load", "attempt": 1, "choice": "scrap", "reason": "test"}
                await cell.do(cmd.Choose.model_validate(choice))
            assert not (await cell.ask(cmd.ApproveMotion(motion=motion))).ok
            await cell.until(lambda state: not state.ending)
            assert cell.all("home_ended")[0].outcome == "canceled"
            assert not cell.all("motion_intended", motion=motion)
            assert (cell.state.homing, cell.state.motions) == ("", {})

    run_virtual(main)
