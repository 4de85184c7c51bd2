"""What signing in costs: those who guess, for the cell at work; those who belong, from the badge to the step."""

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
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.cli.lan import ACCOUNTS
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE, Access
from orchestrator.http.server import WebServer, create_app
from orchestrator.wire import SIGNED_OUT
from tests.bench.bench_stream import BusyDesk
from tests.bench.cells import BenchCell, library, refill
from tests.bench.report import ROOT, Figure, bench, percentile, scratch
from tests.unit.http_fakes import enter, farewell, screen
from tests.unit.lan_bench import PIN, Site, lan_by_tls

if TYPE_CHECKING:
    from pathlib import Path

RATE = 1_000  # bad logins a second
SPELL_S = 6.0
ROUNDS = 3
BADGE = "A0F3-77"
SIGN_INS = 5
REVOKED = 12


@bench("access.bad_logins_x", "times", hold=2)
def bad_logins() -> list[Figure]:
    with scratch() as folder:
        quiet, guessed, heard = asyncio.run(_under_attack(folder))
    ratio = statistics.median(percentile(b, 0.99) / percentile(a, 0.99) for a, b in zip(quiet, guessed, strict=True))
    count = sum(map(len, quiet)) + sum(map(len, guessed))
    each = ", ".join(
        f"{percentile(a, 0.99):.1f} and {percentile(b, 0.99):.1f} ms" for a, b in zip(quiet, guessed, strict=True)
    )
    note = (
        f"p99 of command to durable event while a unit is built, with over without wrong PINs from one joined tablet, "
        f"median of {ROUNDS} turns ({each}); answered {heard:.0f}/s of {RATE} asked"
    )
    return [Figure(ratio, count, note)]


async def _under_attack(folder: Path) -> tuple[list[list[float]], list[list[float]], float]:
    site = Site(folder)
    site.access = Access(site.accounts)
    server = WebServer(create_app(BusyDesk(folder / "desk"), access=site.access), port=0)
    serving = asyncio.ensure_future(server.run())
    await server.started()
    cell = BenchCell(library(), SqliteJournal(folder / "cell.journal"))
    quiet: list[list[float]] = []
    guessed: list[list[float]] = []
    heard: list[float] = []
    numbers = iter(range(1_000_000))

    async def commands(seconds: float) -> list[float]:
        took_ms = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            began = time.perf_counter()
            answer = await cell.do(refill(cell, next(numbers)))
            took_ms.append((time.perf_counter() - began) * 1000)
            assert answer.ok, answer.message
            await asyncio.sleep(0.002)
        return took_ms

    async with cell.running(pause_s=0.02):
        await cell.begin(100_000)
        for _ in range(ROUNDS):  # in turns, so that both meet the same neighbours on this machine
            quiet.append(await commands(SPELL_S))
            cookie = f"{DEVICE_COOKIE}={site.device_token}"
            arguments = (str(server.port), cookie, str(SPELL_S + 2), str(RATE))
            guesser = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.bad_logins", *arguments, stdout=subprocess.PIPE, cwd=ROOT
            )
            await asyncio.sleep(1.5)  # until it has begun
            guessed.append(await commands(SPELL_S))
            said: dict[str, Any] = json.loads((await guesser.communicate())[0])
            heard.append(said["per_s"])
    await cell.journal.close()
    server.stop()
    await serving
    site.accounts.close()
    return quiet, guessed, statistics.median(heard)


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
