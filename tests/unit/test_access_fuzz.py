"""Forged, expired, replayed and downgraded ways in, at random, at the socket: each is refused, and nothing is done."""

from __future__ import annotations

import asyncio
import json
import os
import random
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import now_t
from orchestrator.core.access import ROLES
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE
from orchestrator.wire import SERVER, SIGNED_OUT, SLOW_CLIENT
from tests.unit.http_fakes import say, screen
from tests.unit.lan_bench import PIN, Site, lan
from tests.unit.test_http_fuzz import spoilt

if TYPE_CHECKING:
    from pathlib import Path

    from websockets.asyncio.client import ClientConnection

    from orchestrator.http.server import WebServer
    from tests.unit.lan_bench import RightsDesk

VISITS = 400 if os.environ.get("TANDEM_SOAK") else 60
HOLD = {"type": "change_cell", "verb": "hold"}


def forged(chance: random.Random, site: Site) -> dict[str, str]:
    """Return cookies or a key of somebody who does not belong, made of ones that do."""
    device, session = site.device_token, site.token(chance.choice(ROLES))
    at = chance.randrange(len(session))
    other = "A" if session[at] != "A" else "B"
    joined = site.accounts.join(site.accounts.invite(now_t())[0], "another", now_t())
    assert joined is not None
    ways = {
        "another character": (device, session[:at] + other + session[at + 1 :]),
        "cut short": (device, session[:at]),
        "another device": (joined[1], session),
        "the tokens swapped": (session, device),
        "no device": ("", session),
        "no session": (device, ""),
        "signed out": (device, _signed_out(site)),
    }
    device, session = ways[chance.choice(list(ways))]
    cookie = {"cookie": f"{DEVICE_COOKIE}={device}; {SESSION_COOKIE}={session}"}
    keys = [f"Bearer {session}", "Bearer", f"Basic {session}", "Bearer " + "x" * chance.randrange(3_000)]
    return cookie if chance.random() < 0.7 else {**site.headers("supervisor"), "authorization": chance.choice(keys)}


def _signed_out(site: Site) -> str:
    signed_in = site.accounts.sign_in(site.device.id, now_t(), person="worker", secret=PIN)
    assert isinstance(signed_in, tuple)
    site.accounts.sign_out(signed_in[1])
    return signed_in[1]


async def visit(page: ClientConnection, chance: random.Random) -> None:
    """Send some messages, sound and damaged, and hear each answered or refused with a code."""
    for n in range(chance.randint(1, 8)):
        await page.send(spoilt(chance))
        await say(page, type="ping")
        while (heard := json.loads(await page.recv()))["type"] != "pong":
            SERVER.validate_python(heard)
            if heard["type"] in {"answer", "refused"}:
                assert heard["payload"]["ok"] or heard["payload"]["code"] not in {"", "internal"}, (n, heard)


@pytest.mark.parametrize("seed", [1, 2])
def test_who_does_not_belong_is_turned_away_at_the_socket_whatever_they_bring(tmp_path: Path, seed: int) -> None:
    async def scenario() -> None:
        chance = random.Random(seed)
        async with lan(tmp_path) as (site, desk, server):
            for _ in range(VISITS):
                brought = forged(chance, site)
                with pytest.raises(InvalidStatus) as refused:
                    await screen(server, additional_headers={"origin": server.url, **brought})
                assert refused.value.response.status_code in {401, 403}, brought
            assert desk.asked == []
            await _lives(site, server)

    asyncio.run(scenario())


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


async def _lives(site: Site, server: WebServer) -> None:
    """The server serves on whoever belongs."""
    async with screen(server, additional_headers=site.headers("worker", server.url)) as page:
        await say(page, type="ping")
        assert json.loads(await page.recv())["type"] == "pong"
