"""A served cell in a process of its own, attacked over its network: it tells nothing, logs no secret, and goes on."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from orchestrator.http.pace import Limits
from orchestrator.wire import SUBPROTOCOL
from tests.served_lan import WAIT_S, Served, request, serving_lan
from tests.unit.http_fakes import enter, hear, say
from tests.unit.test_http_fuzz import spoilt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HALF_OPEN = 150


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_lan(tmp_path_factory.mktemp("data")) as found:
        yield found


def attack(scenario: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), WAIT_S))


# ---- WebSocket ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_junk_over_a_real_socket_is_answered_or_ends_that_connection_alone(served: Served, seed: int) -> None:
    async def scenario() -> None:
        rng = random.Random(seed)
        async with served.page() as stays:
            await enter(stays)
            # Read after each message: a client with a full queue never hears that it was sent away, and sends for ever.
            async with served.page(cookie="", authorization=f"Bearer {served.secrets['key']}") as page:
                with suppress(ConnectionClosed):
                    for n in range(Limits().refused * 3):
                        await page.send(rng.randbytes(rng.randrange(300)) if n % 3 == 0 else spoilt(rng))
                        await say(page, type="ping")
                        while (heard := json.loads(await page.recv()))["type"] != "pong":
                            assert heard.get("payload", {}).get("code") != "internal", heard
                with suppress(ConnectionClosed):
                    while True:
                        await page.recv()
                assert page.close_code == 1008
            await say(stays, type="ping")
            await hear(stays, "pong")

    attack(scenario)


@pytest.mark.parametrize("way", ["one frame", "fragments", "a length that is a lie", "no mask", "a reserved opcode"])
def test_frames_that_are_none_or_too_large_end_the_connection_unread(served: Served, way: str) -> None:
    async def scenario() -> None:
        async with served.page() as page:
            await enter(page)
            transport = page.transport
            match way:
                case "one frame":
                    with suppress(ConnectionClosed):
                        await page.send("x" * 4_000_000)
                case "fragments":
                    with suppress(ConnectionClosed, RuntimeError):
                        await page.send("x" * 60_000 for _ in range(100))
                case "a length that is a lie":
                    transport.write(b"\x81\xff" + (2**62).to_bytes(8) + b"\0\0\0\0" + b"x" * 1000)
                case "no mask":
                    transport.write(b"\x81\x05hello")
                case "a reserved opcode":
                    transport.write(b"\x83\x85\0\0\0\0hello")
            with suppress(ConnectionClosed):
                while True:
                    await page.recv()
            assert page.close_code in {1002, 1003, 1006, 1009}, page.close_code
        await served.alive()

    attack(scenario)


def test_before_sign_in_a_socket_gets_nothing_whatever_it_sends(served: Served) -> None:
    async def scenario() -> None:
        for headers in (
            {"cookie": ""},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": f"http://127.0.0.1:{served.port}"},
            {"cookie": served.cookie.replace(served.secrets["session"], "A" * 43)},
        ):
            with pytest.raises(InvalidStatus) as refused:
                await served.page(**headers)
            assert refused.value.response.status_code in {401, 403}, headers
        upgrade = request(
            "GET /ws HTTP/1.1",
            "upgrade: websocket",
            f"sec-websocket-protocol: {SUBPROTOCOL}",
            "sec-websocket-version: 13",
            "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
        ).replace(b"connection: close", b"connection: upgrade")
        heard = await served.raw(upgrade + b"\x81\x85\0\0\0\0hello" * 50)
        assert heard.startswith(b"HTTP/1.1 401"), heard[:100]
        await served.alive()

    attack(scenario)


# ---- lines -------------------------------------------------------------------------------------------------------


def test_half_open_handshakes_hold_nobody_up(served: Served) -> None:
    async def scenario() -> None:
        lines = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(HALF_OPEN)]
        for n, line in enumerate(lines):
            line.send([b"\x16\x03\x01", b"\x16\x03\x01\x02\0" + b"\x01\0\x01\xfc", b""][n % 3])
        await served.alive()
        for line in lines:
            line.close()

    attack(scenario)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/instructions/../../access.db",
        "/assets/instructions/..%2f..%2faccess.db",
        "/assets/instructions/%2e%2e/%2e%2e/access.db",
        "/assets/instructions//etc/passwd",
        "/assets/instructions/a%00.png",
        "/api/v1/evidence/../access.db",
        "/api/v1/evidence/..%2faccess.db",
        "/api/v1/evidence/%2e%2e%2ftls%2fca.key",
        "/api/v1/evidence/..%5caccess.db",
        "/api/v1/evidence/%252e%252e/access.db",
        "/api/v1/evidence/removed/../../journal.db",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../../../etc/passwd",
    ],
)
def test_no_path_leads_out_also_for_who_is_signed_in(served: Served, path: str) -> None:
    async def scenario() -> None:
        for line in (f"GET {path} HTTP/1.1", f"GET {served.url}{path} HTTP/1.1"):
            host = f"127.0.0.1:{served.port}"
            heard = await served.raw(request(line, f"cookie: {served.cookie}", host=host))
            head, _, body = heard.partition(b"\r\n\r\n")
            assert re.match(rb"HTTP/1\.1 (404|400|422|200)", head), head[:60]
            assert b" 200 " not in head[:20] or b"text/html" in head, head
            for inside in (b"SQLite format", b"root:", b"PRIVATE KEY"):
                assert inside not in body

    attack(scenario)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "127.0.0.1@evil", "%31"])
def test_a_foreign_host_gets_nothing(served: Served, host: str) -> None:
    async def scenario() -> None:
        forwarded = ("x-forwarded-host: 127.0.0.1", "x-forwarded-for: 127.0.0.1", "forwarded: host=127.0.0.1")
        for line in ("GET /api/v1/cell HTTP/1.1", f"GET {served.url}/api/v1/cell HTTP/1.1"):
            heard = await served.raw(request(line, f"cookie: {served.cookie}", *forwarded, host=host))
            assert heard.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400")), heard[:100]

    attack(scenario)


def test_a_request_is_not_smuggled_in_another(served: Served) -> None:
    async def scenario() -> None:
        hidden = request("GET /healthz HTTP/1.1", host=f"127.0.0.1:{served.port}")
        for lengths in (
            ("content-length: 4", "transfer-encoding: chunked"),
            ("content-length: 4", "content-length: 5"),
            ("transfer-encoding: chunked, identity",),
            ("transfer-encoding : chunked",),
            ("content-length: -1",),
            ("content-length: 1_0",),
        ):
            start = request("POST /api/v1/access/join HTTP/1.1", *lengths).replace(b"connection: close", b"a: b")
            heard = await served.raw(start + b"0\r\n\r\n" + hidden)
            assert heard.count(b"HTTP/1.1 200") == 0, (lengths, heard[:200])
        await served.alive()

    attack(scenario)


# ---- logs --------------------------------------------------------------------------------------------------------


def test_zz_whatever_was_sent_no_secret_stands_in_what_the_server_said(served: Served) -> None:
    secrets = served.secrets

    async def scenario() -> None:
        for name, secret in secrets.items():
            lines = (
                f"GET /?{name}={secret} HTTP/1.1",
                f"GET /join?code={secret} HTTP/1.1",
                f"GET /api/v1/access?secret={secret} HTTP/1.1",
                f"GET /api/v1/evidence/{secret} HTTP/1.1",
                f"GET /{secret} HTTP/1.1",
                f"GET /ws?token={secret} HTTP/1.1",
                f"BREW /{secret} HTTP/1.1",
                f"GET /{secret}\x01 HTTP/1.1",
            )
            for line in lines:
                await served.raw(request(line, f"authorization: Bearer {secret}", f"x: {secret}"), "127.0.0.4")
            for body in (f'{{"person": "berta", "secret": "{secret}", "x": 1', f'{{"code": "{secret}", "badge": 7}}'):
                for route in ("sign-in", "join", "oidc/finish"):
                    size = f"content-length: {len(body)}"
                    kind = "content-type: application/json"
                    line, cookie = f"POST /api/v1/access/{route} HTTP/1.1", f"cookie: {served.cookie}"
                    asked = request(line, size, kind, cookie, body=body.encode())
                    await served.raw(asked, "127.0.0.5")
        async with served.page(cookie="", authorization=f"Bearer {secrets['key']}") as page:
            for secret in secrets.values():
                await page.send(f'{{"type": "{secret}"}}')
        await served.alive()

    attack(scenario)
    served.process.send_signal(signal.SIGTERM)
    said = served.process.communicate(timeout=WAIT_S)[0]
    assert "kept" in said, "it has ended in order"
    assert not [name for name, secret in secrets.items() if secret in said]
    assert "Traceback" not in said
    assert len(said) < 5_000, "no line for each attack"
    written = b"".join(path.read_bytes() for path in served.data.rglob("*") if path.is_file())
    assert not [name for name, secret in secrets.items() if secret.encode() in written and name != "pin"]
