"""Supervision in the running cell: what is refused, lowered in the middle, stepped; and what meets an approval."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import Autonomy, CellState, CellVerb, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.engine.gate import Gate
from orchestrator.wire import LaneView
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import Callable
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
