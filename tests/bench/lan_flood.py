"""Another process that floods a served cell by TLS: `python -m tests.bench.lan_flood URL CA KIND SECONDS RATE`.

The cookie of a joined device comes in TANDEM_COOKIE. It prints a line of JSON: how often it was answered, and by what.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import ssl
import sys
import time
from collections import Counter
from contextlib import suppress
from urllib.parse import urlsplit

CONNECTIONS = 150  # of the 200 that one address may hold
ADDRESSES = 30  # of a flood from many
WRONG = {
    "sign-in": ("/api/v1/access/sign-in", '{"person": "berta", "secret": "314159"}'),
    "join": ("/api/v1/access/join", '{"code": "AAAAAAAA", "name": "x"}'),
    "hold": ("/api/v1/cell/hold", "{}"),
    "unknown": ("/api/v1/nothing", "{}"),
    "addresses": ("/api/v1/nothing", "{}"),
}


class Flood:
    """One kind of request, again and again, by many connections at once."""

    def __init__(self, url: str, ca: str, kind: str, seconds: float, rate: float) -> None:
        at = urlsplit(url)
        self.host, self.port = at.hostname or "", at.port or 443
        self.tls = ssl.create_default_context(cafile=ca)
        self.kind = kind
        self.addresses = itertools.cycle(range(1, ADDRESSES + 1))
        self.until = time.monotonic() + seconds
        self.rate = rate
        self.asked = 0
        self.answers: Counter[str] = Counter()
        path, body = WRONG.get(kind, ("/", ""))
        cookie = "" if kind not in {"sign-in", "hold"} else f"cookie: {os.environ['TANDEM_COOKIE']}\r\n"
        self.request = (
            f"POST {path} HTTP/1.1\r\nhost: {at.netloc}\r\norigin: {url}\r\n{cookie}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    async def run(self) -> None:
        """Flood until the time is over."""
        began = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.until - began):
                await asyncio.gather(*(self._again(began) for _ in range(CONNECTIONS)))
        said = {"per_s": sum(self.answers.values()) / (time.monotonic() - began), "answers": self.answers}
        sys.stdout.write(json.dumps(said) + "\n")

    async def _again(self, began: float) -> None:
        while True:
            try:
                async with asyncio.timeout(10.0):
                    at = (f"127.0.4.{next(self.addresses)}", 0) if self.kind == "addresses" else None
                    reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls, local_addr=at)
            except (OSError, TimeoutError):
                self.answers["cut"] += 1
                await asyncio.sleep(CONNECTIONS / self.rate)
                continue
            with suppress(OSError, asyncio.IncompleteReadError):
                if self.kind == "handshakes":
                    self.answers["handshake"] += 1
                    await self._turn(began)
                while self.kind != "handshakes":
                    await self._turn(began)
                    writer.write(self.request)
                    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
                    self.answers[head.split()[1]] += 1
            writer.transport.abort()

    async def _turn(self, began: float) -> None:
        due = began + self.asked / self.rate
        self.asked += 1
        await asyncio.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    asyncio.run(Flood(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])).run())
