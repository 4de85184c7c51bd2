"""Stops of every kind in the middle of a unit: nothing moves by itself, and the unit is finished afterwards."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import START_UTC, run_virtual
from orchestrator.adapters.sim.motion import SimMotion
from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import CellState, CellVerb, OrderState, OrderVerb, StepStatus
from orchestrator.core.ports import Outcome, Safety
from tests.unit.cell_bench import BOSS, Bench, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import RobotState


ACK = cmd.Acknowledge()
UNHOLD = cmd.ChangeCell(verb=CellVerb.UNHOLD)


async def stands(cell: Bench, for_s: float = 10.0) -> None:
    """Check that nothing moves for a while."""
    before = cell.cell.robot.state.value.joints
    await asyncio.sleep(for_s)
    assert cell.cell.robot.state.value.joints == before
    assert not cell.cell.robot.state.value.moving


def parts_agree(cell: Bench) -> None:
    """The ledger knows every true part that is in nobody's bin, and the gripper holds what the ledger says."""
    world, held = cell.cell.world, cell.state.world.held()
    assert (world.held is not None) == (held is not None)
    for kind in ("base", "pin_steel", "cap"):
        there = [body for body in cell.bodies(kind) if body in world.visible()]
        believed = [f for f in cell.state.world.facts.values() if f.kind == kind and not f.holder.startswith("place:")]
        assert len(there) == len(believed), (kind, there, believed)


HELD_AT = [
    ("fetch base", 0.2),
    ("grip base", 0.02),
    ("lift base", 0.2),
    ("bring base", 0.5),
    ("set base down", 0.2),
    ("let go of base", 0.02),
    ("fetch pin steel", 1.0),
    ("bring pin steel", 0.3),
    ("press pin steel", 0.3),
    ("let go of pin steel", 0.02),
    ("bring cap", 0.5),
    ("bring the driver over cap/middle", 0.5),
]


@pytest.mark.parametrize(("text", "after_s"), HELD_AT)
def test_a_hold_at_any_moment_is_followed_by_a_finished_unit(folder: Path, text: str, after_s: float) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion(text, after_s)
            await cell.change(CellVerb.HOLD)
            assert cell.state.cell == CellState.HELD
            await stands(cell)
            parts_agree(cell)
            await cell.do(UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.all("step_failed", code="canceled")
            taken = [cell.state.bins[name] for name in ("bases", "pins_steel", "caps")]
            assert taken == [5, 5, 5]  # nothing was fetched twice

    run_virtual(main)


@pytest.mark.parametrize("holding", [True, False])
def test_a_hold_at_the_very_moment_of_the_grip_or_the_release_is_no_secret(folder: Path, holding: bool) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            held_once: list[bool] = []

            def on_reading(reading: RobotState) -> None:
                if reading.holding and not held_once:
                    held_once.append(True)
                if held_once and reading.holding is holding and len(held_once) == 1:
                    held_once.append(True)
                    cell.cell.runner.post(cmd.ChangeCell(verb=CellVerb.HOLD))

            cell.cell.robot.state.listen(on_reading)
            await cell.begin()
            await cell.until(lambda state: state.cell == CellState.HELD)
            parts_agree(cell)
            held = cell.state.world.held()
            assert (held is not None) is holding
            await cell.do(UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["bases"] == 5

    run_virtual(main)


def test_a_hold_while_the_robot_offers_a_part_neither_moves_nor_opens(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.event("motion_ended", effect="u1/cap/1/skill", outcome="succeeded")
            await cell.until(lambda _: len(cell.all("motion_ended", effect="u1/cap/1/skill")) == 4)
            assert cell.cell.world.held is not None
            await cell.change(CellVerb.HOLD)
            for worker in cell.workers:
                worker.cancel()
            await stands(cell)
            assert cell.cell.world.held is not None
            parts_agree(cell)
            await cell.do(UNHOLD)
            cell.work()
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["caps"] == 5

    run_virtual(main)


def test_a_hold_after_the_part_was_taken_fetches_no_second_one(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.event("part_moved", what="released")
            await asyncio.sleep(0.5)
            await cell.change(CellVerb.HOLD)
            await stands(cell)
            await cell.do(UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["caps"] == 5

    run_virtual(main)


@pytest.mark.parametrize("text", ["fetch base", "bring base", "press pin steel"])
def test_a_protective_stop_holds_until_a_person_acknowledges(folder: Path, text: str) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion(text)
            cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.state.safety == Safety.PROTECTIVE_STOP
            await stands(cell)
            assert (await cell.ask(UNHOLD)).code == "interlock"
            await cell.do(ACK)
            await cell.until(lambda state: state.safety == Safety.NORMAL)
            await stands(cell)
            await cell.do(UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_a_stop_that_is_over_before_it_is_written_is_over(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("fetch base")
            cell.cell.robot.trip(Safety.SAFEGUARD_STOP)
            cell.cell.robot.trip(Safety.NORMAL)
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.state.safety == Safety.NORMAL
            await cell.do(ACK, UNHOLD)
            await cell.ended()

    run_virtual(main)


def test_an_emergency_stop_aborts_and_needs_the_whole_way_back(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            cell.cell.robot.trip(Safety.EMERGENCY_STOP)
            await cell.until(lambda state: state.cell == CellState.ABORTED)
            await stands(cell)
            assert (await cell.ask(cmd.ChangeCell(verb=CellVerb.CLEAR))).code == "interlock"
            cell.cell.robot.trip(Safety.NORMAL)  # pulled out again at the cell
            await stands(cell)
            await cell.change(CellVerb.CLEAR, CellVerb.RESET)
            assert (await cell.ask(cmd.ChangeCell(verb=CellVerb.START))).code == "interlock"
            await cell.do(ACK)
            await stands(cell)
            await cell.do(cmd.ChangeCell(verb=CellVerb.START))
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["bases"] == 5

    run_virtual(main)


def test_an_aborted_order_leaves_a_part_that_a_person_must_take_out(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring pin steel")
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT, reason="wrong order"))
            assert cell.state.orders["o"].state == OrderState.ABORTED
            await cell.until(lambda state: state.cell == CellState.COMPLETED)
            held = cell.state.world.held()
            assert held is not None
            assert cell.cell.world.held is not None
            await stands(cell)
            view = cell.cell.desk.screen.topics["cell"]
            assert "take_part" in {button.label for button in view.buttons}  # type: ignore[union-attr] # a cell's view
            await cell.order(name="p")
            await cell.change(CellVerb.RESET, CellVerb.START)
            await asyncio.sleep(30)
            assert not cell.all("step_started", unit="u2", actors=("robot",))
            assert "gripper" in cell.cell.desk.screen.topics["lane/robot"].text["en"].lower()  # type: ignore[union-attr] # a lane's view
            await cell.do(cmd.TakePart(part=held.part))
            assert cell.cell.world.held is None
            await cell.ended("p")
            assert cell.record("u2")["state"] == "done"

    run_virtual(main)


def test_a_stopped_order_finishes_the_units_in_work_alone(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(5)
            await cell.in_motion("bring base")
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.STOP))
            await cell.ended()
            order = cell.state.orders["o"]
            assert (order.state, order.started, order.done) == (OrderState.ENDED, order.done, order.started)
            assert order.started < 5

    run_virtual(main)


def test_a_cell_that_completed_takes_a_further_order(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.until(lambda state: state.cell == CellState.COMPLETED)
            await cell.order(name="p", pin="brass")
            await cell.change(CellVerb.RESET, CellVerb.START)
            await cell.ended("p")
            assert cell.record("u2")["state"] == "done"

    run_virtual(main)


@pytest.mark.parametrize("text", ["fetch base", "bring base", "press pin steel", "bring cap", "go home"])
def test_a_restart_over_the_same_journal_is_held_and_goes_on_after_a_word(
    folder: Path, tmp_path: Path, text: str
) -> None:
    """The first process ends in the middle of a motion; the second knows only the journal."""

    async def first() -> float:
        async with bench(folder, data=tmp_path) as cell:
            await cell.begin()
            await cell.in_motion(text, 0.1)
            return cell.now

    async def second() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert cell.state.cell == CellState.HELD
            assert not cell.state.acknowledged
            for fact in cell.state.world.facts.values():  # the true parts of a cell that starts are those of the ledger
                pose = cell.state.world.pose(fact.part)
                if pose is not None:
                    assert min(math.dist(cell.cell.world.pose(b).p, pose.p) for b in cell.bodies(fact.kind)) < 1e-3
            cell.work()
            await stands(cell)
            assert (await cell.ask(UNHOLD)).code == "interlock"
            await cell.do(ACK)
            await stands(cell)
            await cell.do(UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"

    ended = run_virtual(first)
    run_virtual(second, start_utc=ended + 60)
    assert ended > START_UTC


def test_a_restart_after_the_part_was_handed_over_fetches_no_second_one(folder: Path, tmp_path: Path) -> None:
    async def first() -> float:
        async with bench(folder, data=tmp_path) as cell:
            await cell.begin()
            await cell.event("part_moved", part="u1/cap", what="released")
            await asyncio.sleep(0.2)
            return cell.now

    async def second() -> None:
        async with bench(folder, data=tmp_path) as cell:
            cap = cell.state.world.get("u1/cap")
            assert cap is not None
            assert (cap.holder, cap.certainty) == ("place:front", "known")
            cell.work()
            await cell.until(lambda state: bool(state.places))
            await cell.do(ACK, UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.bins["caps"] == 5

    run_virtual(second, start_utc=run_virtual(first) + 60)


def test_a_restart_in_a_stop_learns_that_the_robot_is_well_again(folder: Path, tmp_path: Path) -> None:
    async def first() -> float:
        async with bench(folder, data=tmp_path) as cell:
            await cell.begin()
            await cell.in_motion("fetch base")
            cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
            await cell.until(lambda state: state.cell == CellState.HELD)
            return cell.now

    async def second() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert cell.state.safety == Safety.NORMAL
            assert not cell.state.acknowledged
            cell.work()
            await cell.do(ACK, UNHOLD)
            await cell.ended()

    run_virtual(second, start_utc=run_virtual(first) + 60)


def test_the_same_command_after_a_restart_has_no_second_effect(folder: Path, tmp_path: Path) -> None:
    refill = cmd.RefillBin(bin="bases", count=2)

    async def first() -> float:
        async with bench(folder, data=tmp_path) as cell:
            assert (await cell.ask(refill, BOSS, "refill-1")).ok
            await cell.do(cmd.RefillBin(bin="bases", count=5))
            return cell.now

    async def second() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert (await cell.ask(refill, BOSS, "refill-1")).ok
            assert cell.state.bins["bases"] == 5

    run_virtual(second, start_utc=run_virtual(first) + 60)


# ---- a robot that does not answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "ends"),
    [(CellVerb.HOLD, CellState.HELD), (CellVerb.STOP, CellState.STOPPED), (CellVerb.ABORT, CellState.ABORTED)],
)
def test_a_motion_that_never_answers_its_cancel_is_stopped_at_the_robot(
    folder: Path, verb: CellVerb, ends: CellState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_motion: SimMotion) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            monkeypatch.setattr(SimMotion, "cancel", never)
            await cell.do(cmd.ChangeCell(verb=verb))
            await cell.until(lambda state: state.cell == ends, timeout_s=5)
            await stands(cell)
            parts_agree(cell)

    run_virtual(main)


def test_a_motion_whose_end_nobody_learns_of_ends_as_unknown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            monkeypatch.setattr(SimMotion, "cancel", never)
            monkeypatch.setattr(cell.cell.robot, "stop", never)
            await cell.do(cmd.ChangeCell(verb=CellVerb.ABORT))
            ended = await cell.event("motion_ended")
            assert (ended.outcome, ended.code) == ("unknown", "no_stand")  # type: ignore[union-attr] # its event
            assert "did not answer" in ended.message  # type: ignore[union-attr] # its event
            monkeypatch.undo()
            await cell.until(lambda state: state.cell == CellState.ABORTED)

    run_virtual(main)


@pytest.mark.parametrize("verb", [CellVerb.STOP, CellVerb.ABORT])
@pytest.mark.parametrize("hangs", [True, False])
def test_a_robot_that_fails_to_stop_is_asked_again_and_people_learn_why(
    folder: Path, verb: CellVerb, hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")

            async def fails() -> None:
                if hangs:
                    await asyncio.Event().wait()
                raise RobotError("The controller does not answer.")

            with monkeypatch.context() as broken:
                broken.setattr(cell.cell.robot, "stop", fails)
                await cell.do(cmd.ChangeCell(verb=verb))
                await asyncio.sleep(20)
                assert cell.state.cell in {CellState.STOPPING, CellState.ABORTING}
                assert any("safety state is not known" in reason for reason in why_not(cell.state))
            await cell.settled()
            assert cell.state.cell in {CellState.STOPPED, CellState.ABORTED}
            assert cell.state.safety == Safety.NORMAL

    run_virtual(main)


def test_a_hold_that_the_robot_does_not_answer_becomes_a_stop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            calls: list[int] = []
            stop = cell.cell.robot.stop

            async def fails_once() -> None:
                calls.append(1)
                if len(calls) == 1:
                    raise RobotError("The controller does not answer.")
                await stop()

            monkeypatch.setattr(cell.cell.robot, "stop", fails_once)
            await cell.do(cmd.ChangeCell(verb=CellVerb.HOLD))
            await cell.until(lambda state: state.cell == CellState.STOPPED)
            assert "does not answer a stop" in cell.state.cell_reason
            await stands(cell)

    run_virtual(main)


# ---- a hold that is none -------------------------------------------------------------------------------------------


def test_a_hold_that_is_denied_or_asked_for_twice_stops_nothing(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("fetch base")
            hold = cmd.ChangeCell(verb=CellVerb.HOLD)
            assert (await cell.ask(hold, BOSS, "hold-1")).ok
            await cell.settled()
            await cell.do(UNHOLD)
            motion = await cell.event("motion_intended", text="bring base")
            await asyncio.sleep(0.2)
            assert (await cell.ask(hold, BOSS, "hold-1")).ok  # the answer of then, and no second hold
            assert (await cell.ask(hold, cmd.Who(name="eve", role="auditor"))).code == "denied"
            ended = await cell.event("motion_ended", motion=motion.motion)  # type: ignore[union-attr] # its event
            assert ended.outcome == "succeeded"  # type: ignore[union-attr] # its event
            assert len(cell.all("step_failed")) == 1

    run_virtual(main)


def test_after_an_unknown_outcome_nothing_moves_until_a_person_has_looked(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            robot, lost = cell.cell.robot, []
            follow = robot._follow

            async def loses_its_result(plan: Any, part: slice, motion: Any) -> Outcome:
                if part.start and not lost and robot.state.value.holding:
                    lost.append(part)
                    motion.accept()
                    return Outcome("unknown", "crashed", "The robot's program ended.", "Look where the arm stands.")
                return await follow(plan, part, motion)

            robot._follow = loses_its_result  # type: ignore[method-assign] # a controller that forgets
            await cell.begin()
            await cell.step_is("load", StepStatus.ATTENTION)
            assert cell.step("load").code == "crashed"
            assert cell.step("load").remedy == "Look where the arm stands."
            ended = max(n for n, event in enumerate(cell.log) if event.type == "motion_ended")
            assert cell.log[ended].outcome == "unknown"
            assert not any(event.type == "motion_intended" for event in cell.log[ended:])

    run_virtual(main)
