"""Who only looks on can't hurt: recorders, scrapers and screens that block, crash or never read delay no decision."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.engine.aside import Aside
from tests.unit.cell_bench import bench
from tests.unit.http_fakes import FakeDesk, browser, enter, hear, order_view, say, screen, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh

STALLED = 20


def _raises(_before: State, _after: State, _events: Sequence[Fresh]) -> None:
    raise RuntimeError("the recorder's disk is gone")


def story(folder: Path, observer: Callable[..., None] | None) -> list[tuple[float, str]]:
    """Build a unit and return when what happened."""

    async def main() -> list[tuple[float, str]]:
        async with bench(folder) as cell:
            if observer is not None:
                cell.cell.runner.bus.join(observer)
            await cell.begin()
            await cell.ended()
            assert cell.record()["state"] == "done"
            return [(item.t, item.event.type) for item in cell.fresh]

    return run_virtual(main)


def test_a_recorder_that_blocks_for_ever_or_crashes_each_time_changes_no_time_of_any_event(folder: Path) -> None:
    """The clock is virtual, so that the least delay would show."""
    alone = story(folder, None)
    stuck = threading.Event()
    blocked = Aside(lambda *_batch: stuck.wait() and None, most=5)
    crashing = Aside(_raises)
    try:
        assert story(folder, blocked.observe) == alone
        assert blocked.missed > 0
        assert story(folder, crashing.observe) == alone
        assert crashing.missed == 0
    finally:
        blocked.close()
        crashing.close()
        stuck.set()


def test_a_recorder_aside_gets_every_batch_in_order_and_goes_on_after_its_own_crash(folder: Path) -> None:
    seqs: list[int] = []
    whole = threading.Event()

    def record(_before: State, after: State, events: Sequence[Fresh]) -> None:
        seqs.extend(item.seq for item in events)
        if any(item.event.type == "unit_ended" for item in events):
            whole.set()
        if after.seq % 7 == 0:
            raise RuntimeError("now and then")

    aside = Aside(record)
    told = story(folder, aside.observe)
    assert whole.wait(30)
    aside.close()
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert len(seqs) >= len(told)


@pytest.mark.parametrize("kind", ["metrics", "screen"])
def test_clients_that_ask_and_never_read_delay_nobody_else(tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, screen(server) as board:
            host, port = "127.0.0.1", server.port
            stalled = [await asyncio.open_connection(host, port, limit=1) for _ in range(STALLED)]
            upgrade = (
                "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Protocol: tandem.v1\r\n\r\n"
            )
            ask = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 50 if kind == "metrics" else upgrade
            for reader, writer in stalled:
                reader._transport.pause_reading()  # type: ignore[attr-defined] # it never reads a byte
                writer.write(ask.encode())
            await enter(board)
            for n in range(300):
                desk.screen.put(f"order/{n}", order_view(str(n)))
                await say(board, type="command", id=f"hold-{n}", command={"type": "change_cell", "verb": "hold"})
                answer = await hear(board, "answer")
                assert answer["payload"]["id"] == f"hold-{n}"
            async with browser(server) as client:
                assert (await client.get("/metrics")).status_code == 200
            for _, writer in stalled:
                writer.transport.abort()
        assert len(desk.asked) == 300

    asyncio.run(main())
