"""What an event costs on its way to disk and screens: alone, in a crowd, and late in an order."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
import tracemalloc
from typing import TYPE_CHECKING

from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.fold import fold
from orchestrator.core.machine import CellState, OrderState
from orchestrator.core.state import ROBOT, initial
from tests.bench.bench_journal import durable_events_per_s
from tests.bench.cells import OPTIONS, PRODUCT, BenchCell, library, refill
from tests.bench.report import Figure, bench, percentile, scratch

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.state import State
    from orchestrator.engine.library import Library

COMMANDS = 1500
WRITERS = (1, 20, 200)
WRITTEN = 2000  # commands of all writers together
SOURCES = 20
EACH = 150  # commands of one source in one round
ROUNDS = 5
MANY = 1000
STEPS = 4  # of each unit done that are folded: it leaves no trace, so its other steps would only take time
COST_ROUNDS = 40
COST_COMMANDS = 25


# ---- one command on a busy cell --------------------------------------------------------------------------------


@bench("event.p99_ms", "ms", hold=20)
def latency() -> list[Figure]:
    with scratch() as folder:
        took_ms, others = asyncio.run(_commands(folder))
    note = f"command handed in to answer, SQLite on disk, while a unit is built: {others} other events meanwhile"
    return [
        Figure(percentile(took_ms, 0.99), len(took_ms), note),
        Figure(percentile(took_ms, 0.5), len(took_ms), "the same commands", name="event.p50_ms"),
    ]


async def _commands(folder: Path) -> tuple[list[float], int]:
    cell = BenchCell(library(), SqliteJournal(folder / "cell.journal"))
    took_ms: list[float] = []
    async with cell.running(pause_s=0.02):
        await cell.begin(100_000)
        for n in range(COMMANDS):
            began = time.perf_counter()
            answer = await cell.do(refill(cell, n))
            took_ms.append((time.perf_counter() - began) * 1000)
            assert answer.ok, answer.message
            await asyncio.sleep(0.002)
    await cell.journal.close()
    return took_ms, cell.events - COMMANDS


# ---- many writers at once --------------------------------------------------------------------------------------


@bench("event.p99_ms_200_writers", "ms")
def writers() -> list[Figure]:
    shelf = library()
    out: list[Figure] = []
    for count in WRITERS:
        with scratch() as folder:
            took_ms, durable = asyncio.run(_written(shelf, folder, count, max(10, WRITTEN // count)))
        note = f"command handed in to its durable event; {count} writers at once, {durable} events in the journal file"
        for name, share in (("p99", 0.99), ("p50", 0.5)):
            out.append(Figure(percentile(took_ms, share), len(took_ms), note, name=f"event.{name}_ms_{count}_writers"))
    return out


async def _written(shelf: Library, folder: Path, count: int, each: int) -> tuple[list[float], int]:
    """Let `count` writers hand in commands, each its next once the last is durable; returns how long each took (ms)."""
    path = folder / "cell.journal"
    cell = BenchCell(shelf, SqliteJournal(path))
    took_ms: list[float] = []

    async def writer(first: int) -> None:
        for n in range(first, first + each):
            began = time.perf_counter()
            answer = await cell.do(refill(cell, n))
            took_ms.append((time.perf_counter() - began) * 1000)
            assert answer.ok, answer.message

    async with cell.running():
        await asyncio.gather(*(writer(k * each) for k in range(count)))
        durable, _ = cell.journal.head
    await cell.journal.close()
    assert durable >= count * each, "an answer came before its event was written"
    return took_ms, durable


# ---- a crowd against the bare journal --------------------------------------------------------------------------


@bench("event.share_of_bare_journal", "", hold=0.4, better="more")
def share() -> list[Figure]:
    shelf = library()
    bare, core = [], []
    for _ in range(ROUNDS):  # in turns, so that both meet the same neighbours on this machine
        bare.append(durable_events_per_s(sources=SOURCES, batch=1, appends=EACH)[0])
        with scratch() as folder:
            core.append(asyncio.run(_crowd(shelf, folder)))
    n = ROUNDS * SOURCES * EACH
    note = (
        f"median of {ROUNDS} rounds in turns: bare {statistics.median(bare):,.0f}/s, core "
        f"{statistics.median(core):,.0f}/s; {SOURCES} sources, a command and an event each, a unit in work, live screen"
    )
    shares = [a / b for a, b in zip(core, bare, strict=True)]
    return [
        Figure(statistics.median(shares), n, note),
        Figure(statistics.median(core), n, "the core's side of it", name="event.durable_per_s", unit="1/s"),
    ]


async def _crowd(shelf: Library, folder: Path) -> float:
    """Let sources hand in commands one after the other; returns durable events a second."""
    cell = BenchCell(shelf, SqliteJournal(folder / "cell.journal"))

    async def source(first: int) -> None:
        for n in range(first, first + EACH):
            answer = await cell.do(refill(cell, n))
            assert answer.ok, answer.message

    async with cell.running():
        await cell.begin(10)
        before, began = cell.events, time.perf_counter()
        await asyncio.gather(*(source(name * EACH) for name in range(SOURCES)))
        rate = (cell.events - before) / (time.perf_counter() - began)
    await cell.journal.close()
    return rate


# ---- early and late in an order --------------------------------------------------------------------------------


@bench("event.cost_ratio_1000_units", "", hold=1.5)
def growth() -> list[Figure]:
    shelf = library()
    _at(shelf, 1)  # what is made once and kept is made before anything is measured
    few, few_kb = _at(shelf, 1)
    many, many_kb = _at(shelf, MANY)
    ratio, few_us, many_us = asyncio.run(_compare(shelf, few, many))
    n = COST_ROUNDS * COST_COMMANDS
    note = (
        f"median of {COST_ROUNDS} rounds in turns: {few_us:.0f} µs with 1 unit queued and done, {many_us:.0f} µs with "
        f"{MANY:,}; processor time of decide, journal in memory, fold, schedule and screen; two units in work"
    )
    memory = f"state and screen after {MANY:,} units done, {MANY:,} queued; {few_kb:.0f} kB with 1"
    return [
        Figure(ratio, n, note),
        Figure(many_kb, 1, memory, name="event.memory_kb_1000_units", unit="kB"),
        Figure(many_kb / few_kb, 1, "of the same two states", name="event.memory_ratio_1000_units"),
    ]


def _at(shelf: Library, units: int) -> tuple[State, float]:
    """Fold an order to `units` done, as many queued and one in work; also return what state and screen take (kB)."""
    assert shelf.cell is not None
    variant = shelf.variant(PRODUCT, OPTIONS)
    gc.collect()
    tracemalloc.start()
    state = initial(shelf.cell)
    stored = ev.OrderStored(order="bench", quantity=2 * units + 1, due_t=None, variant=variant, by="bench")
    state = fold(state, stored, 0.0, 1)
    state = fold(state, ev.OrderChanged(order="bench", state=OrderState.RUNNING), 0.0, 2)
    state = fold(state, ev.CellChanged(state=CellState.EXECUTE), 0.0, 3)
    for n in range(1, units + 2):
        unit = f"u{n}"
        started = ev.UnitStarted(unit=unit, order="bench", n=n, nests={"nest": "nest_1"})
        state = fold(state, started, float(n), state.seq + 1)
        for step in variant.steps[:STEPS] if n <= units else ():
            state = fold(state, ev.StepStarted(unit=unit, step=step.id, attempt=1, actors=("front",)), n, state.seq + 1)
            state = fold(state, ev.StepDone(unit=unit, step=step.id, attempt=1, evidence=()), n, state.seq + 1)
        if n <= units:
            ended = ev.UnitEnded(unit=unit, order="bench", state="done", record={})
            state = fold(state, ended, float(n), state.seq + 1)
    cell = BenchCell(shelf, MemoryJournal(), state=state)
    gc.collect()
    size_kb = tracemalloc.get_traced_memory()[0] / 1000
    tracemalloc.stop()
    assert (cell.runner.state.orders["bench"].done, len(cell.runner.state.units)) == (units, 1)
    return state, size_kb


async def _compare(shelf: Library, few: State, many: State) -> tuple[float, float, float]:
    """Return the ratio of what an event costs in two states, and both costs (µs of processor time)."""
    costs: tuple[list[float], list[float]] = [], []
    cells = [BenchCell(shelf, MemoryJournal(), state=state) for state in (few, many)]
    async with cells[0].running(), cells[1].running():
        for cell in cells:
            await cell.do(cmd.RefillBin(bin="screws", count=24))
            await cell.do(cmd.JoinPlace(place="front", operator="op"))
            await cell.runner.until(_settled)
        for n in range(COST_ROUNDS):
            for cell, cost in zip(cells, costs, strict=True):
                before, began = cell.events, time.process_time()
                for k in range(COST_COMMANDS):
                    await cell.do(refill(cell, n * COST_COMMANDS + k))
                cost.append((time.process_time() - began) / (cell.events - before) * 1e6)
    ratios = [late / early for early, late in zip(*costs, strict=True)]
    return statistics.median(ratios), statistics.median(costs[0]), statistics.median(costs[1])


def _settled(state: State) -> bool:
    """Two units are in work, the robot has done all that it can, and the person is at a step that nobody confirms."""
    return len(state.units) == 2 and state.doing("front") is not None and state.doing(ROBOT) is None
