"""Pauses of a whole cell: the arm stands at once on the same plan, goes on where it was, never moves by surprise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.core import commands as cmd
from orchestrator.core.errors import JournalError
from orchestrator.core.machine import CellState, CellVerb, OrderVerb, StepStatus
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orchestrator.core.ports import Entry, Recorded

WHOLE = cmd.Pause(what="cell"), cmd.Resume(what="cell")
LANE = cmd.Pause(what="lane", name="robot"), cmd.Resume(what="lane", name="robot")
ORDER = cmd.ChangeOrder(order="o", verb=OrderVerb.PAUSE), cmd.ChangeOrder(order="o", verb=OrderVerb.RESUME)
EACH = pytest.mark.parametrize(("pause", "resume"), [WHOLE, LANE, ORDER], ids=["cell", "lane", "order"])


async def stands(cell: Bench, for_s: float) -> None:
    """Check that the arm does not move at all, whatever happens meanwhile."""
    moved: list[Any] = []
    joints = cell.cell.robot.state.value.joints
    end = cell.cell.robot.state.listen(lambda reading: moved.append(reading) if reading.joints != joints else None)
    await asyncio.sleep(for_s)
    end()
    assert moved == []


def speed(cell: Bench) -> float:
    return cell.cell.robot.state.value.speed_factor


class SlowJournal(MemoryJournal):
    """A journal that writes when it is let, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = asyncio.Event()
        self.writes.set()
        self.broken = False

    async def append(self, entries: Sequence[Entry]) -> Recorded:
        await self.writes.wait()
        if self.broken:
            raise JournalError("The disk is full.")
        return await super().append(entries)


@pytest.mark.parametrize(
    ("pause", "resume", "text"),
    [(*WHOLE, "bring base"), (*LANE, "grip base"), (*WHOLE, "press pin steel"), (*ORDER, "bring cap")],
)
def test_a_paused_motion_stands_and_goes_on_with_the_same_plan(
    folder: Path, pause: cmd.Command, resume: cmd.Command, text: str
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion(text, 0.02)
            under_way = dict(cell.state.motions)
            await cell.do(pause)
            await asyncio.sleep(1.0)  # within its limits of jerk
            await stands(cell, 100)  # longer than any watchdog and most time-outs
            assert cell.state.motions == under_way
            assert cell.state.cell == CellState.EXECUTE
            await cell.do(resume)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.all("step_failed") == []
            assert len({event.motion for event in cell.all("motion_intended")}) == len(cell.all("motion_intended"))

    run_virtual(main)


@EACH
def test_a_pause_acts_before_it_is_written_and_going_on_waits_until_it_is(
    folder: Path, pause: cmd.Command, resume: cmd.Command
) -> None:
    async def main() -> None:
        journal = SlowJournal()
        async with bench(folder, journal=journal) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            journal.writes.clear()
            asked = asyncio.create_task(cell.ask(pause))
            await asyncio.sleep(0.01)
            assert speed(cell) == 0.0
            await asyncio.sleep(1.0)
            await stands(cell, 5)
            assert cell.state.pauses == {}  # nothing of it is durable yet
            journal.writes.set()
            assert (await asked).ok
            await stands(cell, 5)
            journal.writes.clear()
            asked = asyncio.create_task(cell.ask(resume))
            await stands(cell, 5)
            journal.writes.set()
            assert (await asked).ok
            await cell.ended()

    run_virtual(main)


def test_a_pause_whose_asker_has_gone_before_it_is_written_stands_all_the_same(folder: Path) -> None:
    async def main() -> None:
        journal = SlowJournal()
        async with bench(folder, journal=journal) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            journal.writes.clear()
            asked = asyncio.create_task(cell.ask(WHOLE[0]))
            await asyncio.sleep(1.0)
            asked.cancel()
            await stands(cell, 5)
            journal.writes.set()
            await cell.until(lambda state: bool(state.pauses))
            await stands(cell, 5)

    run_virtual(main)


def test_a_pause_that_cannot_be_written_stays_at_speed_zero_until_the_cell_is_held(folder: Path) -> None:
    async def main() -> None:
        journal = SlowJournal()
        async with bench(folder, journal=journal) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            journal.broken = True
            assert (await cell.ask(WHOLE[0])).code == "journal"
            await asyncio.sleep(1.0)
            assert speed(cell) == 0.0
            await stands(cell, 30)
            journal.broken = False
            await cell.until(lambda state: state.cell == CellState.HELD)
            await stands(cell, 5)
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()
            assert speed(cell) == 1.0

    run_virtual(main)


@EACH
def test_a_pause_between_two_motions_fails_nothing(folder: Path, pause: cmd.Command, resume: cmd.Command) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.event("motion_ended")
            await cell.do(pause)
            await asyncio.sleep(1.0)
            await stands(cell, 60)
            await cell.do(resume)
            await cell.ended()
            assert cell.all("step_failed") == []

    run_virtual(main)


@EACH
def test_a_pause_that_lasts_too_long_becomes_a_hold(folder: Path, pause: cmd.Command, resume: cmd.Command) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            await cell.do(pause)
            asked_t = cell.now
            await asyncio.sleep(1.0)
            joints = cell.cell.robot.state.value.joints
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.now - asked_t == pytest.approx(120, abs=2)
            assert cell.state.cell_reason == "Paused for longer than 120 s."
            assert cell.cell.robot.state.value.joints == joints  # no twitch as speed and motion end together
            await stands(cell, 60)
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            if pause is ORDER[0]:
                await stands(cell, 60)
                await cell.do(resume)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


@pytest.mark.parametrize(
    ("pause", "resume", "verb"),
    [(*WHOLE, CellVerb.HOLD), (*LANE, CellVerb.STOP), (*ORDER, CellVerb.ABORT), (*WHOLE, CellVerb.SUSPEND)],
)
def test_what_stops_a_paused_cell_moves_nothing(
    folder: Path, pause: cmd.Command, resume: cmd.Command, verb: CellVerb
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            await cell.do(pause)
            await asyncio.sleep(1.0)
            standing = asyncio.create_task(stands(cell, 30))
            await cell.change(verb)
            await cell.ask(resume)
            await standing

    run_virtual(main)


def test_a_paused_order_starts_nothing_new_and_others_go_on(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.order(name="p")
            await cell.event("step_done", unit="u1", step="load")
            await cell.do(ORDER[0])
            await cell.until(lambda state: state.doing("robot") is None or state.doing("robot")[0].id != "u1", 1)  # type: ignore[index] # not None there
            started = len(cell.all("step_started", unit="u1"))
            await cell.ended("p")
            assert len(cell.all("step_started", unit="u1")) == started
            await cell.do(ORDER[1])
            await cell.ended()

    run_virtual(main)


def test_a_paused_place_gets_no_step_and_its_time_stands(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.until(lambda state: (at := state.doing("front")) is not None and at[2].actors == ("front",))
            for worker in cell.workers:
                worker.cancel()
            await cell.do(cmd.Pause(what="lane", name="front"))
            await asyncio.sleep(600)
            assert cell.card().paused_t is not None
            lane = cell.cell.desk.screen.topics["lane/front"]
            (button,) = lane.pausing  # type: ignore[union-attr] # a lane's view
            assert button.label == "resume"
            await cell.do(cmd.OUTSIDE.validate_python(button.command))
            assert cell.card().paused_s == pytest.approx(600, abs=1)

    run_virtual(main)


def test_a_restart_under_a_pause_moves_nothing_until_a_person_has_said_so(folder: Path, tmp_path: Path) -> None:
    async def first() -> float:
        async with bench(folder, data=tmp_path) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            await cell.do(WHOLE[0])
            await asyncio.sleep(5)
            return cell.now

    async def second() -> None:
        async with bench(folder, data=tmp_path) as cell:
            cell.work()
            assert (cell.state.cell, dict(cell.state.pauses)) == (CellState.HELD, {})
            await cell.ask(WHOLE[1])
            await stands(cell, 60)
            assert (await cell.ask(cmd.ChangeCell(verb=CellVerb.UNHOLD))).code == "interlock"
            await cell.do(cmd.Acknowledge(), cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()

    run_virtual(second, start_utc=run_virtual(first) + 60)


def test_a_robot_that_can_not_be_slowed_is_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(_who: str, factor: float) -> float:
        raise ConnectionError(f"no answer to {factor}")

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            monkeypatch.setattr(cell.cell.robot, "cap_speed", refuses)
            await cell.do(WHOLE[0])
            await cell.until(lambda state: state.cell == CellState.HELD, 20)
            assert cell.state.cell_reason == "The robot could not be paused."

    run_virtual(main)


def test_a_pause_of_one_who_may_not_slows_nothing(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            slowed: list[float] = []
            cell.cell.robot.state.listen(lambda reading: slowed.append(reading.speed_factor))
            assert (await cell.ask(WHOLE[0], cmd.Who(name="eve", role="auditor"))).code == "denied"
            await cell.step_is("load", StepStatus.DONE)
            assert 0.0 not in slowed

    run_virtual(main)
