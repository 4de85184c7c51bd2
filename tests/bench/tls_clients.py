"""A process full of TLS clients of a served cell: `python -m tests.bench.tls_clients URL CA IDLE BUSY SECONDS`.

It prints a line of JSON when it has measured alone, one when all clients are there, and one at the end. The key comes
in TANDEM_KEY. Idle clients say hello and listen. Busy ones want poses as well, and each asks for something durable
every BUSY_EVERY_S. One more client asks the same all the time, and its answers are what is timed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import ssl
import sys
import time
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from orchestrator.http.budgets import PER_ADDRESS
from orchestrator.wire import SUBPROTOCOL

BUSY_EVERY_S = 20.0  # somebody at work presses less often
PROBE_EVERY_S = 0.5  # each is told to everybody: more would be a load of its own
ALONE_S = 10.0
DIALS = 16  # at once
PATIENCE_S = 120.0
BINS = ("shafts_10", "pinions_10", "covers_through")  # nothing of them goes into what is built meanwhile


class Clients:
    """All clients of this process and what became of them."""

    def __init__(self, url: str, ca: str) -> None:
        self.url = url
        self.tls = ssl.create_default_context(cafile=ca)
        self.dialling = asyncio.Semaphore(DIALS)
        self.there = asyncio.Semaphore(0)
        self.heard = 0
        self.asked = itertools.count()
        self.dialled = itertools.count()

    def dial(self) -> connect:
        """Return a connection to be entered, from one address of loopback after the other: each may hold so many."""
        address = f"127.0.0.{1 + next(self.dialled) // (PER_ADDRESS // 2)}"
        headers = {"authorization": f"Bearer {os.environ['TANDEM_KEY']}"}
        return connect(
            self.url,
            ssl=self.tls,
            additional_headers=headers,
            subprotocols=[SUBPROTOCOL],
            proxy=None,
            compression=None,
            open_timeout=PATIENCE_S,
            local_addr=(address, 0),
            ping_interval=None,  # the server asks, every 10 s
        )

    async def stay(self, *, busy: bool) -> None:
        """Connect and stay until the line ends, which it must not."""
        async with self.dialling:
            client = await self.dial()
            await client.send(json.dumps({"type": "hello", "poses": busy}))
            await client.recv()
        self.there.release()
        pressing = asyncio.ensure_future(self.press(client)) if busy else None
        try:
            async for _ in client:
                self.heard += 1
        finally:
            if pressing is not None:
                pressing.cancel()

    async def press(self, client: ClientConnection) -> None:
        """Ask for something now and then, not all clients at once."""
        with suppress(ConnectionClosed):  # which `stay` notes
            for nth in itertools.count(next(self.asked) % 50):
                await asyncio.sleep(BUSY_EVERY_S if nth else BUSY_EVERY_S / 50)
                await client.send(self.command())

    def command(self) -> str:
        """Return one more durable command."""
        n = next(self.asked)
        refill = {"type": "refill_bin", "bin": BINS[n % len(BINS)], "count": 5 + n // len(BINS) % 2}
        return json.dumps({"type": "command", "id": f"load-{os.getpid()}-{n}", "command": refill})

    async def probe(self, seconds: float) -> list[float]:
        """Ask one thing after the other; returns how long each took to be durable and answered (ms)."""
        took_ms = []
        async with self.dial() as client:
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                began = time.perf_counter()
                await client.send(self.command())
                while (message := json.loads(await client.recv()))["type"] != "answer":
                    self.heard += 1
                took_ms.append((time.perf_counter() - began) * 1000)
                assert message["payload"]["ok"], message
                await asyncio.sleep(PROBE_EVERY_S)
        return took_ms


def tell(**said: Any) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def main(url: str, ca: str, idle: int, busy: int, seconds: float) -> None:
    """Measure alone, then with everybody there."""
    clients = Clients(url, ca)
    tell(alone_ms=await clients.probe(ALONE_S))
    staying = [asyncio.ensure_future(clients.stay(busy=n < busy)) for n in range(idle + busy)]
    async with asyncio.timeout(PATIENCE_S):
        began = time.perf_counter()
        for _ in staying:
            await clients.there.acquire()
    tell(there_s=time.perf_counter() - began)
    before = clients.heard
    with_all = await clients.probe(seconds)
    lost = sum(task.done() for task in staying)
    tell(with_all_ms=with_all, lost=lost, heard_per_s=(clients.heard - before) / seconds)
    for task in staying:
        task.cancel()
    await asyncio.wait(staying, timeout=PATIENCE_S)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
