"""What floods cost a cell at work that is served to the network: by TLS, one address, at the doors of strangers too."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import ssl
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import connect

from orchestrator.http.access import DEVICE_COOKIE
from orchestrator.wire import SUBPROTOCOL
from tests.bench.lan_cell import lan_cell
from tests.bench.lan_flood import ADDRESSES, CONNECTIONS
from tests.bench.report import ROOT, Figure, bench, percentile, scratch
from tests.bench.tls_clients import BINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.asyncio.client import ClientConnection

    from tests.bench.lan_cell import LanCell

RATE = 1_000  # requests a second, where they are answered
SPELL_S = 10.0 if os.environ.get("TANDEM_SOAK") else 4.0
BEGUN_S = 1.5
ROUNDS = 3
EVERY_S = 0.03
KINDS = {
    "sign-in": ("access.bad_logins_x", "wrong PINs from a joined tablet"),
    "join": ("access.flood_join_x", "wrong joining codes from a stranger"),
    "hold": ("access.flood_hold_x", "holds by REST from a joined tablet"),
    "unknown": ("access.flood_unknown_x", "requests of a stranger for what is not there"),
    "addresses": ("access.flood_addresses_x", f"requests of strangers at {ADDRESSES} addresses"),
    "handshakes": ("access.flood_handshakes_x", "TLS handshakes that ask for nothing"),
}


@bench("access.bad_logins_x", "times", hold=2)
def floods() -> list[Figure]:
    with scratch() as folder, lan_cell(folder, quantity=20) as cell:
        return asyncio.run(_flooded(cell))


async def _flooded(cell: LanCell) -> list[Figure]:
    out = []
    headers, trusted = {"authorization": f"Bearer {cell.key}"}, ssl.create_default_context(cafile=cell.ca)
    line = connect(
        cell.url.replace("https", "wss") + "/ws",
        ssl=trusted,
        additional_headers=headers,
        subprotocols=[SUBPROTOCOL],
        proxy=None,
        compression=None,
        local_addr=("127.0.0.2", 0),  # at another address than the flood
    )
    numbers = itertools.count()
    async with line as client:
        await _commands(client, numbers)
        for kind, (name, what) in KINDS.items():
            quiet, flooded, heard = [], [], Heard()
            for _ in range(ROUNDS):  # in turns, so that both meet the same neighbours on this machine
                quiet.append(await _commands(client, numbers))
                flooding = await _flood(cell, kind)
                await asyncio.sleep(BEGUN_S)
                flooded.append(await _commands(client, numbers))
                heard.add(json.loads((await flooding.communicate())[0]))
            out.append(_figure(name, what, quiet, flooded, heard))
    return out


class Heard:
    """What the flood was answered."""

    def __init__(self) -> None:
        self.per_s: list[float] = []
        self.answers: dict[str, int] = {}

    def add(self, said: dict[str, Any]) -> None:
        """Take in one spell."""
        self.per_s.append(said["per_s"])
        for code, count in said["answers"].items():
            self.answers[code] = self.answers.get(code, 0) + count


def _figure(name: str, what: str, quiet: list[list[float]], flooded: list[list[float]], heard: Heard) -> Figure:
    ratio = statistics.median(percentile(b, 0.99) / percentile(a, 0.99) for a, b in zip(quiet, flooded, strict=True))
    each = ", ".join(
        f"{percentile(a, 0.99):.0f} and {percentile(b, 0.99):.0f} ms" for a, b in zip(quiet, flooded, strict=True)
    )
    answers = ", ".join(f"{count} {code}" for code, count in sorted(heard.answers.items()))
    note = (
        f"p99 of a command by TLS to its durable answer while units are built, with over without {what} by "
        f"{CONNECTIONS} connections, median of {ROUNDS} turns ({each}); {statistics.median(heard.per_s):.0f}/s of "
        f"{RATE} came to an end ({answers})"
    )
    return Figure(ratio, sum(map(len, (*quiet, *flooded))), note, name, "times", 2)


async def _flood(cell: LanCell, kind: str) -> asyncio.subprocess.Process:
    arguments = (cell.url, cell.ca, kind, str(SPELL_S + 2 * BEGUN_S), str(RATE))
    environment = {**os.environ, "TANDEM_COOKIE": f"{DEVICE_COOKIE}={cell.device}"}
    command = [sys.executable, "-m", "tests.bench.lan_flood", *arguments]
    return await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=ROOT, env=environment)


async def _commands(client: ClientConnection, numbers: Iterator[int]) -> list[float]:
    """Ask one thing after the other; returns how long each took to be durable and answered (ms)."""
    took_ms = []
    until = time.perf_counter() + SPELL_S
    while time.perf_counter() < until:
        n = next(numbers)
        refill = {"type": "refill_bin", "bin": BINS[n % len(BINS)], "count": 5 + n // len(BINS) % 2}
        began = time.perf_counter()
        await client.send(json.dumps({"type": "command", "id": f"floods-{n}", "command": refill}))
        while (message := json.loads(await client.recv()))["type"] != "answer":
            pass
        took_ms.append((time.perf_counter() - began) * 1000)
        assert message["payload"]["ok"], message
        await asyncio.sleep(EVERY_S)
    return took_ms
