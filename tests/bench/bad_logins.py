"""Another process that tries PINs: `python -m tests.bench.bad_logins PORT COOKIE SECONDS RATE` prints the answers."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter

CONNECTIONS = 16


async def main(port: int, cookie: str, seconds: float, rate: float) -> None:
    body = json.dumps({"person": "supervisor", "secret": "314159"})
    request = (
        f"POST /api/v1/access/sign-in HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\n"
        f"cookie: {cookie}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    ).encode()
    answers: Counter[int] = Counter()
    began = time.monotonic()

    async def guess(nth: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        n = 0
        while (now := time.monotonic() - began) < seconds:
            due = (n * CONNECTIONS + nth) / rate
            if due > now:
                await asyncio.sleep(due - now)
            n += 1
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
            answers[int(head.split()[1])] += 1
        writer.close()

    await asyncio.gather(*(guess(nth) for nth in range(CONNECTIONS)))
    sys.stdout.write(json.dumps({"per_s": sum(answers.values()) / (time.monotonic() - began), "answers": answers}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
