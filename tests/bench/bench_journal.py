"""The bare journal on this machine's disk: what every other durable figure is measured against."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from orchestrator.adapters.journal_sqlite import SqliteJournal, verify
from orchestrator.core.ports import Entry
from tests.bench.report import Figure, bench, percentile, scratch

if TYPE_CHECKING:
    from pathlib import Path

PAYLOAD = b'{"actor":"robot","attempt":1,"effect":"e-000417","evidence":"camera","step":"fit_shaft","unit":"u7"}'
COMMAND = "0b6f5a52-2a55-4b8e-8f6d-6a7f3e9c1d11"
EVENTS = 100_000


def _entries(first: int, count: int) -> list[Entry]:
    return [
        Entry(1.7e9 + n / 10, f"step_{n % 20}", f"u{n // 200}", PAYLOAD, COMMAND) for n in range(first, first + count)
    ]


def durable_events_per_s(sources: int, batch: int, appends: int) -> tuple[float, list[float]]:
    """Append from several sources at once. Returns events a second, and how long each append took (ms)."""

    async def main(path: Path) -> tuple[float, list[float]]:
        journal = SqliteJournal(path)
        took_ms: list[float] = []

        async def source(name: int) -> None:
            for n in range(appends):
                began = time.perf_counter()
                await journal.append(_entries((name * appends + n) * batch, batch))
                took_ms.append((time.perf_counter() - began) * 1000)

        began = time.perf_counter()
        await asyncio.gather(*(source(name) for name in range(sources)))
        rate = sources * appends * batch / (time.perf_counter() - began)
        await journal.close()
        return rate, took_ms

    with scratch() as folder:
        return asyncio.run(main(folder / "cell.journal"))


@bench("journal.events_per_s_1", "1/s")
def one_writer() -> Figure:
    rate, took_ms = durable_events_per_s(sources=1, batch=1, appends=1000)
    return Figure(rate, len(took_ms), f"one writer, one event at a time; p99 {percentile(took_ms, 0.99):.1f} ms")


@bench("journal.events_per_s_20", "1/s")
def twenty_sources() -> Figure:
    rate, took_ms = durable_events_per_s(sources=20, batch=1, appends=500)
    return Figure(rate, len(took_ms), f"20 sources share commits; p99 {percentile(took_ms, 0.99):.1f} ms")


@bench("journal.events_per_s_batch64", "1/s")
def batches_of_64() -> Figure:
    rate, took_ms = durable_events_per_s(sources=1, batch=64, appends=300)
    return Figure(rate, 64 * len(took_ms), f"one writer, 64 events at a time; p99 {percentile(took_ms, 0.99):.1f} ms")


@bench("journal.replay_per_s", "1/s", hold=100_000, better="more")
def replay() -> Figure:
    with scratch() as folder:
        journal = SqliteJournal(_filled(folder))
        took_s = []
        for _ in range(3):
            began = time.perf_counter()
            assert sum(1 for _ in journal.read()) == EVENTS
            took_s.append(time.perf_counter() - began)
        asyncio.run(journal.close())
    return Figure(EVENTS / percentile(took_s, 0.5), EVENTS, "chain checked on the way; median of 3")


@bench("journal.open_s_100k", "s")
def open_for_writing() -> list[Figure]:
    with scratch() as folder:
        path = _filled(folder)
        began = time.perf_counter()
        journal = SqliteJournal(path)
        opened_s = time.perf_counter() - began
        asyncio.run(journal.close())
        began = time.perf_counter()
        verify(path)
        verified_s = time.perf_counter() - began
    return [
        Figure(opened_s, EVENTS, "for writing; indexes checked"),
        Figure(verified_s, EVENTS, "chain and indexes", name="journal.verify_s_100k"),
    ]


def _filled(folder: Path) -> Path:
    async def fill() -> None:
        journal = SqliteJournal(path)
        for first in range(0, EVENTS, 5000):
            await journal.append(_entries(first, 5000))
        await journal.close()

    path = folder / "cell.journal"
    asyncio.run(fill())
    return path
