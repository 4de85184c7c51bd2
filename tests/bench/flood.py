"""Another process of broken screens: `python -m tests.bench.flood URL COUNT KIND` until it is ended.

KIND `rubbish`: 18 messages that can't be understood and a ping, over and over; `pings`: nothing but pings; `holds`:
a hold, over and over. Whoever is sent away comes back at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from itertools import count

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from orchestrator.wire import SUBPROTOCOL

PING = json.dumps({"type": "ping"})
RUBBISH = json.dumps(
    {
        "type": "command",
        "id": "x" * 100,
        "command": {"type": "choose", "unit": "u", "reason": "y" * 1900, "bogus": [{"a": [1] * 50}] * 150},
    }
)


async def main(url: str, connections: int, kind: str) -> None:
    """Flood by so many connections."""
    numbers = count()

    async def flood(client: ClientConnection) -> None:
        while True:
            if kind == "holds":
                hold = {"type": "change_cell", "verb": "hold"}
                await client.send(json.dumps({"type": "command", "id": f"f{next(numbers)}", "command": hold}))
                continue
            for _ in range(18 if kind == "rubbish" else 0):
                await client.send(RUBBISH)
            await client.send(PING)

    async def again() -> None:
        while True:
            with suppress(OSError, TimeoutError, WebSocketException, InvalidHandshake):
                async with connect(url, subprotocols=[SUBPROTOCOL], proxy=None, compression=None) as client:
                    sending = asyncio.ensure_future(flood(client))
                    try:
                        async for _ in client:
                            pass
                    finally:
                        sending.cancel()
                        await asyncio.wait({sending})
            await asyncio.sleep(0.05)

    await asyncio.gather(*(again() for _ in range(connections)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
