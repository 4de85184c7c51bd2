"""Every route and every command, for everybody and for nobody: exactly what the table says."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from websockets.exceptions import InvalidStatus

from orchestrator.core.commands import OUTSIDE
from orchestrator.core.rights import RIGHTS, may
from orchestrator.http.commands import Commands
from orchestrator.http.doors import ANYONE, DOORS, KNOWN
from orchestrator.http.metrics import Metrics
from orchestrator.http.pages import router as page_router
from orchestrator.http.server import routers
from tests.unit.http_fakes import FakeDesk, hear, say, screen
from tests.unit.lan_bench import STANDINGS, client, lan

if TYPE_CHECKING:
    from pathlib import Path

NOT_LET_IN = {"not_joined", "signed_out", "forbidden"}


def all_routes(root: Path) -> set[str]:
    desk = FakeDesk(root)
    (root / "pages").mkdir()
    found = routers(desk, Commands(desk, Metrics()), Metrics(), None)
    routes = [route for router in (*found, page_router(root / "pages")) for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    listed = {f"{method} {route.path}" for route in routes for method in route.methods}
    return listed | {"GET /api/v1/openapi.json", "WEBSOCKET /ws"}


def test_every_route_stands_in_the_table_and_nothing_else(tmp_path: Path) -> None:
    assert all_routes(tmp_path) == set(DOORS)


def test_who_is_let_in_where_is_as_it_was_decided() -> None:
    strangers = {door for door, let_in in DOORS.items() if "stranger" in let_in}
    assert {door for door in strangers if door.startswith(("POST", "DELETE", "WEBSOCKET"))} == {
        "POST /api/v1/access/join"
    }
    assert {door for door in strangers if "/api/" in door or "assets" in door} == {
        "GET /api/v1/access",
        "POST /api/v1/access/join",
    }
    auditors = {door for door, let_in in DOORS.items() if "auditor" in let_in and not door.startswith("GET")}
    by_command = {  # let in so that `decide` refuses and journals it
        "WEBSOCKET /ws",
        "POST /api/v1/cell",
        "POST /api/v1/cell/gripper",
        "POST /api/v1/cell/hold",
        "POST /api/v1/cell/retreat",
        "DELETE /api/v1/cell/retreat",
        "POST /api/v1/commands",
        "POST /api/v1/orders/{order}/{verb}",
        "POST /api/v1/rewind/{unit}/{step:path}",
    }
    assert auditors == by_command | {
        f"POST /api/v1/access/{each}" for each in ("join", "sign-in", "sign-out", "oidc", "oidc/finish")
    }
    devices = {door for door, let_in in DOORS.items() if "device" in let_in and "stranger" not in let_in}
    assert devices == {  # signing in, and what makes the cell safer
        "POST /api/v1/access/sign-in",
        "POST /api/v1/access/sign-out",
        "POST /api/v1/access/oidc",
        "POST /api/v1/access/oidc/finish",
        "POST /api/v1/cell/hold",
        "DELETE /api/v1/cell/retreat",
    }
    assert all(let_in in (ANYONE, KNOWN) or "stranger" not in let_in for let_in in DOORS.values())


def test_each_route_lets_in_whom_the_table_names(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "pages").mkdir()
        (tmp_path / "pages" / "index.html").write_text("<!doctype html>")
        async with lan(tmp_path, pages=tmp_path / "pages") as (site, _, server):
            answers: dict[tuple[str, str], tuple[int, str]] = {}
            for standing in STANDINGS:
                async with client(server, site, standing) as browser:
                    for door in DOORS:
                        method, _, path = door.partition(" ")
                        if method == "WEBSOCKET" or "sign-out" in path:
                            continue
                        url = re.sub(r"\{[^}]*\}", "x", path)
                        answer = await browser.request(method, url, json={} if method == "POST" else None)
                        body = answer.json() if "json" in answer.headers.get("content-type", "") else None
                        code = body.get("code", "") if isinstance(body, dict) else ""
                        answers[door, standing] = (answer.status_code, code)
            for (door, standing), (status, code) in answers.items():
                refused = code in NOT_LET_IN and status in (401, 403)
                if standing in DOORS[door]:
                    denied = door.startswith(("POST", "DELETE")) and code == "forbidden"  # by decide
                    assert not refused or denied, (door, standing, status, code)
                else:
                    expected = {"stranger": (401, "not_joined"), "device": (401, "signed_out")}
                    assert (status, code) == expected.get(standing, (403, "forbidden")), (door, standing)
            assert len(answers) == (len(DOORS) - 2) * len(STANDINGS)

    asyncio.run(scenario())


def test_a_route_that_is_not_in_the_table_is_shut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server), client(server, site, "supervisor") as browser:
            assert (await browser.get("/api/v1/units")).status_code == 200
            monkeypatch.delitem(DOORS, "GET /api/v1/units")
            assert (await browser.get("/api/v1/units")).status_code == 403

    asyncio.run(scenario())


def commands() -> dict[str, dict[str, Any]]:
    """Return one command of each type that may come from outside, made from their schema."""
    schema = OUTSIDE.json_schema()
    shown = {"choose": {"answers": "x"}, "clear_place": {"n": 1}}
    out = {}
    for kind, reference in schema["discriminator"]["mapping"].items():
        model = schema["$defs"][reference.rpartition("/")[2]]
        filled = {name: _value(schema, model["properties"][name]) for name in model.get("required", ())}
        out[kind] = {"type": kind, **filled, **shown.get(kind, {})}
        OUTSIDE.validate_python(out[kind])
    return out


def _value(schema: dict[str, Any], field: dict[str, Any]) -> Any:
    if "$ref" in field:
        field = schema["$defs"][field["$ref"].rpartition("/")[2]]
    for key in ("const", "default"):
        if key in field:
            return field[key]
    if "enum" in field:
        return field["enum"][0]
    return {"string": "x", "integer": 1, "boolean": True, "number": 1.0, "array": ("x",)}[field["type"]]


def test_each_command_by_websocket_is_granted_to_whom_the_table_names(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            for standing in ("stranger", "device"):
                with pytest.raises(InvalidStatus) as refused:
                    await screen(server, additional_headers=site.headers(standing, server.url))
                assert refused.value.response.status_code == 401
            for role in KNOWN:
                async with screen(server, additional_headers=site.headers(role, server.url)) as page:
                    for kind, command in commands().items():
                        await say(page, type="command", id=f"{role}-{kind}", command=command)
                        answer = (await hear(page, "answer"))["payload"]
                        granted = may(role, OUTSIDE.validate_python(command))
                        assert (answer["code"] != "denied") == granted, (role, kind, answer)
            assert {(request.by.name, request.by.role, request.by.known) for request in desk.asked} == {
                (role, role, True) for role in KNOWN
            }
        assert set(commands()) <= set(RIGHTS)

    asyncio.run(scenario())


def test_each_command_by_rest_is_granted_to_whom_the_table_names(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            for role in KNOWN:
                async with client(server, site, role) as browser:
                    for kind, command in commands().items():
                        answer = await browser.post(
                            "/api/v1/commands", json={"id": f"{role}-{kind}", "command": command}
                        )
                        granted = may(role, OUTSIDE.validate_python(command))
                        assert (answer.status_code != 403) == granted, (role, kind, answer.text)

    asyncio.run(scenario())


def test_a_screen_is_offered_only_what_its_role_may_ask_for(tmp_path: Path) -> None:
    from orchestrator.wire import Button
    from tests.unit.http_fakes import cell_view

    buttons = tuple(
        Button(label=label, command=command)
        for label, command in {
            "hold": {"type": "change_cell", "verb": "hold"},
            "mode": {"type": "set_mode", "mode": "manual"},
            "lower": {"type": "set_autonomy", "autonomy": "approve"},
            "scrap": {"type": "choose", "choice": "scrap"},
            "retry": {"type": "choose", "choice": "retry"},
        }.items()
    )
    seen = {
        "worker": ["hold", "lower", "retry"],
        "programmer": ["hold", "mode", "lower", "retry"],
        "supervisor": ["hold", "mode", "lower", "scrap", "retry"],
        "auditor": [],
    }

    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            desk.screen.put("cell", cell_view(buttons=buttons))
            for role, labels in seen.items():
                headers = site.headers(role, server.url)
                async with screen(server, additional_headers=headers) as page, client(server, site, role) as browser:
                    await say(page, type="hello")
                    first = (await hear(page, "snapshot"))["payload"]["topics"]["cell"]
                    assert [each["label"] for each in first["buttons"]] == labels
                    desk.screen.put("cell", cell_view(buttons=buttons, reason=role))
                    later = (await hear(page, "put"))["payload"]["value"]
                    assert [each["label"] for each in later["buttons"]] == labels
                    shown = (await browser.get("/api/v1/cell")).json()
                    assert [each["label"] for each in shown["buttons"]] == labels

    asyncio.run(scenario())


def test_raising_the_autonomy_is_not_offered_to_a_worker(tmp_path: Path) -> None:
    from orchestrator.core.rights import may_press

    raise_ = {"type": "set_autonomy", "autonomy": "full"}
    assert json.dumps([may_press(role, raise_, "approve") for role in ("worker", "programmer")]) == "[false, true]"  # type: ignore[arg-type]
