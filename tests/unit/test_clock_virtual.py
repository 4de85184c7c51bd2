"""Virtual time: jumps, order, foreign work, deadlocks and cleaning up."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import START_UTC, Deadlock, VirtualClock, VirtualLoop, run_virtual
from orchestrator.core.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def now() -> float:
    return asyncio.get_running_loop().time()


# ---- time ------------------------------------------------------------------------------------------------------


def test_time_jumps_to_the_next_timer() -> None:
    async def main() -> list[tuple[float, str]]:
        log: list[tuple[float, str]] = []

        async def sleeper(name: str, *naps: float) -> None:
            for nap in naps:
                await asyncio.sleep(nap)
                log.append((now(), name))

        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper("a", 10, 10))
            group.create_task(sleeper("b", 15, 86_400 * 30))
        return log

    assert run_virtual(main) == [(10, "a"), (15, "b"), (20, "a"), (2_592_015, "b")]


def test_time_outs_strike_at_their_virtual_instant() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        return now()

    assert run_virtual(main) == 3600


def test_the_clock_tells_utc_to_the_microsecond() -> None:
    async def main() -> tuple[float, float]:
        clock = VirtualClock(asyncio.get_running_loop())
        before = clock.now()
        await asyncio.sleep(0.1)
        return before, clock.now()

    assert run_virtual(main) == (START_UTC, START_UTC + 0.1)
    assert run_virtual(main, start_utc=5.0) == (5.0, 5.1)


def test_the_clock_refuses_a_loop_that_keeps_real_time() -> None:
    async def main() -> None:
        with pytest.raises(SetupError, match="real time"):
            VirtualClock(asyncio.get_running_loop())

    asyncio.run(main())


# ---- foreign work ----------------------------------------------------------------------------------------------


def test_time_stands_still_while_a_thread_works() -> None:
    async def main() -> tuple[float, float]:
        release = threading.Event()
        rung: list[float] = []
        asyncio.get_running_loop().call_later(5, lambda: rung.append(now()))
        working = asyncio.ensure_future(asyncio.to_thread(release.wait))
        threading.Timer(0.02, release.set).start()
        await working
        done_at = now()
        assert rung == []
        await asyncio.sleep(6)
        return done_at, rung[0]

    assert run_virtual(main) == (0, 5)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_foreign_work_is_let_in_as_submitted_whichever_thread_ends_first(order: tuple[int, ...]) -> None:
    async def main() -> list[str]:
        log: list[str] = []
        turns = [threading.Event() for _ in order]
        after = {turn: order[place + 1 :][:1] for place, turn in enumerate(order)}
        turns[order[0]].set()

        def work(turn: int) -> int:
            turns[turn].wait()
            for following in after[turn]:
                turns[following].set()
            return turn

        async def user(turn: int, pool: ThreadPoolExecutor) -> None:
            log.append(f"{await asyncio.get_running_loop().run_in_executor(pool, work, turn)} done")
            await asyncio.sleep(0)
            log.append(f"{turn} goes on")

        with ThreadPoolExecutor(4) as pool:
            async with asyncio.TaskGroup() as group:
                for turn in range(4):
                    group.create_task(user(turn, pool))
        return log

    assert run_virtual(main) == [f"{turn} {what}" for turn in range(4) for what in ("done", "goes on")]


def test_what_is_ready_goes_before_foreign_results() -> None:
    async def main() -> list[str]:
        log: list[str] = []

        async def foreign() -> None:
            await asyncio.to_thread(int)
            log.append("foreign")

        async def busy() -> None:
            for _ in range(200):
                await asyncio.sleep(0)
            log.append("busy")

        await asyncio.gather(foreign(), busy())
        return log

    assert run_virtual(main) == ["busy", "foreign"]


def test_an_error_of_foreign_work_reaches_its_caller() -> None:
    def stop() -> None:
        raise StopIteration

    async def main() -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            await asyncio.to_thread(int, "x")
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.to_thread(stop)

    run_virtual(main)


def test_foreign_work_of_a_cancelled_caller_is_still_waited_for() -> None:
    async def main() -> tuple[list[str], float]:
        log: list[str] = []
        begun, release = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            release.wait()
            log.append("worked")

        caller = asyncio.ensure_future(asyncio.to_thread(work))
        await asyncio.sleep(0)
        begun.wait()
        caller.cancel()
        threading.Timer(0.02, release.set).start()
        await asyncio.sleep(1)
        log.append("slept")
        with pytest.raises(asyncio.CancelledError):
            await caller
        return log, now()

    assert run_virtual(main) == (["worked", "slept"], 1)


def test_work_that_its_executor_drops_cancels_the_caller() -> None:
    async def main() -> None:
        begun, release = threading.Event(), threading.Event()
        pool = ThreadPoolExecutor(1)
        loop = asyncio.get_running_loop()

        def work() -> None:
            begun.set()
            release.wait()

        first, second = loop.run_in_executor(pool, work), loop.run_in_executor(pool, int)
        begun.wait()
        pool.shutdown(wait=False, cancel_futures=True)
        release.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await second

    run_virtual(main)


def test_a_process_pool_is_foreign_work_too() -> None:
    async def main() -> tuple[list[int], float]:
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            sums = [await loop.run_in_executor(pool, sum, (n, n)) for n in range(3)]
        return sums, now()

    assert run_virtual(main) == ([0, 2, 4], 0)


def test_a_thread_may_call_into_the_loop_while_it_works() -> None:
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        answered, never = threading.Event(), threading.Event()

        def work() -> bool:
            never.wait(0.02)  # lets the loop fall idle, so that it has to be woken
            loop.call_soon_threadsafe(answered.set)
            return answered.wait(10)

        return await asyncio.to_thread(work)

    assert run_virtual(main)


def test_the_same_program_interleaves_the_same_way_every_time() -> None:
    async def main() -> str:
        log: list[str] = []

        def burn(rounds: int) -> int:
            return sum(range(rounds))

        async def lane(name: int) -> None:
            for turn in range(6):
                await asyncio.to_thread(burn, (name * 7919 + turn * 104_729) % 5000)
                log.append(f"{now():.2f} {name} {turn}")
                await asyncio.sleep((name + turn) % 3 / 10)

        async with asyncio.TaskGroup() as group:
            for name in range(8):
                group.create_task(lane(name))
        return "\n".join(log)

    assert len({run_virtual(main) for _ in range(20)}) == 1


# ---- deadlock --------------------------------------------------------------------------------------------------


def test_a_deadlock_is_named_instead_of_hanging() -> None:
    async def robot_lane() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(robot_lane(), name="lane of the robot")
            group.create_task(asyncio.sleep(3), name="short nap")

    with pytest.raises(Deadlock, match=r"lane of the robot \(.*robot_lane at test_clock_virtual.py:\d+\)") as raised:
        run_virtual(main)
    assert "short nap" not in str(raised.value)
    assert raised.value.remedy


def test_after_a_deadlock_everything_is_still_cleaned_up() -> None:
    log: list[str] = []

    async def main() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(1)
            log.append("cleaned")

    with pytest.raises(Deadlock):
        run_virtual(main)
    assert log == ["cleaned"]


# ---- ending ----------------------------------------------------------------------------------------------------


def test_leftover_tasks_generators_and_threads_are_ended() -> None:
    log: list[str] = []
    threads: list[threading.Thread] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("generator closed")

    async def background() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            log.append(f"cancelled at {now():.0f}")

    async def main() -> str:
        task = asyncio.create_task(background())
        generator = numbers()
        assert await anext(generator) == 1
        threads.append(await asyncio.to_thread(threading.current_thread))
        assert not task.done()
        kept.append(generator)
        return "result"

    kept: list[AsyncIterator[int]] = []
    assert run_virtual(main) == "result"
    assert sorted(log) == ["cancelled at 0", "generator closed"]
    assert not threads[0].is_alive()


def test_an_error_of_the_program_comes_out() -> None:
    async def main() -> None:
        await asyncio.sleep(5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_virtual(main)


def test_a_twin_runs_in_a_thread_beside_a_running_loop() -> None:
    async def twin() -> float:
        await asyncio.sleep(7200)
        return now()

    async def main() -> tuple[float, float]:
        return await asyncio.to_thread(run_virtual, twin), now()

    assert run_virtual(main) == (7200, 0)


def test_a_closed_loop_takes_no_foreign_work() -> None:
    loop = VirtualLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.run_in_executor(None, int)
