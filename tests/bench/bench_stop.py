"""How long a stop takes to reach the motion while screens listen and a check runs."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb
from orchestrator.core.ports import Outcome
from orchestrator.engine.gate import Gate
from orchestrator.http.server import WebServer, create_app
from tests.bench.bench_stream import BusyDesk
from tests.bench.bench_vision import BRACKET, TABLE
from tests.bench.cells import BenchCell, BriskCrew, library
from tests.bench.report import Figure, bench, percentile, scratch
from tests.depth_scenes import Photographer, request, write_parts

if TYPE_CHECKING:
    from orchestrator.core.ports import CheckRequest, Shot
    from orchestrator.core.react import RunSkill
    from orchestrator.wire import Answer

STOPS = 200
SCREENS = 50


class EndlessMotion:
    """A motion that ends only when it is cancelled, and notes when that was."""

    def __init__(self) -> None:
        self.canceled_at = 0.0
        self._ended = asyncio.Event()

    async def accepted(self) -> bool:
        """The goal is taken."""
        return True

    async def feedback(self) -> Any:
        """There is none."""
        for progress in ():
            yield progress

    async def result(self) -> Outcome:
        """Wait for the end."""
        await self._ended.wait()
        return Outcome("canceled")

    async def cancel(self) -> Outcome:
        """Note the time and stand."""
        self.canceled_at = self.canceled_at or time.perf_counter()
        self._ended.set()
        return Outcome("canceled")


class MovingCrew(BriskCrew):
    """Every skill is one motion without an end, through the real gate."""

    def __init__(self, cell: BenchCell) -> None:
        super().__init__(cell.runner, cell.clock)
        self.moving: asyncio.Queue[EndlessMotion] = asyncio.Queue()

    async def skill(self, effect: RunSkill) -> cmd.EndSkill:
        """Move until cancelled."""
        motion = EndlessMotion()

        def start() -> EndlessMotion:
            self.moving.put_nowait(motion)
            return motion

        await Gate(self._runner, effect.id, motion.cancel).run(start, text="bench")
        raise AssertionError("the motion ended by itself")


class StopDesk(BusyDesk):
    """The busy desk of the streaming bench in front of a real runner and its live screen."""

    def __init__(self, folder: Path, cell: BenchCell) -> None:
        super().__init__(folder)
        self.cell = cell
        self.screen = cell.screen  # type: ignore[assignment]

    async def submit(self, request: cmd.Request) -> Answer:
        """Hand in a command."""
        return await self.cell.submit(request)


@bench("stop.cancel_p99_ms", "ms", hold=10)
def stop() -> list[Figure]:
    with scratch() as folder, tempfile.TemporaryDirectory() as meshes:
        write_parts(Path(meshes))
        shot = Photographer(Path(meshes), seed=5).shoot([TABLE, BRACKET])
        took_ms, checks = asyncio.run(_stops(folder, Path(meshes), request(BRACKET, [TABLE]), shot))
    note = (
        f"hold handed in to the motion's cancel, through runner and gate; {SCREENS} screens of another process are "
        f"connected throughout, with 12 poses at 30 Hz; a pose check runs in its own process at each stop, {checks} "
        "ended ok meanwhile; the motion is a stub"
    )
    return [
        Figure(percentile(took_ms, 0.99), len(took_ms), note),
        Figure(percentile(took_ms, 0.5), len(took_ms), "the same stops", name="stop.cancel_p50_ms"),
    ]


async def _stops(folder: Path, meshes: Path, asks: CheckRequest, shot: Shot) -> tuple[list[float], int]:
    cell = BenchCell(library(), SqliteJournal(folder / "cell.journal"))
    crew = MovingCrew(cell)
    cell.runner.crew = crew
    vision = VisionOpen3D(meshes)
    checks = 0
    checking = asyncio.Event()

    async def look() -> None:
        nonlocal checks
        while True:
            checking.set()
            check = await vision.check(asks, shot)
            checking.clear()
            assert check.verdict == "ok", check.reason
            checks += 1

    server = WebServer(create_app(StopDesk(folder / "desk", cell)), port=0)
    serving = asyncio.ensure_future(server.run())
    await server.started()
    url = server.url.replace("http", "ws") + "/ws"
    command = [sys.executable, "-m", "tests.bench.screens", url, str(SCREENS), "0", "600", "0"]
    screens = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    took_ms: list[float] = []
    async with cell.running():
        assert await vision.warm_up() != os.getpid()
        looking = asyncio.ensure_future(look())
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            while await _connected(client) < SCREENS:
                assert screens.returncode is None, "the screens ended"
                await asyncio.sleep(0.1)
        await cell.begin(1)
        for n in range(STOPS):
            motion = await crew.moving.get()
            await asyncio.sleep(0.005 + 0.0013 * (n % 16))  # not always at the same moment of the poses' beat
            assert not looking.done(), looking.result()
            await checking.wait()
            began = time.perf_counter()
            assert (await cell.do(cmd.ChangeCell(verb=CellVerb.HOLD))).ok
            await cell.runner.until(lambda state: state.cell == CellState.HELD)
            took_ms.append((motion.canceled_at - began) * 1000)
            assert (await cell.do(cmd.Acknowledge())).ok
            assert (await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))).ok
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            assert await _connected(client) == SCREENS
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    screens.kill()
    await screens.wait()
    server.stop()
    await serving
    await vision.close()
    await cell.journal.close()
    return took_ms, checks


async def _connected(client: httpx.AsyncClient) -> int:
    """Return how many screens the server says are connected."""
    found = re.search(r"^tandem_clients (\d+)", (await client.get("/metrics")).text, re.MULTILINE)
    return int(found[1]) if found else 0
