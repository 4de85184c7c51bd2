"""How soon somebody is cut off, and how long it takes from the badge to the step. Who guesses: `bench_floods`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.cli.lan import ACCOUNTS
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE
from orchestrator.wire import SIGNED_OUT
from tests.bench.report import ROOT, Figure, bench, scratch
from tests.unit.http_fakes import enter, farewell, screen
from tests.unit.lan_bench import PIN, lan_by_tls

if TYPE_CHECKING:
    from pathlib import Path

BADGE = "A0F3-77"
SIGN_INS = 5
REVOKED = 12


@bench("access.cut_off_s", "s", hold=1)
def cut_off() -> list[Figure]:
    with scratch() as folder:
        took_s = asyncio.run(_revoked(folder))
    note = (
        f"a joined tablet is revoked by another opening of the accounts, as `tandem devices revoke` does, to the close "
        f"(4401) of its WebSocket by TLS; slowest of {len(took_s)}, median {statistics.median(took_s):.2f} s"
    )
    return [Figure(max(took_s), len(took_s), note)]


async def _revoked(folder: Path) -> list[float]:
    took_s = []
    async with lan_by_tls(folder) as (site, _, server, trusted):
        for n in range(REVOKED):
            joined = site.accounts.join(site.accounts.invite(now_t())[0], f"tablet {n}", now_t())
            assert joined is not None
            signed_in = site.accounts.sign_in(joined[0].id, now_t(), person="worker", secret=PIN)
            assert isinstance(signed_in, tuple), signed_in
            cookie = f"{DEVICE_COOKIE}={joined[1]}; {SESSION_COOKIE}={signed_in[1]}"
            headers = {"origin": server.url, "cookie": cookie}
            async with screen(server, additional_headers=headers, ssl=trusted) as page:
                await enter(page)
                elsewhere = AccountsFile(site.accounts.path)
                elsewhere.revoke_device(joined[0].id)
                began = time.perf_counter()
                elsewhere.close()
                _, code = await farewell(page)
                took_s.append(time.perf_counter() - began)
                assert code == SIGNED_OUT, code
    return took_s


@bench("access.badge_to_step_s", "s", hold=2)
def badge_to_step() -> list[Figure]:
    node = shutil.which("node")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if node is None or browser is None:
        return []
    with scratch() as folder:
        took_s = _signed_in(folder, node, browser)
    note = (
        f"a badge at the reader to the card of the step in hand, {len(took_s)} times in Chromium over TLS, the pages "
        f"as after any earlier visit; slowest of them ({', '.join(f'{each:.2f}' for each in took_s)})"
    )
    return [Figure(max(took_s), len(took_s), note)]


def _signed_in(folder: Path, node: str, browser: str) -> list[float]:
    accounts = AccountsFile(folder / ACCOUNTS)
    people.add(accounts, "Berta", "supervisor", "271828", pseudonym="berta")
    people.add(accounts, "Anna", "worker", "314159", pseudonym="anna")
    people.add_badge(accounts, "anna", BADGE)
    _, key = people.add_key(accounts, "bench", "supervisor", now_t())
    code, _ = accounts.invite(now_t())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "orchestrator", "serve", "--lan", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        [*command, "--data", str(folder)], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    try:
        assert server.stdout is not None
        assert any(f":{port}" in line for line in server.stdout), "the server did not start"
        script = str(ROOT / "tests" / "bench" / "badge_to_step.mjs")
        asked = {"URL": f"https://127.0.0.1:{port}", "CODE": code, "KEY": key, "BADGE": BADGE, "TIMES": str(SIGN_INS)}
        said = subprocess.run(
            [node, script],
            env={**environment, **asked, "CHROMIUM": browser},
            capture_output=True,
            text=True,
            check=True,
        )
        return [float(ms) / 1000 for ms in json.loads(said.stdout)]
    finally:
        server.terminate()
        server.communicate()
        accounts.close()
