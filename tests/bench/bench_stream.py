"""How late screens hear of things, and what one stalled screen does to the others. Screens run in a process apart."""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx

from orchestrator.core.geometry import Pose
from orchestrator.http.server import WebServer, create_app
from orchestrator.wire import Happened, PoseFrame
from tests.bench.report import Figure, bench, percentile, scratch
from tests.unit.http_fakes import FakeDesk, cell_view

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 10.0
EVENTS_PER_S = 20
LINKS = 12


class BusyDesk(FakeDesk):
    """A cell whose robot never stands still and where events keep happening."""

    def poses(self) -> tuple[PoseFrame, ...]:
        """Return 12 link poses, all changed since the last call."""
        now = time.monotonic()
        turn = Pose.from_rpy((0, 0, 0), (0, 0, now))
        poses = {f"link_{n}": Pose((math.sin(now + n), math.cos(now), n / 10), turn.q) for n in range(LINKS)}
        return (PoseFrame(topic="robot", t=now, poses=poses),)

    async def work(self, padding: str) -> None:
        """Let events happen until cancelled; each changes the cell's view, which `padding` makes as large as wanted."""
        seq = 0
        while True:
            seq += 1
            self.screen.put("cell", cell_view(reason=padding))
            self.screen.tell(
                Happened(seq=seq, t=time.monotonic(), type="step_done", subject="u1", text="A step is done.")
            )
            await asyncio.sleep(1 / EVENTS_PER_S)


async def run(folder: Path, count: int, stalled: int, padding: str) -> tuple[dict[str, Any], int]:
    """Serve `count` screens of another process; return what they heard, and how far the slowest one fell behind."""
    desk = BusyDesk(folder)
    server = WebServer(create_app(desk), port=0)
    serving = asyncio.ensure_future(server.run())
    await server.started()
    working = asyncio.ensure_future(desk.work(padding))
    url = server.url.replace("http", "ws") + "/ws"
    command = [sys.executable, "-m", "tests.bench.screens", url, str(count), str(stalled), str(SECONDS)]
    screens = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    reading = asyncio.ensure_future(screens.communicate())
    behind = 0
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        while not (await asyncio.wait({reading}, timeout=1.0))[0]:
            found = re.search(r"^tandem_queue (\d+)", (await client.get("/metrics")).text, re.MULTILINE)
            behind = max(behind, int(found[1]) if found else 0)
    out, _ = await reading
    working.cancel()
    server.stop()
    await serving
    return json.loads(out), behind


@bench("screen.p99_ms_50", "ms", hold=25)
def screens() -> Figure:
    with scratch() as folder:
        heard, _ = asyncio.run(run(folder, 50, 0, ""))
    poses, events = heard["late_ms"]["pose"], heard["late_ms"]["happened"]
    note = (
        f"poses p50 {percentile(poses, 0.5):.1f} p99 {percentile(poses, 0.99):.1f}, "
        f"events p50 {percentile(events, 0.5):.1f} p99 {percentile(events, 0.99):.1f}; "
        f"12 poses at 30 Hz and {EVENTS_PER_S} events/s, screens on the same cores"
    )
    return Figure(max(percentile(poses, 0.99), percentile(events, 0.99)), len(poses) + len(events), note)


@bench("stall.gap_s", "s", hold=0.2)
def stall() -> Figure:
    with scratch() as folder:
        heard, behind = asyncio.run(run(folder, 20, 1, "x" * 50_000))
    if behind < EVENTS_PER_S:
        message = "The stalled screen did not stall, so nothing was measured."
        raise RuntimeError(message)
    return Figure(heard["gap_s"], 19, f"19 screens; the stalled one was {behind} messages behind in the end")
