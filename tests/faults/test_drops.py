"""The line drops again and again while a simulated worker confirms at a real page: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.worker import Habits, SimWorker
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.persons import KEPT
from orchestrator.core.machine import CellVerb, StepStatus
from tests.faults.page_line import Page, PageTablet
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DROPS = 5_000 if os.environ.get("TANDEM_SOAK") else 1_000
HOLDS_S = (0.05, 9.0)  # how long the line holds between two drops
GONE_S = (0.01, 12.0)  # how long there is no network; above 5 s the cell is told that the screen is gone
LATER = frozenset(kind.model_fields["type"].default for kind in KEPT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


async def chaos(page: Page, cell: Bench, chance: random.Random) -> int:
    """Drop the line, load the page again, hold the cell by the page, and let others answer for the worker meanwhile."""
    dropped = 0
    while dropped < DROPS:
        page.asked.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(*HOLDS_S)):
                await page.asked.wait()
            await asyncio.sleep(chance.uniform(0, 0.2))  # while it, or its answer, is on its way
        if chance.random() < 0.15:
            hold = {"type": "change_cell", "verb": "hold", "reason": "to see whether it is ever said twice"}
            cell.workers.append(asyncio.ensure_future(_pressed(page, hold)))
            await asyncio.sleep(chance.uniform(0, 0.1))
        dropped += 1
        page.there = False
        if chance.random() < 0.15:
            page.reload()
        else:
            page.drop(noticed=chance.random() < 0.6)
        await asyncio.sleep(chance.uniform(0, GONE_S[1]) if chance.random() < 0.7 else GONE_S[0])
        if page.waiting and chance.random() < 0.2:
            await _overtaken(page, cell)
        page.there = True
    return dropped


async def _pressed(page: Page, command: dict[str, str]) -> None:
    await page.press(command)


async def _overtaken(page: Page, cell: Bench) -> None:
    """Somebody else ends the attempt about which a word waits at the page."""
    word = page.waiting[0]
    unit = cell.state.units.get(word["unit"])
    current = unit.steps[word["step"]] if unit is not None else None
    if current is not None and current.attempt == word["attempt"] and current.status == StepStatus.ACTIVE:
        about = {"unit": word["unit"], "step": word["step"], "attempt": word["attempt"]}
        await cell.ask(cmd.ReportProblem(**about, place="front", note="seen from the board"))


@pytest.mark.parametrize("seed", [1])
def test_however_often_the_line_drops_nothing_is_lost_or_doubled_and_no_robot_command_is_said_again(
    folder: Path, seed: int, counted: Callable[[str], None]
) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        async with bench(folder, seed=seed) as cell:
            with Page(cell.cell.desk, chance, seed) as page:
                worker = SimWorker(cell.cell.desk, "front", seed=seed, habits=Habits(tends=True))
                cell.cell.people.slip = worker.slip
                worker.tablet = PageTablet(page, cmd.Who(name="sim-front", role="supervisor"))
                while page.line != "online":
                    page.news.clear()
                    await page.news.wait()
                cell.workers.append(asyncio.create_task(worker.run(), name="worker"))
                await cell.until(lambda state: "front" in state.places)
                await cell.change(CellVerb.START)
                await cell.order(DROPS)
                dropped = await chaos(page, cell, chance)
                while page.waiting or page.line != "online":
                    page.news.clear()
                    await page.news.wait()
                await asyncio.sleep(30)  # what is on its way arrives
                counted(str(reckon(page, cell, dropped)))

    run_virtual(main)


def reckon(page: Page, cell: Bench, dropped: int) -> dict[str, int]:
    """Compare what was said at the page with what the cell heard and did; returns the counts."""
    told = page.told
    commands = {recorded.entry.command for recorded in cell.cell.desk.journal.read()}

    # nothing is lost: each word had its effect, or was refused in words that the worker has read or can read
    for name, word in told.given.items():
        answer = told.answered.get(name)
        refused = name in told.returned or (answer is not None and not answer.ok and answer.code != "kept")
        assert (name in commands) != refused, f"{word} was {'both' if refused else 'neither'} taken and refused"
    for name, word in told.returned.items():
        assert word["values"] == told.given[name].get("values", {}), "what was typed comes back"

    # nothing is doubled: an attempt is confirmed once by a person, however often its word came in
    confirmed = Counter((e.unit, e.step, e.attempt) for e in cell.log if isinstance(e, ev.StepConfirmed))
    attested = {(e.unit, e.step, e.attempt) for e in cell.log if isinstance(e, ev.AttestRequested)}
    assert {at for at, n in confirmed.items() if n > (2 if at in attested else 1)} == set()

    # whatever may move the robot is sent once, over the line at which it was pressed, and never as something kept
    frames = Counter(message["id"] for _, message in told.frames)
    for line, message in told.frames:
        if message["command"]["type"] not in LATER:
            assert frames[message["id"]] == 1
            assert "kept" not in message
            came = [arrival for arrival in page.arrivals if arrival.id == message["id"]]
            assert [arrival.line for arrival in came] in ([], [line])
    assert all(arrival.kept is None for arrival in page.arrivals if arrival.type not in LATER)

    # words of one page come in as they were given
    order = {name: n for n, name in enumerate(told.given)}
    first = list(dict.fromkeys(arrival.id for arrival in page.arrivals if arrival.id in order))
    assert first == sorted(first, key=order.__getitem__)

    # and all of that has been put to the test
    came = Counter(arrival.id for arrival in page.arrivals)
    moving = {message["id"] for _, message in told.frames if message["command"]["type"] not in LATER}
    figures = {
        "drops": dropped,
        "words": len(told.given),
        "kept": len({arrival.id for arrival in page.arrivals if arrival.kept is not None}),
        "came twice": sum(n > 1 for name, n in came.items() if name in order),
        **Counter(f"returned as {word['code']}" for word in told.returned.values()),
        "moving": len(moving),
        "moving, lost": len(moving - set(came)),
    }
    assert dropped == DROPS
    assert all(figures.values()), figures
    assert told.returned, figures
    return figures
