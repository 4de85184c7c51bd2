"""Moving by hand in a running cell: presses, renewals, whatever ends them, and what the journal keeps of it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.errors import NotFound, RobotError
from orchestrator.core.machine import CellVerb, Mode
from orchestrator.core.parts import AuthoredFrame
from orchestrator.core.ports import JOG_RENEW_S, Safety, Twist
from tests.unit.cell_bench import Bench, authored, bench
from tests.unit.test_runner import FailingJournal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orchestrator.wire import Answer

ANA = cmd.Who(name="ana", role="programmer")
BEN = cmd.Who(name="ben", role="supervisor")
ALONG = Twist((0.0, -0.1, 0.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("stack"))


@pytest.fixture
def played(folder: Path) -> Callable[..., None]:
    """Play a story in a cell in manual mode."""

    def play(story: Callable[[Bench], Awaitable[None]], **more: Any) -> None:
        async def main() -> None:
            async with bench(folder, **more) as cell:
                await cell.do(cmd.SetMode(mode=Mode.MANUAL))
                await story(cell)
            assert not cell.cell.robot.state.value.moving
            assert asyncio.all_tasks() == {asyncio.current_task()}

        run_virtual(main)

    return play


async def jog(cell: Bench, press: str = "p1", twist: Twist = ALONG, by: cmd.Who = ANA) -> Answer:
    async with asyncio.timeout(60):
        return await cell.cell.desk.jog(press, twist, by)


async def hold(cell: Bench, hold_s: float, press: str = "p1", twist: Twist = ALONG) -> None:
    for _ in range(round(hold_s / 0.1)):
        assert (await jog(cell, press, twist)).ok
        await asyncio.sleep(0.1)


async def refusal(cell: Bench, twist: Twist, period_s: float = 0.1) -> Answer:
    """Renew the press until it has ended; returns what is said then."""
    for _ in range(200):
        answer = await jog(cell, "p1", twist)
        if not answer.ok:
            return answer
        await asyncio.sleep(period_s)
    raise AssertionError("the press never ended")


async def stands(cell: Bench) -> bool:
    before = cell.cell.robot.state.value.joints
    await asyncio.sleep(0.5)
    return cell.cell.robot.state.value.joints == before and cell.state.manual is None


def test_a_press_is_journalled_twice_however_often_it_is_renewed(played) -> None:
    async def story(cell: Bench) -> None:
        before = cell.cell.robot.state.value.tcp.p
        await hold(cell, 1.5)
        assert cell.state.manual is not None
        assert (await jog(cell, twist=Twist())).ok
        ended = await cell.event("manual_ended")
        assert ended.outcome == "succeeded"  # type: ignore[union-attr] # its event
        assert await stands(cell)
        assert before[1] - cell.cell.robot.state.value.tcp.p[1] == pytest.approx(0.15, abs=0.03)
        assert [(e.what, e.by, e.press) for e in cell.all("manual_started")] == [("jog", "ana", "p1")]
        assert len([e for e in cell.log if e.type.startswith(("manual_", "motion_"))]) == 2

    played(story)


def test_a_lost_device_ends_its_press_and_a_late_renewal_starts_nothing(played) -> None:
    async def story(cell: Bench) -> None:
        await hold(cell, 0.5)
        ended = await cell.event("manual_ended", code="not_renewed")
        assert cell.now - cell.state.t < JOG_RENEW_S
        assert ended.outcome == "aborted"  # type: ignore[union-attr] # its event
        late = await jog(cell)
        assert (late.ok, late.code) == (False, "not_renewed")
        assert late.remedy
        assert await stands(cell)
        assert (await jog(cell, twist=Twist())).ok
        assert (await jog(cell, "p2")).ok

    played(story)


def test_a_release_that_overtakes_its_press_keeps_the_arm_still(played) -> None:
    async def story(cell: Bench) -> None:
        assert (await jog(cell, twist=Twist())).ok
        await jog(cell)
        assert await stands(cell)
        assert cell.all("manual_started") == []

    played(story)


def test_a_release_while_the_press_is_being_written_starts_no_motion(played) -> None:
    async def story(cell: Bench) -> None:
        pressed = asyncio.ensure_future(jog(cell))
        await asyncio.sleep(0)
        assert (await jog(cell, twist=Twist())).ok
        await pressed
        before = cell.cell.robot.state.value.joints
        assert await stands(cell)
        assert cell.cell.robot.state.value.joints == before

    played(story)


def test_nobody_else_jogs_meanwhile(played) -> None:
    async def story(cell: Bench) -> None:
        await hold(cell, 0.3)
        other = await jog(cell, "p2", by=BEN)
        assert (other.ok, other.code) == (False, "interlock")
        assert "ana moves the robot by hand" in other.remedy
        same_name = await jog(cell, "p1", by=BEN)
        assert not same_name.ok
        await hold(cell, 0.3)
        assert cell.state.manual is not None

    played(story)


ENDS: dict[str, Callable[[Bench], cmd.Command]] = {
    "mode": lambda _: cmd.SetMode(mode=Mode.PRODUCTION),
    "stop": lambda _: cmd.ChangeCell(verb=CellVerb.STOP, reason="test"),
    "hold": lambda _: cmd.ChangeCell(verb=CellVerb.HOLD, reason="test"),
    "abort": lambda _: cmd.ChangeCell(verb=CellVerb.ABORT, reason="test"),
}


@pytest.mark.parametrize("what", ENDS)
def test_what_makes_the_cell_safer_stops_a_jog_at_once_though_it_is_renewed(played, what: str) -> None:
    async def story(cell: Bench) -> None:
        await hold(cell, 0.5)
        asked_at = cell.now
        answer = await cell.ask(ENDS[what](cell))
        assert answer.ok, answer.message
        await refusal(cell, ALONG, 0.02)
        await cell.until(lambda state: state.manual is None)
        assert cell.now - asked_at < JOG_RENEW_S
        assert await stands(cell)
        assert cell.all("manual_ended")[-1].outcome in {"canceled", "aborted"}
        assert not (await jog(cell, "p2")).ok or what == "hold"

    played(story)


def test_a_stop_is_offered_and_stops_a_jog_in_a_cell_that_is_stopped_already(played) -> None:
    async def story(cell: Bench) -> None:
        await cell.change(CellVerb.STOP)
        await cell.do(cmd.Acknowledge())
        labels = [button.label for button in cell.cell.desk.screen.topics["cell"].buttons]  # type: ignore[union-attr] # that topic holds the cell
        assert "stop" not in labels
        await hold(cell, 0.5)
        labels = [button.label for button in cell.cell.desk.screen.topics["cell"].buttons]  # type: ignore[union-attr] # as above
        assert "stop" in labels
        await cell.do(cmd.ChangeCell(verb=CellVerb.STOP, reason="test"))
        await cell.until(lambda state: state.manual is None)
        assert cell.all("manual_ended")[-1].outcome == "canceled"
        assert cell.state.acknowledged
        assert await stands(cell)

    played(story)


def test_a_renewal_at_the_very_end_of_its_motion_begins_no_other(played) -> None:
    async def story(cell: Bench) -> None:
        robot = cell.cell.robot
        await hold(cell, 0.5)
        motion = robot.jog(ALONG)
        late: list[asyncio.Future[Answer]] = []
        unlisten = robot.state.listen(
            lambda state: None if state.moving or late else late.append(asyncio.ensure_future(jog(cell)))
        )
        await motion.cancel()
        there = robot.state.value.joints
        unlisten()
        assert late
        await late[0]
        assert await stands(cell)
        assert robot.state.value.joints == there
        assert len(cell.all("manual_started")) == 1

    played(story)


@pytest.mark.parametrize("what", ["stop", "hold", "mode"])
def test_a_stop_that_comes_while_the_press_is_being_written_leaves_nothing_moving(played, what: str) -> None:
    async def story(cell: Bench) -> None:
        await cell.change(CellVerb.STOP)
        await cell.do(cmd.Acknowledge())
        before = cell.cell.robot.state.value.joints
        pressed = asyncio.ensure_future(jog(cell))
        await asyncio.sleep(0)
        answer = await cell.ask(ENDS[what](cell))
        assert answer.ok, answer.message
        await pressed
        for _ in range(5):
            await jog(cell)
            await asyncio.sleep(0.1)
        await cell.until(lambda state: state.manual is None)
        assert not (await jog(cell)).ok
        assert cell.cell.robot.state.value.joints == before

    played(story)


@pytest.mark.parametrize("safety", [Safety.EMERGENCY_STOP, Safety.PROTECTIVE_STOP])
def test_a_safety_stop_ends_a_jog(played, safety: Safety) -> None:
    async def story(cell: Bench) -> None:
        await hold(cell, 0.5)
        cell.cell.robot.trip(safety)
        await cell.until(lambda state: state.manual is None)
        assert not (await jog(cell)).ok
        assert await stands(cell)
        assert cell.state.safety == safety
        refused = await jog(cell, "p2")
        assert refused.code == "interlock"

    played(story)


def test_after_a_protective_stop_a_word_lets_it_be_jogged_free(played) -> None:
    async def story(cell: Bench) -> None:
        await hold(cell, 0.5)
        cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
        await cell.until(lambda state: state.manual is None and not state.acknowledged)
        await cell.do(cmd.Acknowledge())
        await cell.until(lambda state: state.safety == Safety.NORMAL)
        await hold(cell, 0.5, "p2", Twist((0.0, 0.1, 0.0)))
        assert cell.state.manual is not None

    played(story)


def test_a_dead_journal_stops_a_jog_and_starts_none(played) -> None:
    journal = FailingJournal()

    async def story(cell: Bench) -> None:
        await hold(cell, 0.5)
        journal.full = True
        assert (await cell.ask(cmd.SetAutonomy(autonomy="approve"))).code == "journal"  # type: ignore[arg-type] # its name
        await asyncio.sleep(0.5)
        assert not cell.cell.robot.state.value.moving
        assert (await jog(cell, "p2")).code == "journal"
        before = cell.cell.robot.state.value.joints
        await asyncio.sleep(0.5)
        assert cell.cell.robot.state.value.joints == before
        journal.full = False
        await cell.until(lambda state: state.manual is None)

    played(story, journal=journal)


def test_a_stop_at_a_limit_is_said_to_whoever_still_presses(played) -> None:
    async def story(cell: Bench) -> None:
        down = Twist((0.0, 0.0, -0.2))
        answer = await refusal(cell, down)
        assert answer.code == "collision"
        assert "bin:bases would collide" in answer.message  # what is below
        assert await stands(cell)
        await hold(cell, 0.3, "p2", Twist((0.0, 0.0, 0.1)))

    played(story)


def test_the_gripper_opens_and_closes_by_hand(played) -> None:
    async def story(cell: Bench) -> None:
        robot = cell.cell.robot
        await cell.do(cmd.MoveGripper(close=True))
        await cell.event("manual_ended", outcome="succeeded")
        assert robot.state.value.opening_m == 0.0
        await cell.do(cmd.MoveGripper(close=False))
        assert not (await jog(cell)).ok
        await cell.event("manual_ended", outcome="succeeded")
        assert robot.state.value.opening_m == pytest.approx(0.085)

    played(story)


def test_a_pose_is_taught_where_the_arm_stands(played) -> None:
    async def story(cell: Bench) -> None:
        desk = cell.cell.desk
        await hold(cell, 0.5)
        with pytest.raises(RobotError, match="moves"):
            await desk.teach("here", "", ANA)
        await jog(cell, twist=Twist())
        await cell.until(lambda state: state.manual is None)
        assert (await desk.teach("here", "", ANA)).ok
        pasted = AuthoredFrame.model_validate(yaml.safe_load(desk.taught("here"))["frames"]["here"])
        assert math.dist(pasted.pose.p, cell.cell.robot.state.value.tcp.p) < 1e-5
        assert cell.state.taught["here"].by == "ana"
        assert math.dist(cell.state.taught["here"].world.p, cell.cell.robot.state.value.tcp.p) < 1e-5
        with pytest.raises(NotFound, match="there"):
            desk.taught("there")
        assert desk.screen.topics["cell"].taught == ("here",)  # type: ignore[union-attr] # that topic holds the cell

    played(story)


def test_closing_the_cell_brings_a_jog_to_a_stand(played) -> None:
    async def story(cell: Bench) -> None:
        await hold(cell, 0.5)
        assert cell.cell.robot.state.value.moving

    played(story)
