"""The door: hosts, origins, sizes and headers, against a real server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus

from orchestrator.http.guard import MAX_BODY
from tests.unit.http_fakes import FakeDesk, browser, enter, screen, serving

if TYPE_CHECKING:
    from pathlib import Path

HOLD = {"type": "change_cell", "verb": "hold"}


def test_a_foreign_host_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, browser(server) as client:
            for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "[::1", "a:b:c"):
                shown = await client.get("/api/v1/cell", headers={"host": host})
                assert (shown.status_code, shown.json()["code"]) == (403, "foreign_host"), host
                changed = await client.post("/api/v1/cell", json=HOLD, headers={"host": host})
                assert (changed.status_code, changed.json()["code"]) == (403, "foreign_host"), host
        assert desk.asked == []

    asyncio.run(scenario())


def test_the_names_that_the_server_was_given_are_taken(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path), hosts=("cell-1.local",)) as server, browser(server) as client:
            taken = await client.get("/healthz", headers={"host": f"CELL-1.local:{server.port}"})
            assert taken.status_code == 200
            assert (await client.get("/healthz")).status_code == 403

    asyncio.run(scenario())


FOREIGN = ("http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "file://", "http://[x", "")


def test_a_page_of_another_origin_can_change_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, browser(server) as client:
            for origin in (each.format(port=server.port) for each in FOREIGN):
                answer = await client.post("/api/v1/cell", json=HOLD, headers={"origin": origin})
                assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), origin
                with pytest.raises(InvalidStatus) as refused:
                    await screen(server, additional_headers={"origin": origin})
                assert refused.value.response.status_code == 403
                assert json.loads(refused.value.response.body)["code"] == "foreign_origin"
        assert desk.asked == []

    asyncio.run(scenario())


def test_our_own_pages_may_ask(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, browser(server) as client:
            for origin in (server.url, server.url.replace("127.0.0.1", "localhost")):
                host = origin.removeprefix("http://")
                headers = {"origin": origin, "host": host}
                assert (await client.post("/api/v1/cell", json=HOLD, headers=headers)).status_code == 200
            async with screen(server, origin=server.url) as page:
                assert (await enter(page))[-1]["type"] == "pong"
        assert len(desk.asked) == 2

    asyncio.run(scenario())


def test_a_body_that_a_foreign_form_could_send_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, browser(server) as client:
            for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
                answer = await client.post("/api/v1/cell", content=json.dumps(HOLD), headers={"content-type": kind})
                assert (answer.status_code, answer.json()["code"]) == (415, "not_json")
        assert desk.asked == []

    asyncio.run(scenario())


def test_a_client_can_not_write_where_it_comes_from(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path)) as server, browser(server) as client:
            headers = {"origin": server.url.replace("http", "https"), "x-forwarded-proto": "https"}
            assert (await client.post("/api/v1/cell", json=HOLD, headers=headers)).status_code == 403

    asyncio.run(scenario())


def test_a_large_body_is_refused_announced_or_not(tmp_path: Path) -> None:
    async def pieces() -> Any:
        for _ in range(MAX_BODY // 1000 + 2):
            yield b"x" * 1000

    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server:
            for content in (b"x" * (MAX_BODY + 1), pieces()):
                async with browser(server) as client:
                    answer = await client.post("/api/v1/cell", content=content)
                    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert desk.asked == []

    asyncio.run(scenario())


def test_a_body_that_is_no_sane_json_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, browser(server) as client:
            headers = {"content-type": "application/json"}
            for body in (b"[" * 20_000, b"[" * 40 + b"]" * 40, b"{", b"\xff", b'{"type": NaN}'):
                answer = await client.post("/api/v1/cell", content=body, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), body[:20]
                assert answer.json()["remedy"]
        assert desk.asked == []

    asyncio.run(scenario())


def test_every_answer_carries_the_headers_that_keep_pages_to_themselves(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path)) as server, browser(server) as client:
            for path in ("/", "/api/v1/cell", "/metrics", "/nowhere", "/api/v1/openapi.json"):
                headers = (await client.get(path)).headers
                policy = headers["content-security-policy"]
                assert "script-src 'self';" in policy
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert headers["x-content-type-options"] == "nosniff", path
                assert headers["cache-control"], path
                assert "access-control-allow-origin" not in headers
                assert "server" not in headers

    asyncio.run(scenario())
