"""A cell that is served to the network by a process of its own, and what somebody who belongs to it has."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.asyncio.client import connect

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE
from orchestrator.wire import SUBPROTOCOL
from tests.served import started
from tests.unit.http_fakes import enter, hear, say

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

WAIT_S = 60.0  # whatever hangs fails by this
PIN, BADGE = "271828", "04:a2:2f:91"


@dataclass
class Served:
    """A server on the network, and what somebody who belongs has."""

    port: int
    data: Path
    cookie: str
    secrets: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.data / "tls" / "ca.crt")

    def page(self, **headers: str) -> connect:
        """Return somebody's WebSocket, to be entered."""
        given = {"origin": self.url, "cookie": self.cookie} | headers
        return connect(
            f"wss://127.0.0.1:{self.port}/ws", ssl=self.tls, additional_headers=given, subprotocols=[SUBPROTOCOL],
            proxy=None, compression=None, open_timeout=WAIT_S, local_addr=("127.0.0.2", 0),
        )  # fmt: skip

    async def raw(self, said: bytes, address: str = "127.0.0.3") -> bytes:
        """Send bytes by TLS and return all that comes until the server closes."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.tls, local_addr=(address, 0), server_hostname="127.0.0.1"
        )
        writer.write(said)
        heard = b""
        with suppress(ConnectionError, ssl.SSLError):
            while more := await reader.read(65_536):
                heard += more
        writer.transport.abort()
        return heard

    async def alive(self) -> None:
        """Fail where somebody who belongs is not served."""
        async with self.page() as page:
            await enter(page)
            await say(page, type="ping")
            await hear(page, "pong")


@contextmanager
def serving_lan(data: Path) -> Iterator[Served]:
    """Serve a cell to the network from a folder, with a supervisor who is signed in at a joined tablet."""
    accounts = AccountsFile(data / "access.db")
    people.add(accounts, "Berta Obermeier", "supervisor", PIN, pseudonym="berta")
    people.add_badge(accounts, "berta", BADGE)
    _, key = people.add_key(accounts, "erp", "supervisor", now_t())
    code = accounts.invite(now_t())[0]
    joined = accounts.join(accounts.invite(now_t())[0], "tablet", now_t())
    assert joined is not None
    signed_in = accounts.sign_in(joined[0].id, now_t(), person="berta", secret=PIN)
    assert isinstance(signed_in, tuple)
    accounts.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "orchestrator", "serve", "--lan", "--host", "127.0.0.1", "--port", str(port)]
    process = started([*command, "--data", str(data)], port)
    secrets = {"pin": PIN, "badge": BADGE, "key": key, "code": code, "device": joined[1], "session": signed_in[1]}
    cookie = f"{DEVICE_COOKIE}={joined[1]}; {SESSION_COOKIE}={signed_in[1]}"
    try:
        yield Served(port, data, cookie, secrets, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def request(line: str, *headers: str, host: str = "127.0.0.1", body: bytes = b"") -> bytes:
    """Return a request as it goes over the line, after which the connection is to be closed."""
    return "\r\n".join([line, f"host: {host}", "connection: close", *headers, "", ""]).encode() + body
