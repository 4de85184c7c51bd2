"""A server with login: accounts in a file, a joined device, and somebody of each role."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import apsw
import httpx

from orchestrator.adapters.access import people
from orchestrator.adapters.access.authority import Authority
from orchestrator.adapters.access.names import LOOPBACK
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.adapters.access.tls import Tls
from orchestrator.core.access import ROLES
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.events import CommandDenied
from orchestrator.core.state import initial
from orchestrator.http.access import DEVICE_COOKIE, SESSION_COOKIE, Access
from orchestrator.http.server import WebServer, create_app
from orchestrator.wire import Answer
from tests.unit.http_fakes import BENCH, FakeDesk, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from orchestrator.core.commands import Request
    from orchestrator.core.oidc import Provider

PIN = "271828"
BADGE = "04:a2:2f:91"
STANDINGS = ("stranger", "device", *ROLES)


class RightsDesk(FakeDesk):
    """Judges every command by the real `decide`, over a cell that has just begun."""

    async def submit(self, request: Request) -> Answer:
        verdict = decide(initial(BENCH), request, request.t)
        self.asked.append(request)
        if isinstance(verdict, Rejected):
            return Answer(id=request.id, ok=False, code=verdict.code, message=verdict.message, remedy="")
        if any(isinstance(event, CommandDenied) for event in verdict):
            return Answer(id=request.id, ok=False, code="denied", message="", remedy="")
        return Answer(id=request.id, ok=True)


class Site:
    """Accounts with one person of each role, their names their roles, and one joined device."""

    def __init__(self, root: Path, provider: Provider | None = None) -> None:
        self.accounts = AccountsFile(root / "access.db")
        for role in ROLES:
            people.add(self.accounts, role.title(), role, PIN, pseudonym=role)
        people.add_badge(self.accounts, "worker", BADGE)
        joined = self.accounts.join(self.accounts.invite(now_t())[0], "tablet 1", now_t())
        assert joined is not None
        self.device, self.device_token = joined
        self.held: list[float] = []
        self.access = Access(self.accounts, hold=self._hold, provider=provider)
        self._tokens: dict[str, str] = {}

    async def _hold(self, seconds: float) -> None:
        self.held.append(seconds)

    def token(self, person: str) -> str:
        """Return the token of a person who is signed in at the device."""
        if person not in self._tokens:
            signed_in = self.accounts.sign_in(self.device.id, now_t(), person=person, secret=PIN)
            assert isinstance(signed_in, tuple), signed_in
            self._tokens[person] = signed_in[1]
        return self._tokens[person]

    def headers(self, standing: str, origin: str = "http://127.0.0.1") -> dict[str, str]:
        """Return what a browser of somebody sends along."""
        if standing == "stranger":
            return {"origin": origin}
        cookie = f"{DEVICE_COOKIE}={self.device_token}"
        if standing != "device":
            cookie += f"; {SESSION_COOKIE}={self.token(standing)}"
        return {"origin": origin, "cookie": cookie}

    def expire(self, person: str) -> None:
        """Let the sign-ins of a person have begun long ago, as another process would write it."""
        self.sql("UPDATE session SET until_t = 1 WHERE person = ?", person)

    def sql(self, statement: str, *values: Any) -> None:
        """Change the accounts behind the server's back.

        By the server's own copy of SQLite: of two copies in one process neither sees the other's locks, and a change
        of one is lost when the other writes at the same time.
        """
        db = apsw.Connection(str(self.accounts.path), flags=apsw.SQLITE_OPEN_READWRITE)
        db.set_busy_timeout(2_000)
        db.execute(statement, values)
        db.close()


@asynccontextmanager
async def lan(
    root: Path, *, provider: Provider | None = None, **options: Any
) -> AsyncIterator[tuple[Site, RightsDesk, WebServer]]:
    """Run a server with login; without TLS, which has tests of its own."""
    site, desk = Site(root, provider), RightsDesk(root / "desk")
    async with serving(desk, access=site.access, **options) as server:
        yield site, desk, server
    site.accounts.close()


@asynccontextmanager
async def lan_by_tls(root: Path) -> AsyncIterator[tuple[Site, RightsDesk, WebServer, ssl.SSLContext]]:
    """Run a server with login and TLS; yields it with what its devices trust."""
    authority = Authority(root / "tls", LOOPBACK)
    tls = Tls(*authority.files, authority)
    site, desk = Site(root), RightsDesk(root / "desk")
    server = WebServer(create_app(desk, access=site.access), port=0, tls=tls.context)
    running = asyncio.ensure_future(server.run())
    try:
        await server.started()
        yield site, desk, server, ssl.create_default_context(cafile=root / "tls" / "ca.crt")
    finally:
        server.stop()
        await running
        site.accounts.close()


def client(server: WebServer, site: Site, standing: str) -> httpx.AsyncClient:
    """Return somebody's browser."""
    return httpx.AsyncClient(base_url=server.url, headers=site.headers(standing, server.url), trust_env=False)
