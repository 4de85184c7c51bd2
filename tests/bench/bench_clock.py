"""What waiting costs under virtual time."""

from __future__ import annotations

import asyncio
import time

from orchestrator.adapters.clock_virtual import run_virtual
from tests.bench.report import Figure, bench


@bench("clock.sleeps_per_s", "1/s", hold=100_000, better="more")
def sleeps() -> Figure:
    tasks, naps = 20, 10_000

    async def sleeper(name: int) -> None:
        for _ in range(naps):
            await asyncio.sleep(0.5 + name / 100)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name in range(tasks):
                group.create_task(sleeper(name))

    began = time.perf_counter()
    run_virtual(main)
    return Figure(tasks * naps / (time.perf_counter() - began), tasks * naps, "20 tasks under virtual time")


@bench("clock.foreign_per_s", "1/s")
def foreign_work() -> Figure:
    count = 5000

    async def main() -> None:
        for n in range(count):
            await asyncio.to_thread(abs, n)

    began = time.perf_counter()
    run_virtual(main)
    return Figure(count / (time.perf_counter() - began), count, "threads that do nothing, one after the other")
