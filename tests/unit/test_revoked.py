"""A stolen tablet that is sent away while it is connected: its connections end, and it gets nothing more."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from orchestrator.adapters.access.store import now_t
from orchestrator.http.access import DEVICE_COOKIE, LOOK_S, SESSION_COOKIE
from orchestrator.wire import SIGNED_OUT
from tests.unit.http_fakes import enter, farewell, hear, say, screen
from tests.unit.lan_bench import PIN, lan_by_tls

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 1.0  # from the revocation on
ELSEWHERE = """
import sys
from pathlib import Path
from orchestrator.adapters.access.store import AccountsFile
accounts = AccountsFile(Path(sys.argv[1]))
accounts.revoke_device(sys.argv[2])
accounts.close()
"""


def test_changes_by_another_process_are_looked_for_often_enough() -> None:
    assert LOOK_S <= LIMIT_S / 2  # the other half is for the closing


@pytest.mark.parametrize("way", ["REST", "another process"])
def test_a_stolen_tablet_is_cut_off_while_connected_and_others_stay(tmp_path: Path, way: str) -> None:
    async def scenario() -> None:
        async with lan_by_tls(tmp_path) as (site, desk, server, trusted):
            joined = site.accounts.join(site.accounts.invite(now_t())[0], "office", now_t())
            assert joined is not None
            lead = site.accounts.sign_in(joined[0].id, now_t(), person="supervisor", secret=PIN)
            assert isinstance(lead, tuple)
            cookie = f"{DEVICE_COOKIE}={joined[1]}; {SESSION_COOKIE}={lead[1]}"
            office = {"origin": server.url, "cookie": cookie}
            stolen = site.headers("worker", server.url)
            web = httpx.AsyncClient(base_url=server.url, verify=trusted, trust_env=False)
            async with (
                screen(server, additional_headers=stolen, ssl=trusted) as thief,
                screen(server, additional_headers=office, ssl=trusted) as stays,
                web as browser,
            ):
                await enter(thief)
                await enter(stays)
                assert (await browser.get("/api/v1/cell", headers=stolen)).status_code != 401
                if way == "REST":
                    gone = await browser.delete(f"/api/v1/access/devices/{site.device.id}", headers=office)
                    assert gone.status_code in {200, 204}
                else:
                    path = str(site.accounts.path)
                    other = await asyncio.create_subprocess_exec(sys.executable, "-c", ELSEWHERE, path, site.device.id)
                    assert await other.wait() == 0
                refused = await browser.get("/api/v1/cell", headers=stolen)  # before anybody has looked for changes
                assert (refused.status_code, refused.json()["code"]) == (401, "not_joined")
                held = await browser.post("/api/v1/cell/hold", headers=stolen)
                assert (held.status_code, held.json()["code"]) == (401, "not_joined")
                _, code = await asyncio.wait_for(farewell(thief), 30)
                assert code == SIGNED_OUT
                with pytest.raises(InvalidStatus) as shut:
                    await screen(server, additional_headers=stolen, ssl=trusted)
                assert shut.value.response.status_code == 401
                await say(stays, type="ping")
                await hear(stays, "pong")
            assert desk.asked == []

    asyncio.run(scenario())
