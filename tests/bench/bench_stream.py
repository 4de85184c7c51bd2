"""How late screens hear of things, and what one stalled screen does to the others. Screens run in a process apart."""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
import time
from dataclasses import dataclass, replace
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
SCREENS = (10, 50, 100, 200)
BOARD_MESSAGES_PER_S = 5  # two for each event: what changed, and what happened
LINKS = 12


class BusyDesk(FakeDesk):
    """A cell whose robot never stands still and where events keep happening."""

    def poses(self) -> tuple[PoseFrame, ...]:
        """Return 12 link poses, all changed since the last call."""
        now = time.monotonic()
        turn = Pose.from_rpy((0, 0, 0), (0, 0, now))
        poses = {f"link_{n}": Pose((math.sin(now + n), math.cos(now), n / 10), turn.q) for n in range(LINKS)}
        return (PoseFrame(topic="robot", t=now, poses=poses),)

    async def work(self, padding: str, per_s: float) -> None:
        """Let events happen until cancelled; each changes the cell's view, which `padding` makes as large as wanted."""
        seq = 0
        while True:
            seq += 1
            self.screen.put("cell", cell_view(reason=padding))
            self.screen.tell(
                Happened(seq=seq, t=time.monotonic(), type="step_done", subject="u1", text="A step is done.")
            )
            await asyncio.sleep(1 / per_s)


@dataclass(frozen=True)
class Load:
    """So many screens at once: `stalled` of them stop reading; boards want no poses."""

    count: int
    stalled: int = 0
    boards: bool = False


async def run(
    folder: Path, *loads: Load, padding: str = "", per_s: float = EVENTS_PER_S
) -> list[tuple[dict[str, Any], int]]:
    """Serve screens of another process, load after load; return what each heard and how far one fell behind."""
    desk = BusyDesk(folder)
    server = WebServer(create_app(desk), port=0)
    serving = asyncio.ensure_future(server.run())
    await server.started()
    working = asyncio.ensure_future(desk.work(padding, per_s))
    out = [await watched(server.url, load) for load in loads]
    working.cancel()
    server.stop()
    await serving
    return out


async def watched(server: str, load: Load) -> tuple[dict[str, Any], int]:
    """Let one load of screens watch a server."""
    url = server.replace("http", "ws") + "/ws"
    numbers = [str(value) for value in (load.count, load.stalled, SECONDS, int(load.boards))]
    command = [sys.executable, "-m", "tests.bench.screens", url, *numbers]
    screens = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    reading = asyncio.ensure_future(screens.communicate())
    behind = 0
    async with httpx.AsyncClient(base_url=server, trust_env=False) as client:
        while not (await asyncio.wait({reading}, timeout=1.0))[0]:
            found = re.search(r"^tandem_queue (\d+)", (await client.get("/metrics")).text, re.MULTILINE)
            behind = max(behind, int(found[1]) if found else 0)
    out, _ = await reading
    if screens.returncode:
        message = f"{load.count} screens did not hold their lines."
        raise RuntimeError(message)
    return json.loads(out), behind


def late(heard: dict[str, Any], name: str, hold: float | None) -> Figure:
    """Return the 99th percentile of how late poses or events came, whichever is later."""
    kinds = {kind: values for kind, values in heard["late_ms"].items() if values}
    said = ", ".join(f"{kind} p50 {percentile(v, 0.5):.1f} p99 {percentile(v, 0.99):.1f}" for kind, v in kinds.items())
    worst = max(percentile(values, 0.99) for values in kinds.values())
    return Figure(worst, sum(map(len, kinds.values())), said, name=name, hold=hold)


@bench("screen.p99_ms_50", "ms", hold=25)
def screens() -> list[Figure]:
    """Measure 10 to 200 screens in one run, on one server: 12 poses at 30 Hz, and events."""
    with scratch() as folder:
        heard = asyncio.run(run(folder, *(Load(count) for count in SCREENS)))
    return [
        late(each, f"screen.p99_ms_{count}", 25 if count == 50 else None)
        for count, (each, _) in zip(SCREENS, heard, strict=True)
    ]


@bench("board.p99_ms_500", "ms")
def boards() -> Figure:
    """Measure 500 boards, which want no poses, at 5 messages/s."""
    with scratch() as folder:
        ((heard, behind),) = asyncio.run(run(folder, Load(500, boards=True), per_s=BOARD_MESSAGES_PER_S / 2))
    figure = late(heard, "board.p99_ms_500", None)
    return replace(figure, note=f"{figure.note}; at most {behind} messages behind; clients on the same cores")


@bench("stall.gap_s", "s", hold=0.2)
def stall() -> Figure:
    with scratch() as folder:
        ((heard, behind),) = asyncio.run(run(folder, Load(20, stalled=1), padding="x" * 50_000))
    if behind < EVENTS_PER_S:
        message = "The stalled screen did not stall, so nothing was measured."
        raise RuntimeError(message)
    return Figure(heard["gap_s"], 19, f"19 screens; the stalled one was {behind} messages behind in the end")
