"""A right that ends in the middle of a connection: whatever comes after it at the socket has no effect."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from orchestrator.adapters.access import people
from orchestrator.core.access import ROLES
from orchestrator.wire import SERVER, SIGNED_OUT, SLOW_CLIENT
from tests.unit.http_fakes import say, screen
from tests.unit.lan_bench import PIN, Site, lan
from tests.unit.test_http_fuzz import spoilt

if TYPE_CHECKING:
    from pathlib import Path

    from websockets.asyncio.client import ClientConnection

    from orchestrator.http.server import WebServer
    from tests.unit.lan_bench import RightsDesk

HOLD = {"type": "change_cell", "verb": "hold"}


async def visit(page: ClientConnection, chance: random.Random) -> None:
    """Send some messages, sound and damaged, and hear each answered or refused with a code."""
    for n in range(chance.randint(1, 8)):
        await page.send(spoilt(chance))
        await say(page, type="ping")
        while (heard := json.loads(await page.recv()))["type"] != "pong":
            SERVER.validate_python(heard)
            if heard["type"] in {"answer", "refused"}:
                assert heard["payload"]["ok"] or heard["payload"]["code"] not in {"", "internal"}, (n, heard)


@pytest.mark.parametrize("end", ["signed out", "expired", "downgraded", "removed", "device revoked"])
@pytest.mark.parametrize("role", [role for role in ROLES if role != "auditor"])
def test_what_comes_after_a_right_has_ended_in_the_middle_of_a_connection_has_no_effect(
    tmp_path: Path, role: str, end: str
) -> None:
    async def scenario() -> None:
        chance = random.Random(f"{role} {end}")
        async with lan(tmp_path) as (site, desk, server):
            people.add(site.accounts, "Another", "supervisor", PIN)  # the only one can't be removed
            async with screen(server, additional_headers=site.headers(role, server.url)) as page:
                await visit(page, chance)
                _end(site, role, end)
                count = len(desk.asked)
                try:
                    for _ in range(20):
                        await say(page, type="command", id=f"late-{chance.random()}", command=HOLD)
                        await page.send(spoilt(chance))
                    while True:
                        await page.recv()
                except ConnectionClosed:
                    assert page.close_code in {SIGNED_OUT, SLOW_CLIENT}
                assert [asked for asked in desk.asked[count:] if asked.by.role != "engine"] == []
            await _again(site, desk, server, role)

    asyncio.run(scenario())


def _end(site: Site, role: str, end: str) -> None:
    match end:
        case "signed out":
            site.accounts.sign_out(site.token(role))
        case "expired":
            site.expire(role)
        case "downgraded":
            people.set_role(site.accounts, role, "auditor")
        case "removed":
            people.remove(site.accounts, role)
        case "device revoked":
            site.accounts.revoke_device(site.device.id)


async def _again(site: Site, desk: RightsDesk, server: WebServer, role: str) -> None:
    """Come back with the same cookies: they are nobody's now, or those of somebody who may ask for nothing."""
    count = len(desk.asked)
    try:
        async with screen(server, additional_headers=site.headers(role, server.url)) as page:
            await say(page, type="command", id="again", command=HOLD)
            while (heard := json.loads(await page.recv()))["type"] != "answer":
                pass
            assert heard["payload"]["code"] == "denied"
            assert {asked.by.role for asked in desk.asked[count:]} == {"auditor"}
    except InvalidStatus:
        assert [asked for asked in desk.asked[count:] if asked.by.role != "engine"] == []
