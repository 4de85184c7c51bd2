"""A loop that runs faster than the wall; no test here depends on how fast the machine is."""

from __future__ import annotations

import asyncio
import time

from orchestrator.adapters.clock_sped import SpedClock, SpedLoop
from orchestrator.engine.wall import wall_s
from orchestrator.http.screens import BACK_S, Screens


def test_many_seconds_pass_in_a_few() -> None:
    async def main() -> tuple[float, float]:
        clock = SpedClock(asyncio.get_running_loop())
        began, wall = clock.now(), time.monotonic()
        await asyncio.sleep(20)
        return clock.now() - began, time.monotonic() - wall

    with asyncio.Runner(loop_factory=lambda: SpedLoop(1000.0)) as runner:
        passed, waited = runner.run(main())
    assert passed >= 20
    assert waited < passed


def test_timers_fire_in_their_order() -> None:
    async def main() -> list[str]:
        said: list[str] = []

        async def say(after_s: float, what: str) -> None:
            await asyncio.sleep(after_s)
            said.append(what)

        await asyncio.gather(say(30, "last"), say(1, "first"), say(15, "middle"))
        return said

    with asyncio.Runner(loop_factory=lambda: SpedLoop(500.0)) as runner:
        assert runner.run(main()) == ["first", "middle", "last"]


def test_sockets_work_on_it() -> None:
    async def main() -> bytes:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(2))
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"hi")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    with asyncio.Runner(loop_factory=lambda: SpedLoop(50.0)) as runner:
        assert runner.run(main()) == b"hi"


def test_what_waits_for_a_network_waits_by_the_wall() -> None:
    async def main() -> tuple[float, float]:
        began, wall = asyncio.get_running_loop().time(), time.monotonic()
        told = asyncio.Event()

        async def tell(_place: str, _there: bool) -> None:
            told.set()

        screens = Screens(tell, asyncio.ensure_future)
        screens.here("page", "front", "tablet")
        screens.works("page", "front")
        screens.gone("page")
        await told.wait()
        return asyncio.get_running_loop().time() - began, time.monotonic() - wall

    with asyncio.Runner(loop_factory=lambda: SpedLoop(50.0)) as runner:
        passed, waited = runner.run(main())
    assert passed >= 50 * BACK_S
    assert waited >= 0.99 * BACK_S
    assert wall_s(BACK_S) == BACK_S  # where no loop runs
