"""Frames of a WebSocket that carry no message: floods of them end their connection, and nobody else's."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

from orchestrator.http.frames import FRAMES
from orchestrator.http.server import WebServer, create_app
from orchestrator.wire import SUBPROTOCOL
from tests.unit.http_fakes import FakeDesk, enter, hear, say, screen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

MANY = 20 * int(FRAMES.messages)
WAIT_S = 60.0  # a connection that is never ended fails a test by this
EMPTY = {
    "pings": b"\x89\x80\0\0\0\0",
    "pongs": b"\x8a\x80\0\0\0\0",
    "pings of full size": b"\x89\xfd\0\0\0\0" + b"x" * 125,
    "empty pieces of a message": b"\x00\x80\0\0\0\0",
}


def served(root: Path, scenario: Callable[[WebServer], Any]) -> None:
    async def run() -> None:
        server = WebServer(create_app(FakeDesk(root / "desk")), port=0)
        running = asyncio.ensure_future(server.run())
        await server.started()
        try:
            await asyncio.wait_for(scenario(server), WAIT_S)
        finally:
            server.stop()
            await running

    asyncio.run(run())


@pytest.mark.parametrize("kind", EMPTY)
def test_a_flood_of_frames_without_a_message_ends_its_connection_alone(tmp_path: Path, kind: str) -> None:
    async def scenario(server: WebServer) -> None:
        async with screen(server) as stays, screen(server) as page:
            await enter(stays)
            await enter(page)
            if kind == "empty pieces of a message":
                page.transport.write(b"\x01\x80\0\0\0\0")
            page.transport.write(EMPTY[kind] * MANY)
            with suppress(ConnectionClosed):
                while True:
                    await page.recv()
            assert page.close_code in {1008, 1006}, "a reset may overtake the word"
            await say(stays, type="ping")
            await hear(stays, "pong")

    served(tmp_path, scenario)


def test_pings_are_answered_and_a_message_in_pieces_is_one(tmp_path: Path) -> None:
    async def scenario(server: WebServer) -> None:
        async with screen(server) as page:
            await enter(page)
            for _ in range(int(FRAMES.messages) // 4):
                await (await page.ping())
            pieces = ['{"type":', *(" " for _ in range(int(FRAMES.messages) // 2)), '"ping"}']
            await page.send(iter(pieces))
            await hear(page, "pong")

    served(tmp_path, scenario)


def test_who_reads_no_answers_to_its_pings_has_few_of_them_kept(tmp_path: Path) -> None:
    async def scenario(server: WebServer) -> None:
        async with screen(server) as page:
            await enter(page)
            page.transport.pause_reading()
            (held,) = server._server.server_state.connections
            page.transport.write(EMPTY["pings of full size"] * MANY)
            while not held.transport.is_closing():
                assert held.transport.get_write_buffer_size() <= 131 * FRAMES.messages
                await asyncio.sleep(0)
            page.transport.resume_reading()

    served(tmp_path, scenario)


def test_who_goes_on_sending_after_being_sent_away_is_cut_off(tmp_path: Path) -> None:
    async def scenario(server: WebServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        asks = (
            f"GET /ws HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            f"sec-websocket-version: 13\r\nsec-websocket-key: {'A' * 22}==\r\n"
            f"sec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n"
        )
        writer.write(asks.encode())
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        ended = asyncio.ensure_future(reader.read())  # the end of the connection: it never says goodbye by itself
        with suppress(ConnectionError):
            while not ended.done():
                writer.write(b"\x81\x82\0\0\0\0{}" * 500)
                await writer.drain()
        await asyncio.gather(ended, return_exceptions=True)
        writer.transport.abort()
        count = server._socket.turned_away
        assert count is not None
        registry = count.__self__.registry  # type: ignore[attr-defined] # the metrics'
        assert registry.get_sample_value("tandem_turned_away_total", {"code": "frames"}) == 1

    served(tmp_path, scenario)
