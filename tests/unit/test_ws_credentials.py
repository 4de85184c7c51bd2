"""Whatever a WebSocket comes with: in by sound credentials alone, refused by a known code, and the server goes on."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import InvalidStatus

from orchestrator.adapters.access.store import now_t
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE
from tests.unit.http_fakes import enter, hear, say, screen
from tests.unit.lan_bench import PIN, Site, lan

if TYPE_CHECKING:
    from pathlib import Path

TURNS = 40
HOLD = {"type": "change_cell", "verb": "hold"}
REFUSALS = {"not_joined", "signed_out"}


def unsound(site: Site, rng: random.Random) -> dict[str, str]:
    """Return credentials of which none may count."""
    other = site.accounts.join(site.accounts.invite(now_t())[0], "other", now_t())
    assert other is not None
    there = site.accounts.sign_in(other[0].id, now_t(), person="worker", secret=PIN)
    assert isinstance(there, tuple)
    device, session = site.device_token, site.token("supervisor")
    match rng.randrange(7):
        case 0:  # forged: one character is another
            at = rng.randrange(len(session))
            session = session[:at] + ("A" if session[at] != "A" else "B") + session[at + 1 :]
        case 1:  # cut short
            session = session[: rng.randrange(len(session))]
        case 2:  # of another device
            session = there[1]
        case 3:  # replayed after signing out
            device, session = other[1], there[1]
            site.accounts.sign_out(session)
        case 4:  # of a device that was revoked
            device, session = other[1], there[1]
            site.accounts.revoke_device(other[0].id)
        case 5:  # a key that is none beside cookies that count
            return {"authorization": f"Bearer {rng.randbytes(20).hex()}", "cookie": both(device, session)}
        case _:  # one in the other's place
            device, session = session, device
    return {"cookie": both(device, session)}


def both(device: str, session: str) -> str:
    return f"{DEVICE_COOKIE}={device}; {SESSION_COOKIE}={session}"


@pytest.mark.parametrize("seed", range(2))
def test_unsound_credentials_are_refused_and_sound_ones_go_on(tmp_path: Path, seed: int) -> None:
    async def scenario() -> None:
        rng = random.Random(seed)
        async with lan(tmp_path) as (site, desk, server):
            sound = site.headers("supervisor", server.url)
            async with screen(server, additional_headers=sound) as page:
                await enter(page)
                for _ in range(TURNS):
                    given = {"origin": server.url} | unsound(site, rng)
                    with pytest.raises(InvalidStatus) as shut:
                        await screen(server, additional_headers=given)
                    body = json.loads(shut.value.response.body or b"{}")
                    assert shut.value.response.status_code == 401, given
                    assert body["code"] in REFUSALS
                assert desk.asked == []
                await say(page, type="command", id="still", command=HOLD)
                assert (await hear(page, "answer"))["payload"]["id"] == "still"
                assert [request.by.name for request in desk.asked] == ["supervisor"]

    asyncio.run(scenario())
