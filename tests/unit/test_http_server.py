"""Pages, and the server's own life: ports, start and end."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.errors import SetupError
from orchestrator.http.server import WebServer, create_app, serve
from tests.unit.http_fakes import FakeDesk, browser, enter, farewell, screen, serving

if TYPE_CHECKING:
    from pathlib import Path


def build(folder: Path) -> Path:
    (folder / "static").mkdir(parents=True)
    (folder / "index.html").write_text("<title>built</title>")
    (folder / "static" / "main-ABCD1234.js").write_text("let a = 1;")
    (folder / "sw.js").write_text("let b = 1;")
    (folder / ".env").write_text("secret")
    return folder


def test_every_page_is_the_built_index(tmp_path: Path) -> None:
    async def scenario() -> None:
        pages = build(tmp_path / "dist")
        (tmp_path / "outside.js").write_text("secret")
        async with serving(FakeDesk(tmp_path), pages=pages) as server, browser(server) as client:
            for address in ("/", "/worker", "/board", "/cell", "/jog"):
                page = await client.get(address)
                assert (page.status_code, page.text) == (200, "<title>built</title>")
                assert page.headers["content-type"].startswith("text/html")
                assert page.headers["cache-control"] == "no-cache"
            script = await client.get("/static/main-ABCD1234.js")
            assert script.headers["content-type"].startswith("text/javascript")
            assert "immutable" in script.headers["cache-control"]
            assert (await client.get("/sw.js")).headers["cache-control"] == "no-cache"
            for path in ("/.env", "/static/none.js", "/static/../../outside.js", "/%2e%2e/outside.js", "/static"):
                assert (await client.get(path)).status_code == 404

    asyncio.run(scenario())


@pytest.mark.parametrize("folder", [None, "empty"])
def test_pages_that_are_not_built_say_how_to_build_them(tmp_path: Path, folder: str | None) -> None:
    async def scenario() -> None:
        pages = tmp_path / folder if folder else None
        async with serving(FakeDesk(tmp_path), pages=pages) as server, browser(server) as client:
            page = await client.get("/worker")
            assert page.status_code == 503
            assert "make web" in page.text
            assert "<script" not in page.text

    asyncio.run(scenario())


def test_a_taken_port_says_what_to_do(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path)) as server:
            with pytest.raises(SetupError) as taken:
                await serve(FakeDesk(tmp_path / "second"), port=server.port, signals=False)
            assert taken.value.message == f"Port {server.port} is taken."
            assert f"--port {server.port + 1}" in taken.value.remedy

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_a_host_that_is_not_ours_says_what_to_do(tmp_path: Path, host: str) -> None:
    with pytest.raises(SetupError) as error:
        WebServer(create_app(FakeDesk(tmp_path)), host, 0)
    assert "--host 127.0.0.1" in error.value.remedy


def test_the_server_ends_with_its_task_and_closes_every_screen(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(serve(desk, port=0, signals=False, on_start=url.set_result))
        async with screen(await url) as client:
            await enter(client, poses=True)
            task.cancel()
            _, code = await farewell(client)
            assert code == 1012  # the server goes down: come back later
            with pytest.raises(asyncio.CancelledError):
                await task
        assert desk.screen.listeners == []

    asyncio.run(scenario())


def test_ctrl_c_ends_the_server_and_lets_its_caller_tidy_up(tmp_path: Path) -> None:
    tidied = []

    async def scenario() -> None:
        def interrupt(_: str) -> None:
            os.kill(os.getpid(), signal.SIGINT)

        await serve(FakeDesk(tmp_path), port=0, on_start=interrupt)
        tidied.append(True)

    asyncio.run(scenario())
    assert tidied == [True]


def test_a_command_under_way_does_not_keep_the_server_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        desk.gates["acknowledge"] = asyncio.Event()
        async with serving(desk) as server, screen(server) as client:
            await client.send('{"type": "command", "id": "c", "command": {"type": "acknowledge", "n": 1}}')
            await enter(client)
        assert [request.id for request in desk.asked] == ["c"]

    asyncio.run(scenario())
