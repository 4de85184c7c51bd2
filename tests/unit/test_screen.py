"""Screens: what is kept up to date equals what is computed anew, and every button that is shown works."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.worker import _answer
from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.events import CommandDenied
from orchestrator.core.machine import Autonomy, CellState, CellVerb, OrderVerb, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.engine.guide import Guide
from orchestrator.engine.languages import OWN
from orchestrator.engine.screen import LiveScreen
from orchestrator.wire import Card
from tests.unit.cell_bench import BOSS, Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from pathlib import Path

    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.wire import Button, Happened, Put, TopicValue


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


NOTE = "wrong cap"  # in a person's own words, and so in one language


def buttons(value: TopicValue) -> Iterator[Button]:
    yield from getattr(value, "buttons", ())
    intent = getattr(value, "intent", None)
    if intent is not None:
        yield from intent.buttons
    help_ = getattr(value, "help", None)
    if help_ is not None:
        yield from (*help_.own, *help_.others)
    rewinding = getattr(value, "rewinding", None)
    if rewinding is not None:
        yield from rewinding.buttons
    for doubt in getattr(value, "contradictions", ()):
        yield from doubt.buttons


def pressed(button: Button, value: TopicValue) -> cmd.Command:
    """The command that a screen sends: with a reason where one is asked for, and an honest answer to each question."""
    command = dict(button.command)
    if button.needs_reason:
        command["note" if command["type"] == "report_problem" else "reason"] = "because"
    if button.needs_shown:
        command["shown"] = "gauge 3: 4.02 mm"
    if command["type"] == "confirm_step":
        assert isinstance(value, Card)
        chance = random.Random(1)
        command["values"] = {ask.value: _answer(ask.spec, value.unit, chance) for ask in value.asks}
        command["lots"] = dict.fromkeys(value.lots, "L-1")
    out: cmd.Command = cmd.OUTSIDE.validate_python(command)
    return out


def refused(state: State, topics: dict[str, Any], now: float) -> list[str]:
    """The buttons of all topics that `decide` would refuse."""
    out = []
    for topic, value in topics.items():
        for button in buttons(value):
            request = cmd.Request(id="x", by=BOSS, t=now, command=pressed(button, value))
            verdict = decide(state, request, now)
            if isinstance(verdict, Rejected) or any(isinstance(event, CommandDenied) for event in verdict):
                out.append(f"{topic} {state.cell}: {button.label} {button.command}: {verdict}")
    return out


def wordless(topics: dict[str, Any]) -> list[str]:
    """The texts of all topics that are empty or lack a language."""
    out = []
    for topic, value in topics.items():
        if isinstance(value, Card):
            if value.status in {"step", "attention", "checking"}:
                out += [topic for lang in OWN if lang not in value.words or not value.words[lang].title]
                out += [topic for lang in OWN for ask in value.asks if ask.value not in value.words[lang].ask]
            else:
                out += [f"{topic} {value.status}" for lang in OWN if not value.note.get(lang)]
            out += [f"{topic} upcoming" for text in value.upcoming for lang in OWN if not text.get(lang)]
        for name in ("title", "text", "reason"):
            text = getattr(value, name, None)
            if isinstance(text, dict) and text != {"en": NOTE}:
                out += [f"{topic} {name} {lang}" for lang in OWN if not text.get(lang)]
    return out


class Auditor:
    """Compares the live screen with a fresh one after every batch, and presses every button on paper."""

    def __init__(self, cell: Bench) -> None:
        self._cell = cell
        self.batches = 0
        self.troubles: list[str] = []
        self.labels: set[str] = set()
        self.statuses: set[str] = set()
        cell.cell.runner.bus.join(self.observe)

    def observe(self, _before: State, after: State, _events: object) -> None:
        desk = self._cell.cell.desk
        shown = desk.screen.topics
        fresh = LiveScreen(Guide(desk.library, simulated=True), after).topics
        live, anew = (
            {topic: view for topic, view in topics.items() if not topic.startswith("trouble/")}  # no state has these
            for topics in (shown, fresh)
        )
        self.batches += 1
        self.labels |= {button.label for value in live.values() for button in buttons(value)}
        self.statuses |= {value.status for value in live.values() if isinstance(value, Card)}
        for topic in sorted(set(live) | set(anew)):
            if live.get(topic) != anew.get(topic):
                self.troubles.append(f"{after.seq} {topic}: {live.get(topic)!r} is {anew.get(topic)!r}")
        self.troubles += refused(after, live, desk.now()) + wordless(live)


async def _with_failures(cell: Bench) -> None:
    await cell.begin(2, slips=0.5, seed=4)
    await cell.ended()


async def _with_stops(cell: Bench) -> None:
    await cell.begin()
    await cell.in_motion("bring base")
    cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
    await cell.until(lambda state: state.cell == CellState.HELD)
    await cell.do(cmd.Acknowledge())
    await cell.until(lambda state: state.safety == Safety.NORMAL)
    await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
    await cell.in_motion("bring pin steel")
    cell.cell.robot.trip(Safety.EMERGENCY_STOP)
    await cell.until(lambda state: state.cell == CellState.ABORTED)
    cell.cell.robot.trip(Safety.NORMAL)
    await cell.change(CellVerb.CLEAR, CellVerb.RESET)
    await cell.do(cmd.Acknowledge(), cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
    await cell.change(CellVerb.START)
    await cell.until(lambda state: any(not motion.approved for motion in state.motions.values()))
    await cell.do(cmd.SetAutonomy(autonomy=Autonomy.FULL), cmd.ApproveMotion(motion=next(iter(cell.state.motions))))
    await cell.in_motion("bring cap")
    await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT, reason="no more"))
    await cell.until(lambda state: state.cell == CellState.COMPLETED)
    held = cell.state.world.held()
    assert held is not None
    await cell.do(cmd.TakePart(part=held.part), cmd.ChangeOrder(order="o", verb=OrderVerb.CLEAR))


async def _with_waiting(cell: Bench) -> None:
    def to_the_person(_before: State, _after: State, events: Sequence[Fresh]) -> None:
        if any(item.event.type == "step_done" and item.event.step == "load" for item in events):
            cell.cell.runner.post(cmd.StartStep(unit="u1", step="pin", actors=("front",)))

    cell.cell.runner.bus.join(to_the_person)
    await cell.do(cmd.JoinPlace(place="front", operator="op"))
    await cell.begin(worker=False)
    await cell.event("step_overdue", step="pin", level="ask")
    await cell.do(cmd.Choose(unit="u1", step="pin", attempt=1, choice="other_actor"))
    await asyncio.sleep(5)
    assert cell.step("pin").attempt == 1  # the robot keeps out
    await cell.do(cmd.ClearPlace(place="front"))
    await cell.step_is("pin", StepStatus.ACTIVE)
    assert cell.step("pin").actors == ("robot",)
    await cell.do(cmd.LeavePlace(place="front"))
    await cell.event("step_overdue", step="cap", level="ask")
    cell.work()
    await cell.ended()


async def _with_a_way_back(cell: Bench) -> None:
    await cell.begin()
    await cell.do(cmd.SetBreakpoint(order="o", step="tighten"))
    await cell.step_is("cap", StepStatus.DONE)
    await cell.until(lambda state: not state.units["u1"].busy)
    cell.workers[0].cancel()
    await asyncio.gather(*cell.workers, return_exceptions=True)
    await cell.do(cmd.LeavePlace(place="front"))
    await cell.do(cmd.Rewind(unit="u1", step="cap", reason="scratched"))
    await cell.do(cmd.ClearBreakpoint(order="o", step="tighten"))
    await asyncio.sleep(20)  # the cell waits in Execute
    await cell.do(cmd.JoinPlace(place="front", operator="op"))
    await cell.step_is("cap", StepStatus.UNDOING)
    attempt = cell.step("cap").attempt
    await cell.do(cmd.ConfirmUndo(unit="u1", step="cap", attempt=attempt, place="front"))
    await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT, reason="enough"))


async def _with_a_doubt(cell: Bench) -> None:
    await cell.begin(worker=False)
    await cell.in_motion("bring base")
    await cell.change(CellVerb.HOLD)
    assert cell.cell.world.held is not None
    cell.cell.world.remove(cell.cell.world.held)
    await cell.event("grip_contradicted")
    await cell.do(cmd.TakePart(part="u1/base"))
    await cell.change(CellVerb.UNHOLD)
    cell.work()
    await cell.ended()


async def _with_questions(cell: Bench) -> None:
    await cell.do(cmd.RefillBin(bin="pins_steel", count=0))
    cell.cell.cameras["top"].shoot = _no_picture  # type: ignore[method-assign] # a camera that is broken
    await cell.begin(3)
    await cell.until(lambda state: len(cell.all("step_answered")) >= 3)
    cell.workers[0].cancel()
    await asyncio.sleep(20)
    await cell.do(cmd.LeavePlace(place="front"))
    await cell.do(cmd.ChangeCell(verb=CellVerb.STOP, reason="enough"))
    await cell.settled()


async def _with_a_part_in_the_gripper(cell: Bench) -> None:
    await cell.do(cmd.JoinPlace(place="front", operator="op"))
    await cell.begin(worker=False)
    await cell.in_motion("bring cap")
    await cell.do(cmd.ReportProblem(unit="u1", step="cap", attempt=1, place="front", note=NOTE))
    await cell.until(lambda state: not state.ending)
    await cell.do(cmd.TakePart(part="u1/cap"))  # now a second look is possible
    await asyncio.sleep(1)
    await cell.do(cmd.Choose(unit="u1", step="cap", attempt=1, choice="retry"))
    cell.work()
    await cell.ended()


async def _with_a_lost_screen(cell: Bench) -> None:
    await cell.begin()
    await cell.until(lambda state: "front" in state.places)
    await cell.cell.runner.ask(cmd.ReportDevice(place="front", there=False))
    await cell.cell.runner.ask(cmd.ReportDevice(place="front", there=True))
    await cell.ended()


async def _no_picture() -> Any:
    from orchestrator.core.errors import VisionError

    raise VisionError("The camera gives no picture.", remedy="Check its cable.")


@pytest.mark.parametrize(
    ("story", "labels", "statuses"),
    [
        (
            _with_failures,
            {"confirm", "problem", "scrap", "retry", "recheck"},
            {"step", "attention", "checking", "done"},
        ),
        (_with_stops, {"acknowledge", "approve", "take_part", "unhold", "hold_too", "clear", "reset"}, {"blocked"}),
        (_with_a_part_in_the_gripper, {"take_part", "recheck", "force"}, {"attention"}),
        (_with_waiting, {"wait", "give_step", "other_actor", "clear_place", "abort"}, {"step", "away"}),
        (_with_a_way_back, {"confirm_undo", "stop_rewind", "problem"}, {"step", "away"}),
        (_with_a_lost_screen, {"work_here"}, {"step"}),
        (_with_a_doubt, {"take_part"}, {"away", "step"}),
        (_with_questions, {"scrap", "recheck", "refill", "rework"}, {"attention", "away"}),
    ],
)
def test_a_live_screen_equals_a_fresh_one_and_every_button_works(
    folder: Path, story: Callable[[Bench], Coroutine[Any, Any, None]], labels: set[str], statuses: set[str]
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            auditor = Auditor(cell)
            await story(cell)
            assert auditor.troubles == []
            assert auditor.batches > 30
            assert labels <= auditor.labels, labels - auditor.labels
            assert statuses <= auditor.statuses, statuses - auditor.statuses

    run_virtual(main)


def test_what_listeners_hear_gives_the_same_screen(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            screen = cell.cell.desk.screen
            mirror: dict[str, Any] = dict(screen.topics)
            lines: list[Happened] = []

            def hear(changes: Any) -> None:
                change: Put | Any
                for change in changes:
                    if change.__class__.__name__ == "Put":
                        mirror[change.topic] = change.value
                    elif change.__class__.__name__ == "Drop":
                        del mirror[change.topic]
                    else:
                        lines.append(change)

            leave = screen.listen(hear)
            await cell.begin()
            await cell.ended()
            assert mirror == dict(screen.topics)
            assert [line.seq for line in lines] == [item.seq for item in cell.fresh]
            assert list(screen.log) == lines[-50:]
            leave()
            await cell.do(cmd.RefillBin(bin="caps", count=1))
            assert lines[-1].seq < cell.state.seq

    run_virtual(main)


def test_a_listener_that_raises_does_not_keep_the_others_from_hearing(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            heard: list[int] = []

            def broken(_changes: Any) -> None:
                raise RuntimeError("a socket is gone")

            cell.cell.desk.screen.listen(broken)
            cell.cell.desk.screen.listen(lambda changes: heard.append(len(changes)))
            await cell.do(cmd.RefillBin(bin="caps", count=1))
            assert heard

    run_virtual(main)
