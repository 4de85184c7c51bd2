"""What broken screens cost somebody else's hold."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect

from orchestrator.http.server import WebServer, create_app
from orchestrator.wire import SUBPROTOCOL
from tests.bench.bench_stream import BusyDesk
from tests.bench.report import ROOT, Figure, bench, percentile, scratch
from tests.unit.http_fakes import enter, hear, say

if TYPE_CHECKING:
    from pathlib import Path

    from websockets.asyncio.client import ClientConnection

HOLDS = 300
SCREENS = 4
EACH_S = 0.03  # each screen stays below what it may send
BAD = 4
SETTLE_S = 3.0  # their first credit is used up by then
KINDS = ("rubbish", "pings", "holds")


@bench("flood.hold_p99_ms", "ms", hold=10)
def flood() -> list[Figure]:
    with scratch() as folder:
        took = asyncio.run(_flooded(folder))
    what = f"from sending hold to its answer, by one of {SCREENS} screens, in front of a desk that answers at once"
    out = [Figure(percentile(took["quiet"], 0.99), HOLDS, f"{what}; nobody else", name="flood.hold_quiet_p99_ms")]
    for kind in KINDS:
        note = f"{what}; {BAD} other connections send {kind} as fast as they can, and come back when sent away"
        name = "" if kind == "rubbish" else f"flood.hold_{kind}_p99_ms"
        p50 = percentile(took[kind], 0.5)
        out.append(Figure(percentile(took[kind], 0.99), HOLDS, f"{note}; p50 {p50:.1f} ms", name=name))
    return out


async def _flooded(folder: Path) -> dict[str, list[float]]:
    server = WebServer(create_app(BusyDesk(folder / "desk")), port=0)
    serving = asyncio.ensure_future(server.run())
    await server.started()
    url = server.url.replace("http", "ws") + "/ws"
    out: dict[str, list[float]] = {}
    async with AsyncExitStack() as open_:
        screens = [
            await open_.enter_async_context(
                connect(url, subprotocols=[SUBPROTOCOL], proxy=None, compression=None, max_queue=None)
            )
            for _ in range(SCREENS)
        ]
        for screen in screens:
            await enter(screen)
        for label in ("quiet", *KINDS):
            flooding = None
            if label != "quiet":
                command = [sys.executable, "-m", "tests.bench.flood", url, str(BAD), label]
                flooding = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env={**os.environ})
                await asyncio.sleep(SETTLE_S)
            out[label] = await _holds(screens, label)
            if flooding is not None:
                flooding.kill()
                await flooding.wait()
    server.stop()
    await serving
    return out


async def _holds(screens: list[ClientConnection], label: str) -> list[float]:
    """Ask for a hold again and again, screen after screen."""
    took_ms = []
    for n in range(HOLDS):
        screen = screens[n % SCREENS]
        began = time.perf_counter()
        await say(screen, type="command", id=f"{label}-{n}", command={"type": "change_cell", "verb": "hold"})
        while (await hear(screen, "answer"))["payload"]["id"] != f"{label}-{n}":
            pass
        took_ms.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(EACH_S)
    return took_ms
