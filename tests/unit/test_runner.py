"""The runner: one effect a command, one outcome an effect; a journal that fails loses nothing and stops motion."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.core import commands as cmd
from orchestrator.core.errors import JournalError, RobotError
from orchestrator.core.machine import CellState, CellVerb, Mode, OrderVerb, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.core.state import initial
from orchestrator.engine.runner import Runner
from orchestrator.engine.schedule import Schedule
from tests.unit.core_builders import SUPERVISOR, WORKER, cell, step, variant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestrator.core.ports import Entry, Recorded
    from orchestrator.core.react import Look, Recover, RunSkill, Settle
    from orchestrator.core.state import State

AUDITOR = cmd.Who(name="eve", role="auditor")
STORE = cmd.StoreOrder(order="o", quantity=2, variant=variant(step("load", part="body", at="nest", by="robot")))


class FailingJournal(MemoryJournal):
    """A journal whose disk is full while `full`, or that never answers while `hangs`."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.full_at = 0  # the number of the append that fails, once
        self.appends = 0
        self.hangs: asyncio.Event | None = None

    async def append(self, entries: Sequence[Entry]) -> Recorded:
        self.appends += 1
        if self.hangs is not None:
            await self.hangs.wait()
        if self.full or self.appends == self.full_at:
            raise JournalError("The disk is full.", remedy="Free some space.")
        return await super().append(entries)


class Hands:
    """A crew for tests: each skill runs until it is told to end, and says whether it was cancelled."""

    def __init__(self) -> None:
        self.running: dict[str, asyncio.Event] = {}
        self.cancelled: list[str] = []
        self.begun: list[str] = []
        self.stops = 0
        self.acknowledged: list[str] = []
        self.skill_does: Callable[[RunSkill], Awaitable[None]] | None = None
        self.error: Exception | None = None

    async def skill(self, effect: RunSkill) -> cmd.EndSkill:
        self.begun.append(effect.id)
        end = self.running[effect.id] = asyncio.Event()
        try:
            if self.skill_does is not None:
                await self.skill_does(effect)
            await end.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)  # an arm takes time to stand
            self.cancelled.append(effect.id)
            raise
        if self.error is not None:
            raise self.error
        key = {"effect": effect.id, "unit": effect.unit, "step": effect.step, "attempt": effect.attempt}
        return cmd.EndSkill(**key, outcome="succeeded")

    async def look(self, effect: Look) -> cmd.EndCheck:
        shot = asyncio.get_running_loop().time() + 1767254400.0
        measured = cmd.Measured(verdict="ok", offset_mm=(0, 0, 0), turn_deg=(0, 0, 0), shot_t=shot)
        key = {"effect": effect.id, "unit": effect.unit, "step": effect.step, "attempt": effect.attempt}
        return cmd.EndCheck(**key, measured=measured)

    async def settle(self, _effect: Settle) -> None:
        await asyncio.sleep(0.01)

    async def recover(self, effect: Recover) -> None:
        self.acknowledged.append(effect.by)

    def stop_at_once(self) -> None:
        self.stops += 1


class Rig:
    """A running runner with a scripted crew."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        self.journal = journal or MemoryJournal()
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.runner = Runner(initial(cell()), self.journal, self.clock, Schedule())
        self.crew = Hands()
        self.runner.crew = self.crew
        self.task: asyncio.Task[None] | None = None
        self._count = 0

    async def __aenter__(self) -> Rig:
        self.task = asyncio.create_task(self.runner.run(), name="runner")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @property
    def state(self) -> State:
        return self.runner.state

    def request(self, command: cmd.Command, by: cmd.Who = SUPERVISOR, name: str = "") -> cmd.Request:
        self._count += 1
        return cmd.Request(id=name or f"c{self._count}", by=by, t=self.clock.now(), command=command)

    async def ask(self, command: cmd.Command, by: cmd.Who = SUPERVISOR, name: str = "") -> Any:
        async with asyncio.timeout(60):
            return await self.runner.submit(self.request(command, by, name))

    async def at_work(self) -> str:
        """Start the cell and an order; returns the effect of the robot's first skill."""
        for command in (STORE, cmd.ChangeCell(verb=CellVerb.START), cmd.ChangeOrder(order="o", verb=OrderVerb.START)):
            assert (await self.ask(command)).ok
        await self.until(lambda _: bool(self.crew.begun))
        return self.crew.begun[0]

    async def until(self, predicate: Callable[[State], bool]) -> None:
        async with asyncio.timeout(60):
            while not predicate(self.state):  # noqa: ASYNC110 - what a crew does is not in the state
                await asyncio.sleep(0.01)

    def kinds(self) -> list[str]:
        return [recorded.entry.type for recorded in self.journal.read()]


def played(story: Callable[[Rig], Awaitable[None]], journal: Callable[[], MemoryJournal] = MemoryJournal) -> None:
    async def main() -> None:
        async with Rig(journal()) as rig:
            await story(rig)

    run_virtual(main)


# ---- one effect a command ------------------------------------------------------------------------------------------


def test_the_same_id_twice_has_one_effect() -> None:
    async def story(rig: Rig) -> None:
        command = cmd.RefillBin(bin="rack", count=3)
        first = await rig.ask(command, name="again")
        length = rig.journal.head
        await rig.ask(cmd.RefillBin(bin="rack", count=1))
        second = await rig.ask(command, name="again")
        assert (first.ok, second.ok) == (True, True)
        assert rig.journal.head[0] == length[0] + 1
        assert rig.state.bins["rack"] == 1

    played(story)


def test_the_same_id_twice_in_one_batch_has_one_effect() -> None:
    async def story(rig: Rig) -> None:
        request = rig.request(STORE, name="again")
        answers = await asyncio.gather(*(rig.runner.submit(request) for _ in range(3)))
        assert [answer.ok for answer in answers] == [True, True, True]
        assert rig.kinds() == ["order_stored"]

    played(story)


def test_an_id_that_was_used_for_something_else_is_refused_and_told() -> None:
    async def story(rig: Rig) -> None:
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=3), name="1")).ok
        other = await rig.ask(cmd.RefillBin(bin="rack", count=1), name="1")
        somebody = await rig.ask(cmd.RefillBin(bin="rack", count=3), cmd.Who(name="else"), name="1")
        assert [other.code, somebody.code] == ["id_reused", "id_reused"]
        assert "UUID" in other.remedy
        assert rig.state.bins["rack"] == 3
        requests = [rig.request(cmd.RefillBin(bin="rack", count=n), name="2") for n in (1, 2)]
        at_once = await asyncio.gather(*(rig.runner.submit(request) for request in requests))
        assert [answer.code for answer in at_once] == ["", "id_reused"]
        assert rig.state.bins["rack"] == 1

    played(story)


@pytest.mark.parametrize("verb", [CellVerb.STOP, CellVerb.HOLD, CellVerb.ABORT])
def test_a_stop_under_an_id_that_was_used_stops(verb: CellVerb) -> None:
    async def story(rig: Rig) -> None:
        effect = await rig.at_work()
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=3), name="1")).ok
        assert (await rig.ask(cmd.ChangeCell(verb=verb), name="1")).ok
        assert rig.state.cell == {"hold": "holding", "stop": "stopping", "abort": "aborting"}[verb]
        await rig.until(lambda _: effect in rig.crew.cancelled)
        changes = rig.state.cell_changes
        assert (await rig.ask(cmd.ChangeCell(verb=verb), name="1")).ok  # this one has come before
        assert rig.state.cell_changes == changes

    played(story)


def test_a_stop_from_an_earlier_life_that_comes_again_stops() -> None:
    async def story(rig: Rig) -> None:
        assert (await rig.ask(cmd.ChangeCell(verb=CellVerb.STOP), name="1")).ok
        again = Rig(rig.journal)
        again.runner.replay()
        async with again:
            stopped = again.state.cell
            assert (await again.ask(cmd.ChangeCell(verb=CellVerb.STOP), name="1")).ok  # it stands: as it was answered
            assert again.state.cell == stopped

    played(story)


def test_a_command_without_any_effect_stays_without_one() -> None:
    async def story(rig: Rig) -> None:
        to_production = cmd.SetMode(mode=Mode.PRODUCTION)  # it is in production already
        assert (await rig.ask(to_production, name="again")).ok
        await rig.ask(cmd.SetMode(mode=Mode.MANUAL))
        assert (await rig.ask(to_production, name="again")).ok
        assert rig.state.mode == Mode.MANUAL

    played(story)


def test_replaying_the_journal_remembers_what_was_asked_and_what_was_denied() -> None:
    async def story(rig: Rig) -> None:
        assert (await rig.ask(STORE, name="store")).ok
        assert (await rig.ask(cmd.ChangeCell(verb=CellVerb.START), AUDITOR, "start")).code == "denied"
        again = Rig(rig.journal)
        assert again.runner.replay() == 2
        assert again.state == rig.state
        async with again:
            assert (await again.ask(STORE, name="store")).ok
            assert (await again.ask(cmd.ChangeCell(verb=CellVerb.START), AUDITOR, "start")).code == "denied"
        assert rig.kinds() == ["order_stored", "command_denied"]

    played(story)


def test_an_id_from_outside_never_stands_in_for_the_engines_own() -> None:
    async def story(rig: Rig) -> None:
        for number in range(60):
            await rig.ask(cmd.RefillBin(bin="rack", count=number % 4), name=f"engine-{60}-{number}")
        assert (await rig.runner.ask(cmd.ReportSafety(safety=Safety.REDUCED))).ok
        assert rig.state.safety == Safety.REDUCED

    played(story)


@pytest.mark.parametrize(
    ("command", "by", "code"),
    [
        (cmd.ChangeOrder(order="none", verb=OrderVerb.START), SUPERVISOR, "no_order"),
        (cmd.ChangeCell(verb=CellVerb.UNHOLD), SUPERVISOR, "illegal_move"),
        (STORE, WORKER, "denied"),
        (cmd.RefillBin(bin="rack", count=99), SUPERVISOR, "too_many"),
    ],
)
def test_a_refused_command_changes_nothing(command: cmd.Command, by: cmd.Who, code: str) -> None:
    async def story(rig: Rig) -> None:
        before = rig.state
        answer = await rig.ask(command, by)
        assert (answer.ok, answer.code) == (False, code)
        assert answer.message
        if code != "denied":  # that one is kept, and changes nothing else
            assert rig.state is before
            assert rig.kinds() == []
        assert (rig.state.cell, rig.state.orders, rig.state.bins) == (before.cell, before.orders, before.bins)

    played(story)


def test_a_refused_command_in_a_batch_leaves_the_others_alone() -> None:
    async def story(rig: Rig) -> None:
        wishes = [STORE, STORE, cmd.ChangeCell(verb=CellVerb.UNHOLD), cmd.RefillBin(bin="rack", count=2)]
        answers = await asyncio.gather(*(rig.ask(wish) for wish in wishes))
        assert [answer.code for answer in answers] == ["", "order_exists", "illegal_move", ""]
        assert rig.kinds() == ["order_stored", "bin_refilled"]

    played(story)


# ---- a journal that fails ------------------------------------------------------------------------------------------


def test_a_failed_commit_discards_the_tentative_state_and_stops_motion_at_once() -> None:
    async def story(rig: Rig) -> None:
        assert isinstance(rig.journal, FailingJournal)
        effect = await rig.at_work()
        before = rig.state
        rig.journal.full = True
        answer = await rig.ask(cmd.RefillBin(bin="rack", count=0))
        assert (answer.ok, answer.code) == (False, "journal")
        assert answer.remedy
        assert rig.state is before
        assert rig.crew.stops == 1
        await asyncio.sleep(0.2)
        assert rig.crew.cancelled == [effect]

    played(story, FailingJournal)


def test_after_the_journal_failed_the_cell_is_held_until_a_person_releases_it() -> None:
    async def story(rig: Rig) -> None:
        assert isinstance(rig.journal, FailingJournal)
        await rig.at_work()
        rig.journal.full = True
        await rig.ask(cmd.RefillBin(bin="rack", count=0))
        await asyncio.sleep(5)
        rig.journal.full = False
        await rig.until(lambda state: state.cell == CellState.HELD)
        await asyncio.sleep(5)
        assert len(rig.crew.begun) == 1
        assert (await rig.ask(cmd.ChangeCell(verb=CellVerb.UNHOLD))).ok
        await rig.until(lambda _: len(rig.crew.begun) == 2)

    played(story, FailingJournal)


def test_what_effects_report_while_the_journal_fails_is_kept_in_order() -> None:
    async def story(rig: Rig) -> None:
        assert isinstance(rig.journal, FailingJournal)
        failing = rig.journal

        async def grasps(effect: RunSkill) -> None:
            failing.full = True
            what = cmd.ReportPart(
                effect=effect.id, part="u1/body", kind="body", what="grasped", to="gripper", bin="rack"
            )
            assert (await rig.runner.ask(what)).code == "journal"

        rig.crew.skill_does = grasps
        effect = await rig.at_work()
        await asyncio.sleep(3)
        assert rig.state.world.held() is None
        failing.full = False
        await rig.until(lambda state: state.cell == CellState.HELD)
        assert rig.state.world.held() is not None
        assert rig.state.bins["rack"] == 3
        attempt = rig.state.units["u1"].steps["load"].attempts[0]
        assert attempt.code == "canceled"
        assert rig.state.ending == frozenset()
        kinds = rig.kinds()
        assert kinds.index("part_moved") < kinds.index("skill_ended")
        assert kinds.count("part_moved") == kinds.count("skill_ended") == 1
        assert effect.endswith("/1/skill")

    played(story, FailingJournal)


def test_one_failed_append_loses_only_what_somebody_was_told_of() -> None:
    def journal() -> MemoryJournal:
        out = FailingJournal()
        out.full_at = 2
        return out

    async def story(rig: Rig) -> None:
        assert (await rig.ask(STORE, name="a")).ok
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=1), name="b")).code == "journal"
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=1), name="b")).ok  # a failed command may be sent again
        assert rig.kinds() == ["order_stored", "bin_refilled"]

    played(story, journal)


def test_answers_that_needed_no_journal_stand_when_it_fails() -> None:
    async def story(rig: Rig) -> None:
        assert isinstance(rig.journal, FailingJournal)
        assert (await rig.ask(STORE, name="a")).ok
        rig.journal.full = True
        wishes = [(STORE, "a"), (STORE, "b"), (cmd.RefillBin(bin="rack", count=1), "c")]
        answers = await asyncio.gather(*(rig.ask(wish, name=name) for wish, name in wishes))
        assert [(answer.ok, answer.code) for answer in answers] == [
            (True, ""),
            (False, "order_exists"),
            (False, "journal"),
        ]

    played(story, FailingJournal)


@pytest.mark.parametrize("verb", [CellVerb.HOLD, CellVerb.STOP, CellVerb.ABORT])
def test_what_makes_the_cell_safer_acts_before_the_journal(verb: CellVerb) -> None:
    async def story(rig: Rig) -> None:
        assert isinstance(rig.journal, FailingJournal)
        effect = await rig.at_work()
        rig.journal.hangs = asyncio.Event()
        asked = asyncio.create_task(rig.ask(cmd.ChangeCell(verb=verb, reason="stop!")))
        await asyncio.sleep(0.2)
        assert rig.crew.cancelled == [effect]
        assert not asked.done()
        rig.journal.hangs.set()
        assert (await asked).ok

    played(story, FailingJournal)


@pytest.mark.parametrize("safety", [Safety.PROTECTIVE_STOP, Safety.EMERGENCY_STOP, Safety.UNKNOWN])
def test_a_stop_that_the_robot_reports_acts_before_the_journal(safety: Safety) -> None:
    async def story(rig: Rig) -> None:
        assert isinstance(rig.journal, FailingJournal)
        effect = await rig.at_work()
        rig.journal.hangs = asyncio.Event()
        rig.runner.post(cmd.ReportSafety(safety=safety))
        await asyncio.sleep(0.2)
        assert rig.crew.cancelled == [effect]
        rig.journal.hangs.set()

    played(story, FailingJournal)


def test_a_journal_that_breaks_in_an_unforeseen_way_stops_the_cell_and_not_the_runner() -> None:
    class Crashing(MemoryJournal):
        broken = False

        async def append(self, entries: Sequence[Entry]) -> Recorded:
            if self.broken:
                raise OSError(5, "Input/output error")
            return await super().append(entries)

    async def story(rig: Rig) -> None:
        assert isinstance(rig.journal, Crashing)
        effect = await rig.at_work()
        rig.journal.broken = True
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=0))).code == "journal"
        await asyncio.sleep(0.2)
        assert rig.crew.cancelled == [effect]
        rig.journal.broken = False
        await rig.until(lambda state: state.cell == CellState.HELD)

    played(story, Crashing)


# ---- effects -------------------------------------------------------------------------------------------------------


def test_a_skill_that_is_called_off_before_it_began_has_its_outcome() -> None:
    async def story(rig: Rig) -> None:
        await rig.ask(STORE)
        await rig.ask(cmd.ChangeCell(verb=CellVerb.START))
        await rig.until(lambda state: state.cell == CellState.EXECUTE)
        began: list[str] = []

        def hold_at_once(_before: State, _after: State, events: Sequence[Any]) -> None:
            if any(item.event.type == "step_started" for item in events) and not began:
                began.append("hold")
                asyncio.get_running_loop().call_soon(rig.runner.post, cmd.ChangeCell(verb=CellVerb.HOLD))

        rig.runner.bus.join(hold_at_once)
        await rig.ask(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
        await rig.until(lambda state: state.cell == CellState.HELD)
        assert began
        assert rig.crew.begun == []
        assert rig.state.units["u1"].steps["load"].status == StepStatus.READY
        assert (await rig.ask(cmd.ChangeCell(verb=CellVerb.UNHOLD))).ok
        await rig.until(lambda _: rig.crew.begun == ["u1/load/2/skill"])

    played(story)


def test_the_hold_settles_only_when_every_skill_has_come_to_a_stand() -> None:
    async def story(rig: Rig) -> None:
        effect = await rig.at_work()
        rig.runner.bus.join(
            lambda _b, after, _e: seen.append((after.cell, list(rig.crew.cancelled))) if after.cell == "held" else None
        )
        seen: list[tuple[str, list[str]]] = []
        await rig.ask(cmd.ChangeCell(verb=CellVerb.HOLD))
        await rig.until(lambda state: state.cell == CellState.HELD)
        assert seen[0] == ("held", [effect])

    played(story)


@pytest.mark.parametrize(
    ("error", "code"),
    [(RobotError("It slipped.", remedy="Dry it.", code="slipped"), "slipped"), (KeyError("x"), "crashed")],
)
def test_a_skill_that_raises_fails_its_attempt_with_words(error: Exception, code: str) -> None:
    async def story(rig: Rig) -> None:
        rig.crew.error = error
        effect = await rig.at_work()
        rig.crew.running[effect].set()
        await rig.until(lambda state: state.units["u1"].steps["load"].attempts[0].outcome == "failed")
        attempt = rig.state.units["u1"].steps["load"].attempts[0]
        assert attempt.code == code
        assert attempt.message

    played(story)


def test_a_crash_while_settling_aborts_the_cell() -> None:
    async def story(rig: Rig) -> None:
        async def no_power(effect: Settle) -> None:
            if effect.state == CellState.STARTING:
                raise RobotError("The robot has no power.", remedy="Switch it on.")

        rig.crew.settle = no_power  # type: ignore[method-assign] # a crew whose robot is off
        await rig.ask(cmd.ChangeCell(verb=CellVerb.START))
        await rig.until(lambda state: state.cell == CellState.ABORTED)
        assert "no power" in rig.state.cell_reason

    played(story)


# ---- who listens ---------------------------------------------------------------------------------------------------


def test_an_observer_that_raises_harms_nobody() -> None:
    async def story(rig: Rig) -> None:
        seen: list[int] = []

        def broken(*_: Any) -> None:
            raise RuntimeError("a screen is broken")

        rig.runner.bus.join(broken)
        leave = rig.runner.bus.join(lambda _b, _a, events: seen.append(len(events)))
        assert (await rig.ask(STORE)).ok
        leave()
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=1))).ok
        assert seen == [1]

    played(story)


def test_a_predicate_that_raises_harms_only_who_waits_for_it() -> None:
    async def story(rig: Rig) -> None:
        waiting = asyncio.create_task(rig.runner.until(lambda state: bool(state.orders["p"])))
        with pytest.raises(KeyError):
            await waiting

        def missing(state: State) -> bool:
            return bool(state.orders) and bool(state.orders["other"])

        later = asyncio.create_task(rig.runner.until(missing))
        await asyncio.sleep(0)
        assert (await rig.ask(STORE)).ok
        with pytest.raises(KeyError):
            await later
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=1))).ok

    played(story)


def test_a_schedule_that_raises_is_told_tried_again_and_holds_the_cell_if_it_lasts() -> None:
    """Limits of pauses and overdue steps run out by it: it must not end without a word."""

    async def story(rig: Rig) -> None:
        works = rig.runner._schedule

        def broken(_state: State, _now: float) -> Any:
            raise RuntimeError("a bug")

        await rig.at_work()
        rig.runner._schedule = broken
        assert (await rig.ask(cmd.RefillBin(bin="rack", count=1))).ok
        assert "a bug" in rig.runner.troubles.there["schedule"].detail
        assert rig.state.cell == "execute"
        await rig.runner.until(lambda state: state.cell == "held")
        assert "worked out" in rig.state.cell_reason
        rig.runner._schedule = works
        over = asyncio.Event()
        rig.runner.troubles.listen(lambda name, trouble: over.set() if (name, trouble) == ("schedule", None) else None)
        await over.wait()

    played(story)


# ---- the end -------------------------------------------------------------------------------------------------------


def test_closing_cancels_every_effect_and_leaves_no_task_and_no_thread() -> None:
    threads = set(threading.enumerate())

    async def main() -> None:
        async with Rig() as rig:
            effect = await rig.at_work()
            assert effect in {task.get_name() for task in asyncio.all_tasks()}
        assert rig.crew.cancelled == [effect]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(main)
    assert set(threading.enumerate()) <= threads


def test_who_asks_a_closed_cell_is_answered() -> None:
    async def main() -> None:
        async with Rig() as rig:
            asked = [asyncio.create_task(rig.ask(cmd.RefillBin(bin="rack", count=n % 4))) for n in range(3)]
            await asyncio.sleep(0)
        answers = [await task for task in asked]
        assert {answer.code for answer in answers} <= {"", "closing"}
        late = await rig.ask(STORE)
        assert (late.ok, late.code) == (False, "closing")
        assert (await rig.runner.ask(cmd.ReportSafety(safety=Safety.REDUCED))).code == "closing"

    run_virtual(main)
