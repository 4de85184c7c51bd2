"""A process full of screens: it connects, listens for a while and prints how late messages came.

`python -m tests.bench.screens URL COUNT STALLED SECONDS BOARDS`; with BOARDS 1 they want no poses.
Messages carry the monotonic clock as their `t`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import connect

from orchestrator.wire import SUBPROTOCOL

WARM_UP_S = 1.0
PATIENCE_S = 60.0  # until everybody is there: hundreds dial at once


class Screens:
    """What all screens of this process heard."""

    def __init__(self, url: str, *, boards: bool) -> None:
        self.url = url
        self.hello = json.dumps({"type": "hello", "poses": not boards})
        self.late_ms: dict[str, list[float]] = {"pose": [], "happened": []}
        self.gap_s = 0.0
        self.counting = False
        self.there = asyncio.Semaphore(0)  # one for each that has heard something

    async def watch(self) -> None:
        """Listen and note each message's delay, and the longest time without a pose."""
        options = {"proxy": None, "compression": None, "open_timeout": PATIENCE_S}
        async with connect(self.url, subprotocols=[SUBPROTOCOL], **options) as client:
            await client.send(self.hello)
            await client.recv()
            self.there.release()
            last = 0.0
            async for text in client:
                now = time.monotonic()
                message = orjson.loads(text)
                if not self.counting or message["type"] not in self.late_ms:
                    continue
                self.late_ms[message["type"]].append((now - message["payload"]["t"]) * 1000)
                if message["type"] == "pose":
                    self.gap_s = max(self.gap_s, now - last if last else 0.0)
                    last = now

    async def stall(self) -> None:
        """Say hello and never read again."""
        parts = urlsplit(self.url)
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, (parts.hostname, parts.port))
        options = {"sock": narrow, "max_queue": 1, "ping_interval": None}
        async with connect(self.url, subprotocols=[SUBPROTOCOL], proxy=None, compression=None, **options) as client:
            await client.send(self.hello)
            try:
                await asyncio.Event().wait()
            finally:
                client.transport.abort()  # a polite end would first read all that it never read


async def listen(url: str, count: int, stalled: int, seconds: float, *, boards: bool) -> Screens:
    """Run `count` screens, `stalled` of them stalled, for `seconds` after a warm-up."""
    screens = Screens(url, boards=boards)
    work = [screens.stall() for _ in range(stalled)] + [screens.watch() for _ in range(count - stalled)]
    tasks = [asyncio.ensure_future(each) for each in work]
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(count - stalled):
            await screens.there.acquire()
    await asyncio.sleep(WARM_UP_S)
    screens.counting = True
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in done:
        task.result()  # a screen that ended early failed
    return screens


if __name__ == "__main__":
    count, stalled, seconds, boards = sys.argv[2:]
    heard = asyncio.run(listen(sys.argv[1], int(count), int(stalled), float(seconds), boards=boards == "1"))
    sys.stdout.write(json.dumps({"late_ms": heard.late_ms, "gap_s": heard.gap_s}))
