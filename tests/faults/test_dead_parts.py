"""Parts of the system that die or lie while a unit is built: noticed, shown, and the unit is finished afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.motion import SimMotion
from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import CellState, CellVerb, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.engine.eyes import SHOT_S
from orchestrator.wire import Question
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

ACK = cmd.Acknowledge()
UNHOLD = cmd.ChangeCell(verb=CellVerb.UNHOLD)


def troubles(cell: Bench) -> dict[str, Any]:
    """What every page says is dead, by name."""
    topics = cell.cell.desk.screen.topics
    return {name.removeprefix("trouble/"): view for name, view in topics.items() if name.startswith("trouble/")}


# ---- the robot's driver --------------------------------------------------------------------------------------------


def test_a_robot_driver_that_dies_is_noticed_within_2_s_and_its_return_is_not_enough_to_move(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is gone: no readings, no answer to a cancel, a stop or a new motion."""

    async def gone(*_: object, **__: object) -> Any:
        raise RobotError("The robot's driver does not answer.", code="no_answer")

    async def main() -> None:
        async with bench(folder) as cell:
            robot = cell.cell.robot
            await cell.begin()
            await cell.in_motion("bring base")
            died = cell.now
            with monkeypatch.context() as dead:
                for port in ("stop", "plan", "ready", "sync_scene", "cap_speed"):
                    dead.setattr(robot, port, gone)
                dead.setattr(SimMotion, "cancel", gone)
                dead.setattr(robot.quirks, "stale", True)
                await cell.until(lambda state: state.safety == Safety.UNKNOWN)
                assert cell.now - died < 2.0
                assert any("safety state is not known" in reason for reason in why_not(cell.state))
                await cell.until(lambda state: state.cell in {CellState.ABORTING, CellState.HOLDING})
                intended = len(cell.all("motion_intended"))
                await asyncio.sleep(30)
                assert cell.state.cell in {CellState.ABORTING, CellState.HELD}
                assert (await cell.ask(ACK)).code == "interlock"
            await cell.until(lambda state: state.safety == Safety.NORMAL, timeout_s=60)
            await cell.settled()
            await asyncio.sleep(30)
            assert len(cell.all("motion_intended")) == intended  # it is back, and nothing has moved
            if cell.state.cell == CellState.ABORTED:
                await cell.change(CellVerb.CLEAR, CellVerb.RESET)
                await cell.do(ACK)
                await cell.change(CellVerb.START)
            else:
                await cell.do(ACK, UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


# ---- the camera ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["raises", "hangs"])
def test_a_camera_that_is_gone_costs_looks_but_not_the_cell_and_is_shown_until_it_is_back(
    folder: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            camera = cell.cell.cameras["top"]

            async def gone() -> Any:
                if how == "hangs":
                    await asyncio.Event().wait()
                raise OSError(19, "No such device")

            with monkeypatch.context() as unplugged:
                unplugged.setattr(camera, "shoot", gone)
                await cell.begin(worker=False)
                await cell.step_is("load", StepStatus.ATTENTION)
                assert cell.step("load").code == "cannot_see"
                assert "camera top" in cell.step("load").message
                shown = troubles(cell)["camera/top"]
                assert f"within {SHOT_S:g} s" in shown.detail if how == "hangs" else "No such device" in shown.detail
                assert cell.state.cell == CellState.EXECUTE  # what needs no camera goes on
            question = cell.cell.desk.screen.topics["question/u1/load"]
            assert isinstance(question, Question)
            (again,) = [button for button in question.buttons if button.label == "recheck"]
            await cell.do(cmd.Choose.model_validate(again.command))
            await cell.step_is("load", StepStatus.DONE)
            assert troubles(cell) == {}
            cell.work()
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["bases"] == 5

    run_virtual(main)


# ---- the screen of a worker ----------------------------------------------------------------------------------------


def test_a_lost_screen_pauses_what_both_do_together_and_a_screen_that_is_back_lets_it_go_on(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring cap", 0.5)
            await cell.cell.desk.screen_at("front", there=False)
            assert troubles(cell)["device/front"].about == "front"
            await cell.step_is("cap", StepStatus.READY)
            intended = len(cell.all("motion_intended"))
            await asyncio.sleep(60)
            assert len(cell.all("motion_intended")) == intended
            assert cell.cell.world.held is not None  # the part stays in the gripper
            assert cell.state.cell == CellState.SUSPENDED  # nothing else is to be done; it goes on by itself
            assert "screen at front" in cell.card().note["en"]
            await cell.cell.desk.screen_at("front", there=True)
            assert troubles(cell) == {}
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["caps"] == 5

    run_virtual(main)


def test_a_lost_screen_leaves_the_robots_own_steps_alone_and_a_late_confirmation_counts(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            await cell.cell.desk.screen_at("front", there=False)
            await cell.step_is("pin", StepStatus.DONE)
            assert not cell.all("step_failed")
            started = len(cell.all("step_started", step="cap"))
            await asyncio.sleep(60)
            assert len(cell.all("step_started", step="cap")) == started == 0
            await cell.cell.desk.screen_at("front", there=True)
            await cell.step_is("unload", StepStatus.ACTIVE)
            await cell.cell.desk.screen_at("front", there=False)
            await cell.ended()  # who works goes on working, and says so when the line is back
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_who_leaves_the_place_takes_the_lost_screen_along(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            await cell.cell.desk.screen_at("front", there=False)
            await cell.do(cmd.LeavePlace(place="front"))
            assert troubles(cell) == {}
            await cell.cell.desk.screen_at("front", there=False)  # nobody is there whose screen it were
            assert troubles(cell) == {}

    run_virtual(main)
