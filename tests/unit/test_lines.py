"""Attacks on connections: many of one address, floods, handshakes that do not end, heads byte by byte, no HTTP."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from orchestrator.adapters.access.authority import Authority
from orchestrator.adapters.access.tls import Tls
from orchestrator.http import openapi
from orchestrator.http.lines import CRUMB, PIECES, REFUSED_AT_ONCE, Listener
from orchestrator.http.pace import Limits
from orchestrator.http.server import WebServer, create_app
from tests.unit.http_fakes import FakeDesk, hear, say, screen
from tests.unit.test_tls import NAMES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HEAD = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n"
SOON_S = 0.2
WAIT_S = 60.0  # a server that never cuts a connection fails a test by this


@asynccontextmanager
async def serving(root: Path, *, tls: bool = True, **limits: Any) -> AsyncIterator[tuple[WebServer, ssl.SSLContext]]:
    """Run a real server on loopback, and return what trusts it."""
    authority = Authority(root / "tls", NAMES)
    context = Tls(*authority.files, authority).context if tls else None
    server = WebServer(create_app(FakeDesk(root / "desk")), port=0, tls=context, **limits)
    running = asyncio.ensure_future(server.run())
    try:
        await server.started()
        yield server, ssl.create_default_context(cafile=root / "tls" / "ca.crt")
    finally:
        server.stop()
        await running


def attack(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


async def cut(reader: asyncio.StreamReader) -> bytes:
    """Return what a server still said before it cut the connection."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def healthy(server: WebServer, trusted: ssl.SSLContext | bool) -> None:
    """Fail where somebody who belongs is not served."""
    async with httpx.AsyncClient(verify=trusted, trust_env=False) as browser:
        assert (await browser.get(f"{server.url}/healthz")).status_code == 200


async def turned_away(server: WebServer, trusted: ssl.SSLContext | bool, code: str) -> bool:
    async with httpx.AsyncClient(verify=trusted, trust_env=False) as browser:
        return f'tandem_turned_away_total{{code="{code}"}}' in (await browser.get(f"{server.url}/metrics")).text


def test_one_address_holds_so_many_connections_and_others_are_served(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, per_address=3) as (server, trusted):
            held = [await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted) for _ in range(3)]
            for _ in range(5):  # neither by TLS nor before it
                with pytest.raises((ConnectionError, ssl.SSLError)):
                    await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted)
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                assert await cut(reader) == b""
                writer.close()
            other = await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=trusted, local_addr=("127.0.0.2", 0), server_hostname="127.0.0.1"
            )
            other[1].write(HEAD + b"connection: close\r\n\r\n")
            assert b"200" in await other[0].readline()
            held[0][1].close()
            await held[0][1].wait_closed()
            assert await again(server, trusted) == 200, "who lets one go has one more"
            for _, writer in (*held[1:], other):
                writer.transport.abort()
            assert await turned_away(server, trusted, "connections")

    attack(scenario)


def test_a_connection_reset_and_made_again_from_its_port_is_counted_down_like_others() -> None:
    """Both have the same other end, and the first one ends when the second one has long been taken."""

    def connect(to: Any, port: int) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.bind(("127.0.0.1", port))
        client.connect(to)
        return client

    async def scenario() -> None:
        with Listener(socket.AF_INET, socket.SOCK_STREAM, 0, per_address=2) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            for _ in range(5):  # each pair would leave one more behind
                first = connect(listener.getsockname(), 0)
                port = first.getsockname()[1]
                taken = [listener.accept()]
                first.close()
                with connect(listener.getsockname(), port):
                    taken.append(listener.accept())
                    assert taken[0][1] == taken[1][1]
                    for line, _ in taken:
                        line.close()

    attack(scenario)


async def again(server: WebServer, trusted: ssl.SSLContext) -> int:
    """Ask until a connection is taken: the server hears a little later that another has gone."""
    while True:
        try:
            async with httpx.AsyncClient(verify=trusted, trust_env=False) as browser:
                return (await browser.get(f"{server.url}/healthz")).status_code
        except httpx.TransportError:
            await asyncio.sleep(0)


def test_connections_are_counted_down_as_they_end_however_they_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, per_address=2, handshake_s=SOON_S) as (server, trusted):
            for n in range(12):
                if n % 3 == 0:  # no TLS at all
                    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                    writer.write(HEAD + b"\r\n")
                    await cut(reader)
                    writer.close()
                elif n % 3 == 1:  # reset in the middle of a handshake
                    raw = socket.create_connection(("127.0.0.1", server.port))
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    raw.close()
                else:
                    assert await again(server, trusted) == 200

    attack(scenario)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"])
def test_a_handshake_that_does_not_end_is_cut(tmp_path: Path, said: bytes) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, handshake_s=SOON_S) as (server, trusted):
            lines = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(20)]
            for _, writer in lines:
                writer.write(said)
            await healthy(server, trusted)
            for reader, writer in lines:
                await cut(reader)
                writer.close()
            assert await turned_away(server, trusted, "handshake")

    attack(scenario)


def test_a_handshake_byte_by_byte_is_cut_at_the_same_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, handshake_s=SOON_S) as (server, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            ended = asyncio.ensure_future(cut(reader))
            hello = b"\x16\x03\x01\x02\x00" + b"\x01\x00\x01\xfc\x03\x03" + bytes(500)
            for n in range(len(hello) - 1):
                if ended.done():
                    break
                writer.write(hello[n : n + 1])
                await asyncio.sleep(0.01)
            assert await ended == b"", "it was cut before its end came"
            writer.close()

    attack(scenario)


@pytest.mark.parametrize("tls", [True, False])
def test_a_head_byte_by_byte_is_cut(tmp_path: Path, tls: bool) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, tls=tls, request_s=SOON_S) as (server, trusted):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted if tls else None)
            ended = asyncio.ensure_future(cut(reader))
            while not ended.done():
                writer.write(b"x")
                await asyncio.sleep(0.01)
            assert await ended == b""
            writer.close()
            assert await turned_away(server, trusted, "head")

    attack(scenario)


@pytest.mark.parametrize("tls", [True, False])
def test_a_connection_that_asks_for_nothing_is_cut(tmp_path: Path, tls: bool) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, tls=tls, request_s=SOON_S) as (server, trusted):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted if tls else None)
            assert await cut(reader) == b""
            writer.close()

    attack(scenario)


def test_the_second_head_on_a_connection_has_no_more_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, tls=False, request_s=SOON_S) as (server, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(HEAD + b"\r\n" + HEAD)  # the rest never comes
            said = await cut(reader)
            assert said.count(b"HTTP/1.1 200") == 1
            writer.close()

    attack(scenario)


def test_a_screen_outlives_these_limits(tmp_path: Path) -> None:
    async def scenario() -> None:
        limits: dict[str, Any] = {"tls": False, "request_s": SOON_S, "handshake_s": SOON_S}
        async with serving(tmp_path, **limits) as (server, _), screen(server) as page:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            assert await cut(reader) == b"", "as long as that takes"
            writer.close()
            await say(page, type="ping")
            assert (await hear(page, "pong"))["type"] == "pong"

    attack(scenario)


# ---- floods ------------------------------------------------------------------------------------------------------

NEVER = 1 / 86_400  # a second: what is used up stays so
FREE = Limits(messages_per_s=1e6, messages=1e6)


async def counted(server: WebServer, trusted: ssl.SSLContext, code: str, times: int) -> None:
    """Ask from one other address after the other until so many were turned away for this."""
    for n in itertools.count():
        transport = httpx.AsyncHTTPTransport(verify=trusted, local_address=f"127.0.{1 + n // 250}.{1 + n % 250}")
        async with httpx.AsyncClient(transport=transport) as browser:
            told = (await browser.get(f"{server.url}/metrics")).text
        rest = told.partition(f'tandem_turned_away_total{{code="{code}"}} ')[2]
        if float(rest.partition("\n")[0] or 0) >= times:
            return


@pytest.mark.parametrize("limited", ["connection", "address"])
def test_who_asks_faster_than_the_pace_waits_and_others_are_served(tmp_path: Path, limited: str) -> None:
    most, lines = 20, 4

    async def scenario() -> None:
        paces: dict[str, Any] = {"address_pace": FREE, "connection_pace": FREE}
        paces[f"{limited}_pace"] = Limits(messages_per_s=NEVER, messages=most)
        async with serving(tmp_path, **paces) as (server, trusted):
            held = [await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted) for _ in range(lines)]
            heard = [asyncio.ensure_future(reader.read()) for reader, _ in held]
            for _, writer in held:
                writer.write((HEAD + b"\r\n") * 4 * most)
            await counted(server, trusted, "pace", lines)
            if limited == "address":  # it is all used up, for what comes anew as well
                with pytest.raises((ConnectionError, ssl.SSLError)):
                    await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted)
            else:
                await healthy(server, trusted)
            for _, writer in held:
                writer.transport.abort()
            answered = [said.count(b"200 OK") for said in await asyncio.gather(*heard)]
            assert sum(answered) <= (most + lines if limited == "address" else lines * (most + 1)), answered
            assert all(answered), "each was heard once"

    attack(scenario)


def test_who_has_waited_is_heard_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        pace = Limits(messages_per_s=200, messages=1)
        async with serving(tmp_path, address_pace=FREE, connection_pace=pace) as (server, trusted):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted)
            writer.write((HEAD + b"\r\n") * 30 + HEAD + b"connection: close\r\n\r\n")
            assert (await cut(reader)).count(b"200 OK") == 31
            writer.close()
            assert await turned_away(server, trusted, "pace")

    attack(scenario)


def test_many_that_are_refused_at_once_leave_everything_else_its_turn() -> None:
    async def scenario() -> None:
        listener = Listener(socket.AF_INET, socket.SOCK_STREAM, 0, per_address=0)
        turned: list[str] = []
        listener.turned_away = turned.append
        listener.bind(("127.0.0.1", 0))
        listener.listen(4 * REFUSED_AT_ONCE)
        listener.setblocking(False)
        callers = [socket.create_connection(listener.getsockname()) for _ in range(2 * REFUSED_AT_ONCE)]
        with pytest.raises(BlockingIOError):
            listener.accept()
        assert turned == ["connections"] * REFUSED_AT_ONCE
        for each in (*callers, listener):
            each.close()

    asyncio.run(scenario())


def test_what_is_no_http_is_counted_and_writes_no_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with serving(tmp_path) as (server, trusted):
            for said in (b"\0\1\2\r\n\r\n", b"GET /" + b"x" * 100_000, HEAD * 9 + b"\r\n"):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted)
                writer.write(said)
                assert b"400" in await cut(reader)
                writer.close()
            for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"):  # no TLS, and a broken one
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(said)
                await cut(reader)
                writer.close()
            await healthy(server, trusted)
            assert await turned_away(server, trusted, "no_http")

    attack(scenario)
    assert caplog.records == []


def test_a_body_in_crumbs_is_refused_and_one_in_pieces_is_taken(tmp_path: Path) -> None:
    head = HEAD.replace(b"GET /healthz", b"POST /api/v1/orders") + b"content-type: application/json\r\n"
    crumbs = head + b"transfer-encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 20 * PIECES
    whole = b"{" + b" " * 2 * PIECES * CRUMB + b"}"
    middle = len(whole) // 2
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (whole[:middle], whole[middle:], b""))

    async def scenario() -> None:
        async with serving(tmp_path) as (server, trusted):
            sound = head + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n" + pieces
            for said, answer in ((crumbs, b"HTTP/1.1 400"), (sound, b"HTTP/1.1 422")):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusted)
                writer.write(said)
                assert (await reader.readline()).startswith(answer)
                writer.transport.abort()
            await healthy(server, trusted)
            assert await turned_away(server, trusted, "no_http")

    attack(scenario)


def test_what_describes_all_routes_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []

    def completed(schema: dict[str, Any], *, login: bool) -> dict[str, Any]:
        made.append(login)
        return schema

    monkeypatch.setattr(openapi, "completed", completed)

    async def scenario() -> None:
        async with serving(tmp_path, tls=False) as (server, _), httpx.AsyncClient(trust_env=False) as browser:
            told = [(await browser.get(f"{server.url}/api/v1/openapi.json")).json()["openapi"] for _ in range(3)]
            assert len(set(told)) == len(made) == 1

    attack(scenario)
