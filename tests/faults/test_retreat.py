"""Retreats in a whole held cell: out of the fit, the bin, or back the way the arm came; and whatever comes between."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import START_UTC, run_virtual
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.core import commands as cmd
from orchestrator.core.errors import JournalError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import Autonomy, CellState, CellVerb
from orchestrator.core.ports import Move, Safety
from orchestrator.core.records import replace
from orchestrator.core.world import GRIPPER
from tests.contract.test_retreat import fastest_m_s
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from orchestrator.core.ports import Entry, Recorded, RobotState, Scene
    from orchestrator.core.state import MotionState


async def held_in(cell: Bench, text: str, share_s: float) -> None:
    """Build until a motion of this name has run for a while, and hold the cell there."""
    await cell.begin()
    await cell.in_motion(text, share_s)
    await cell.change(CellVerb.HOLD)
    assert cell.state.cell == CellState.HELD


async def previewed(cell: Bench) -> MotionState:
    """Ask for a retreat, and wait until it is shown."""
    await cell.do(cmd.Retreat())
    await cell.until(lambda state: bool(state.motions) or state.retreat is None)
    assert cell.state.motions, cell.state.retreated
    return next(iter(cell.state.motions.values()))


async def over(cell: Bench) -> str:
    await cell.until(lambda state: state.retreat is None)
    assert cell.state.retreated is not None
    return cell.state.retreated.outcome


@pytest.mark.parametrize(
    ("text", "share_s", "way"),
    [
        ("press pin steel", 1.0, "Straight out of base/bore"),
        ("lift base", 0.2, "Straight up out of bin"),
        ("bring base", 1.0, "Back the way it came"),
    ],
)
def test_it_leaves_by_the_way_that_is_out(folder: Path, text: str, share_s: float, way: str) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, text, share_s)
            held = cell.state.world.held()
            before = cell.cell.robot.state.value
            motion = await previewed(cell)
            print(motion.text, motion.duration_s, before.tcp.p, motion.preview[-1].p)
            assert motion.text.startswith(way)
            assert not motion.approved
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == before.joints
            readings: list[RobotState] = []
            end = cell.cell.robot.state.listen(readings.append)
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded", cell.story()
            end()
            assert fastest_m_s(readings, over=25) <= 1.1 * cell.state.spec.retreat_mm_s / 1000
            after = cell.cell.robot.state.value
            assert math.dist(after.tcp.p, motion.preview[-1].p) < 1e-3
            assert cell.state.cell == CellState.HELD
            assert after.holding
            assert held is not None
            assert cell.state.world.facts[held.part].holder == GRIPPER
            await cell.change(CellVerb.UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


async def stands(cell: Bench, for_s: float) -> None:
    """Check that the arm does not move at all, whatever happens meanwhile."""
    joints = cell.cell.robot.state.value.joints
    moved: list[object] = []
    end = cell.cell.robot.state.listen(lambda reading: moved.append(reading) if reading.joints != joints else None)
    await asyncio.sleep(for_s)
    end()
    assert moved == []


async def retreating(cell: Bench, share_s: float = 2.0) -> None:
    """Hold on the way to the nest, and let the arm come back for a while."""
    await held_in(cell, "bring base", 1.0)
    motion = await previewed(cell)
    await cell.do(cmd.ApproveMotion(motion=motion.id))
    await cell.until(lambda state: any(each.approved for each in state.motions.values()))
    await asyncio.sleep(share_s)
    assert cell.cell.robot.state.value.moving


async def lets_go_on(cell: Bench) -> None:
    """Bring the cell back as a person would, and see the unit finished."""
    for _ in range(6):
        verb = {"held": CellVerb.UNHOLD, "stopped": CellVerb.RESET, "aborted": CellVerb.CLEAR, "idle": CellVerb.START}
        if not cell.state.acknowledged:
            await cell.ask(cmd.Acknowledge())
        if cell.state.cell in verb:
            await cell.change(verb[cell.state.cell])
    for unit in tuple(cell.state.units.values()):
        for name in unit.busy:
            current = cell.step(name)
            if current.status == "attention":
                await cell.do(cmd.Choose(unit="u1", step=name, attempt=current.attempt, choice="retry"))
    await cell.ended()
    assert cell.record()["state"] == "done"


def trip(safety: Safety) -> Callable[[Bench], Awaitable[object]]:
    async def comes(cell: Bench) -> None:
        cell.cell.robot.trip(safety)  # type: ignore[attr-defined] # the embedded arm's own

    return comes


def asks(*commands: cmd.Command) -> Callable[[Bench], Awaitable[object]]:
    async def comes(cell: Bench) -> None:
        await asyncio.gather(*(cell.ask(command) for command in commands))

    return comes


@pytest.mark.parametrize(
    ("comes", "state"),
    [
        (asks(cmd.StopRetreat()), CellState.HELD),
        (asks(cmd.ChangeCell(verb=CellVerb.HOLD)), CellState.HELD),
        (asks(cmd.Pause(what="cell")), CellState.HELD),
        (asks(cmd.Pause(what="lane", name="robot")), CellState.HELD),
        (asks(cmd.StopRetreat(), cmd.StopRetreat(), cmd.ChangeCell(verb=CellVerb.HOLD)), CellState.HELD),
        (asks(cmd.ChangeCell(verb=CellVerb.STOP, reason="enough")), CellState.STOPPED),
        (asks(cmd.ChangeCell(verb=CellVerb.ABORT, reason="enough")), CellState.ABORTED),
        (trip(Safety.PROTECTIVE_STOP), CellState.HELD),
        (trip(Safety.SAFEGUARD_STOP), CellState.HELD),
        (trip(Safety.EMERGENCY_STOP), CellState.ABORTED),
    ],
    ids=[
        "stop retreat",
        "hold",
        "pause",
        "pause of the robot",
        "three at once",
        "stop",
        "abort",
        "protective stop",
        "safeguard",
        "emergency stop",
    ],
)
def test_whatever_stops_a_cell_stops_it_for_good_and_a_new_word_is_needed(
    folder: Path, comes: Callable[[Bench], Awaitable[object]], state: CellState
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await retreating(cell)
            await comes(cell)
            assert await over(cell) != "succeeded" if state != CellState.STOPPED else True
            await asyncio.sleep(1.0)  # within its limits of jerk
            await cell.settled()
            assert cell.state.cell == state
            assert cell.state.motions == {}
            await stands(cell, 60)
            cell.cell.robot.trip(Safety.NORMAL)
            await stands(cell, 5)
            intended = cell.all("motion_intended")[-1]
            assert not (await cell.ask(cmd.ApproveMotion(motion=intended.motion))).ok
            await stands(cell, 5)
            await lets_go_on(cell)

    run_virtual(main)


def test_the_rest_of_the_way_can_be_gone_after_a_stop_on_it(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await retreating(cell)
            await cell.do(cmd.StopRetreat())
            assert await over(cell) == "canceled"
            first = cell.all("motion_proposed")[-1]
            motion = await previewed(cell)
            assert motion.text.startswith("Back the way it came")
            assert math.dist(motion.preview[-1].p, first.preview[-1].p) < 2e-3
            assert motion.duration_s < first.duration_s
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded"
            assert (await cell.ask(cmd.Retreat())).ok  # there it stands clear, at the beginning of its trail
            await over(cell)
            assert cell.state.retreated is not None
            assert cell.state.retreated.code == "clear"

    run_virtual(main)


def test_two_screens_and_a_double_press_let_it_go_once(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, "press pin steel", 1.0)
            asked = await asyncio.gather(*(cell.ask(cmd.Retreat(), request_id=f"r{n}") for n in (1, 2, 1)))
            assert [answer.ok for answer in asked] == [True, False, True]
            await cell.until(lambda state: bool(state.motions))
            (motion,) = cell.state.motions
            answers = await asyncio.gather(*(cell.ask(cmd.ApproveMotion(motion=motion)) for _ in range(3)))
            assert sorted(answer.ok for answer in answers) == [False, False, True]
            assert await over(cell) == "succeeded"
            assert len(cell.all("motion_intended", motion=motion)) == 1
            assert not (await cell.ask(cmd.ApproveMotion(motion=motion))).ok
            await stands(cell, 20)

    run_virtual(main)


def test_a_motion_that_was_shown_is_void_once_the_arm_was_moved(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, "bring base", 1.0)
            motion = await previewed(cell)
            robot = cell.cell.robot
            tcp = robot.state.value.tcp
            aside = Move(Pose((tcp.p[0] + 0.01, *tcp.p[1:]), tcp.q), line=True)
            assert (await robot.execute(await robot.plan([aside])).result()).ok  # as somebody pushes it
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            await over(cell)
            assert cell.state.retreated is not None
            assert (cell.state.retreated.outcome, cell.state.retreated.code) == ("rejected", "stale_start")
            await stands(cell, 5)

    run_virtual(main)


def test_what_has_come_into_its_way_since_it_was_shown_keeps_the_arm_where_it_is(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, "bring base", 1.0)
            motion = await previewed(cell)
            here, way = cell.cell.robot.state.value.tcp, motion.preview[len(motion.preview) // 2]
            held = cell.state.world.held()
            assert held is not None
            plate = replace_fact(cell, way)
            assert plate
            assert math.dist(here.p, way.p) > 0.1
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            await over(cell)
            assert cell.state.retreated is not None
            assert cell.state.retreated.code == "stale_scene"
            await stands(cell, 5)

    run_virtual(main)


def replace_fact(cell: Bench, at: Pose) -> str:
    """Have the ledger learn of another part of the unit, which a person has set down in the arm's way."""
    from orchestrator.core.events import PartMoved

    moved = PartMoved(
        unit="u1", part="u1/cap", kind="cap", what="released", holder="cell", pose=Pose(at.p), certainty="known"
    )
    runner = cell.cell.runner
    runner.state = replace(runner.state, world=runner.state.world.moved(moved, cell.now))
    return moved.part


def test_a_robot_that_takes_long_to_get_ready_does_not_set_out_when_nobody_expects_it_any_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, "press pin steel", 1.0)
            motion = await previewed(cell)
            robot = cell.cell.robot
            sync = robot.sync_scene

            async def slowly(scene: Scene) -> str:
                await asyncio.sleep(30)  # as brakes and a program take, or a driver that is busy
                return await sync(scene)

            monkeypatch.setattr(robot, "sync_scene", slowly)
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            await stands(cell, 60)
            assert cell.state.retreated is not None
            assert (cell.state.retreated.outcome, cell.state.retreated.code) == ("rejected", "late")
            monkeypatch.setattr(robot, "sync_scene", sync)
            motion = await previewed(cell)
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded"

    run_virtual(main)


@pytest.mark.parametrize("autonomy", [Autonomy.APPROVE, Autonomy.SINGLE_STEP])
def test_a_press_is_the_approval_of_that_one_motion_and_of_no_other(folder: Path, autonomy: Autonomy) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, "press pin steel", 1.0)
            await cell.do(cmd.SetAutonomy(autonomy=autonomy))
            motion = await previewed(cell)
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded"
            await cell.change(CellVerb.UNHOLD)
            await stands(cell, 60)

    run_virtual(main)


class Failing(MemoryJournal):
    """A journal that fails when it is told to."""

    broken = False

    async def append(self, entries: Sequence[Entry]) -> Recorded:
        if self.broken:
            raise JournalError("The disk is full.")
        return await super().append(entries)


def test_a_journal_that_fails_under_it_stops_it_and_an_approval_that_can_t_be_written_moves_nothing(
    folder: Path,
) -> None:
    async def main() -> None:
        journal = Failing()
        async with bench(folder, journal=journal) as cell:
            await held_in(cell, "bring base", 1.0)
            motion = await previewed(cell)
            journal.broken = True
            assert (await cell.ask(cmd.ApproveMotion(motion=motion.id))).code == "journal"
            await stands(cell, 10)
            journal.broken = False
            await cell.until(lambda state: not state.acknowledged)
            await cell.do(cmd.Acknowledge(n=cell.state.alarms))  # a journal that failed asks for it
            motion = await previewed(cell) if cell.state.retreat is None else motion
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            await cell.until(lambda state: any(each.approved for each in state.motions.values()))
            await asyncio.sleep(2)
            assert cell.cell.robot.state.value.moving
            journal.broken = True
            await cell.ask(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
            await asyncio.sleep(1)
            await stands(cell, 10)
            journal.broken = False
            assert await over(cell) == "canceled"
            assert cell.state.cell == CellState.HELD
            await stands(cell, 10)

    run_virtual(main)


def test_an_arm_that_does_not_answer_brings_the_cell_down(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await retreating(cell)
            quirks = cell.cell.robot.quirks  # type: ignore[attr-defined] # the embedded arm's own
            quirks.silent = quirks.deaf = True
            await cell.do(cmd.StopRetreat())
            await cell.until(lambda state: state.cell == CellState.ABORTING)
            assert not cell.state.acknowledged
            assert "did not answer its cancel" in cell.state.cell_reason
            quirks.silent = quirks.deaf = False
            await cell.until(lambda state: state.cell == CellState.ABORTED)
            await stands(cell, 20)

    run_virtual(main)


def test_after_a_restart_the_way_it_came_is_known_from_the_journal(folder: Path, tmp_path: Path) -> None:
    async def before() -> None:
        async with bench(folder, data=tmp_path) as cell:
            await held_in(cell, "bring base", 1.0)
            await cell.until(lambda state: state.trail is not None)

    async def after() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert cell.state.cell_reason == "restarted"
            assert cell.state.cell == CellState.HELD
            await stands(cell, 30)
            assert not (await cell.ask(cmd.Retreat())).ok
            await cell.do(cmd.Acknowledge())
            await stands(cell, 30)
            motion = await previewed(cell)
            assert motion.text.startswith("Back the way it came")
            await stands(cell, 30)
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded"

    run_virtual(before)
    run_virtual(after, start_utc=START_UTC + 10_000)


def test_after_a_death_on_the_way_nothing_moves_and_what_is_not_known_is_said(folder: Path, tmp_path: Path) -> None:
    async def before() -> None:
        async with bench(folder, data=tmp_path) as cell:
            await retreating(cell)  # the end of the bench is the end of the process: the intent is in the journal

    async def after() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert cell.state.cell_reason == "restarted"
            assert cell.state.motions == {}
            await stands(cell, 30)
            await cell.do(cmd.Acknowledge())
            await stands(cell, 30)
            await cell.do(cmd.Retreat())
            await over(cell)
            assert cell.state.retreated is not None
            assert cell.state.retreated.code == "clear"  # it hangs in the air: nothing to leave, and no way known
            await stands(cell, 30)

    run_virtual(before)
    run_virtual(after, start_utc=START_UTC + 10_000)


def test_after_a_restart_without_a_trail_the_mate_s_axis_still_leads_out(folder: Path, tmp_path: Path) -> None:
    async def before() -> None:
        async with bench(folder, data=tmp_path) as cell:
            await cell.begin()
            await cell.in_motion("press pin steel", 1.0)

    async def after() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert cell.state.cell_reason == "restarted"
            await cell.do(cmd.Acknowledge())
            assert cell.state.trail is None
            motion = await previewed(cell)
            assert motion.text.startswith("Straight out of base/bore")
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded"
            held = cell.state.world.held()
            assert held is not None
            assert held.part == "u1/pin_steel"
            cell.work()
            await lets_go_on(cell)

    run_virtual(before)
    run_virtual(after, start_utc=START_UTC + 10_000)


def test_a_cap_of_a_pause_before_the_hold_is_lifted_for_the_retreat_alone(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base", 1.0)
            await cell.do(cmd.Pause(what="cell"))
            await asyncio.sleep(1)
            await cell.change(CellVerb.HOLD)
            motion = await previewed(cell)
            await stands(cell, 30)
            assert cell.cell.robot.state.value.speed_factor == 0.0
            await cell.do(cmd.ApproveMotion(motion=motion.id))
            assert await over(cell) == "succeeded"

    run_virtual(main)


def test_whatever_was_durable_on_the_way_moves_nothing_in_another_life(folder: Path) -> None:
    """As after a death between two commits: another process has what was written, and nothing else."""
    kept: list[MemoryJournal] = []

    async def before() -> None:
        journal = MemoryJournal()
        async with bench(folder, journal=journal) as cell:
            await retreating(cell)
            copy = MemoryJournal()
            await copy.append([recorded.entry for recorded in journal.read()])
            kept.append(copy)

    async def after() -> None:
        async with bench(folder, journal=kept[0]) as cell:
            assert cell.state.cell == CellState.HELD
            assert (cell.state.retreat, cell.state.motions) == (None, {})
            assert cell.state.retreated is not None
            assert cell.state.retreated.code == "restarted"
            await stands(cell, 60)
            intended = [e for e in kept[0].read() if e.entry.type == "motion_intended"][-1]
            name = json.loads(intended.entry.payload)["motion"]
            assert name.startswith("retreat/")
            assert not (await cell.ask(cmd.ApproveMotion(motion=name))).ok
            assert not (await cell.ask(cmd.Retreat())).ok
            await cell.do(cmd.Acknowledge())
            await stands(cell, 60)

    run_virtual(before)
    run_virtual(after, start_utc=START_UTC + 10_000)


def test_a_zone_in_which_people_are_is_kept_out_of_and_said(folder: Path) -> None:
    """Hands may still be in the zone that the arm stands in: it does not leave under them."""

    async def main() -> None:
        async with bench(folder) as cell:
            await held_in(cell, "press pin steel", 1.0)
            await cell.until(lambda state: state.trail is not None)
            zone = cell.state.spec.zone_of(cell.cell.robot.state.value.tcp.p)
            assert zone is not None
            runner = cell.cell.runner
            runner.state = replace(runner.state, unclear={"front": (f"zone:{zone}",)})
            await cell.do(cmd.Retreat())
            await over(cell)
            assert cell.state.retreated is not None
            assert cell.state.retreated.code == "zone"
            assert "front" in cell.state.retreated.remedy
            await stands(cell, 5)
            await cell.do(cmd.ClearPlace(place="front"))
            motion = await previewed(cell)
            runner.state = replace(runner.state, unclear={"front": (f"zone:{zone}",)})  # once more, since it was shown
            assert (await cell.ask(cmd.ApproveMotion(motion=motion.id))).code == "interlock"
            await stands(cell, 5)

    run_virtual(main)
