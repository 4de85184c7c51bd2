"""Who belongs here, as the server asks it: callers, signing in, joining, and cutting off whoever is sent away."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import HTTPConnection

from orchestrator.core.access import Refusal
from orchestrator.core.commands import Who
from orchestrator.engine.wall import wall_s
from orchestrator.http.addresses import Addresses
from orchestrator.http.caller import DEVICE, STRANGER, Caller
from orchestrator.http.errors import NotLetIn, report

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Scope

    from orchestrator.core.access import Accounts, Device, Erased, Person
    from orchestrator.core.oidc import Provider
    from orchestrator.http.metrics import Metrics

# `__Host-`: browsers take such a cookie from this very host alone, by TLS, for the whole of it.
SESSION_COOKIE = "__Host-tandem-session"
DEVICE_COOKIE = "__Host-tandem-device"
LOOK_S = 0.25  # how often changes by another process are looked for, so that who is revoked is cut off within 1 s
LAPSE_S = 10.0  # how often sign-ins that have lapsed by themselves are looked for
TOUCH_S = 60.0  # how often it is written that somebody is still there
HOLD_S = 1.0  # how late who tries too often is told so
HELD = 256  # who may be kept waiting for that
AT_ONCE = 8  # sign-ins that may wait for the one that is looked at

T = TypeVar("T")
NOBODY = Caller(standing=STRANGER)


class Access:
    """The accounts behind a server. What is slow runs in one thread of its own, so that it takes at most one core."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        authority: bytes = b"",
        fingerprint: str = "",
        hold: Callable[[float], Awaitable[None]] = asyncio.sleep,
        provider: Provider | None = None,
    ) -> None:
        """Serve these accounts.

        Args:
            accounts: who belongs here.
            authority: the certificate (PEM) that devices are to trust, b"" where they trust the server's already.
            fingerprint: what people compare it by.
            hold: waits so many seconds before somebody is told that they try too often.
            provider: who vouches for people besides, None for nobody.
        """
        self.accounts = accounts
        self.authority = authority
        self.fingerprint = fingerprint
        self.provider = provider
        self.addresses = Addresses()
        self.metrics: Metrics | None = None
        self.on_erased: Callable[[list[Erased]], None] | None = None  # called with those that are new
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="access")
        self._waiting = 0
        self._hold = hold
        self._held = 0
        self._present: dict[object, tuple[Caller, Callable[[], None]]] = {}
        self._touched: dict[str, float] = {}
        self._erased: set[str] = set()  # those that were told of
        self._watch: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to look for changes."""
        self._watch = asyncio.get_running_loop().create_task(self._look(), name="access")

    async def close(self) -> None:
        """Look no more."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        self._slow.shutdown(wait=True)

    def now(self) -> float:
        """UTC seconds by the computer's clock: the cell's own may be sped up."""
        return time.time()

    # ---- who asks ----------------------------------------------------------------------------------------------

    def caller(self, scope: Scope) -> Caller:
        """Return who a request comes from. A key that does not count makes a stranger, whatever else comes with it."""
        connection = HTTPConnection(scope)
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind:
            return self._machine(token.strip()) if kind.lower() == "bearer" else NOBODY
        cookies = connection.cookies
        return self._person(cookies.get(DEVICE_COOKIE, ""), cookies.get(SESSION_COOKIE, ""))

    def still(self, caller: Caller) -> bool:
        """Tell whether a caller is still who they were."""
        if not caller.tokens:
            return True
        again = self._person(*caller.tokens) if caller.by_cookie else self._machine(*caller.tokens)
        return again == caller

    def busy(self, caller: Caller) -> None:
        """Note that a person has asked for something; it is written now and then."""
        if not caller.by_cookie or caller.who is None:
            return
        now, session = self.now(), caller.tokens[1]
        if now - self._touched.get(session, 0.0) < TOUCH_S:
            return
        if len(self._touched) > 10_000:
            self._touched.clear()
        self._touched[session] = now
        with suppress(RuntimeError):  # the server is ending
            self._slow.submit(self.accounts.touch, session, now)

    def _machine(self, token: str) -> Caller:
        key = self.accounts.key(token)
        if key is None:
            return NOBODY
        return Caller(standing=key.role, who=Who(name=key.id, role=key.role, known=True, machine=True), tokens=(token,))

    def _person(self, device_token: str, session_token: str) -> Caller:
        device = self.accounts.device(device_token) if device_token else None
        if device is None:
            return NOBODY
        signed_in = self.accounts.session(session_token, self.now()) if session_token else None
        if signed_in is None or signed_in.device != device.id:  # a sign-in counts on its own device alone
            return Caller(standing=DEVICE, device=device.id, by_cookie=True, tokens=(device_token, session_token))
        person = signed_in.person
        return Caller(
            standing=person.role,
            who=Who(name=person.id, role=person.role, known=True),
            device=device.id,
            by_cookie=True,
            qualifications=person.qualifications,
            tokens=(device_token, session_token),
        )

    # ---- who is there ------------------------------------------------------------------------------------------

    def present(self, connection: object, caller: Caller, end: Callable[[], None]) -> None:
        """Have a connection ended as soon as its caller is not who they were any more."""
        if caller.tokens:
            self._present[connection] = (caller, end)

    def gone(self, connection: object) -> None:
        """A connection has ended."""
        self._present.pop(connection, None)

    async def _look(self) -> None:
        """Other processes change the accounts as well, and SQLite tells of it only who asks."""
        loop = asyncio.get_running_loop()
        seen, lapse = -1, loop.time()
        while True:
            await asyncio.sleep(wall_s(LOOK_S))
            try:
                version = self.accounts.version()
                if version != seen or loop.time() >= lapse:
                    seen, lapse = version, loop.time() + LAPSE_S
                    self._send_away()
                    self._tell_erased()
            except Exception as error:  # noqa: BLE001 - whatever can't be read proves nobody
                report("accounts can't be read", error)
                self._send_away(everybody=True)

    def _tell_erased(self) -> None:
        fresh = [each for each in self.accounts.erased() if each.person not in self._erased]
        self._erased.update(each.person for each in fresh)
        if fresh:  # another process has erased them while this one was reading
            self._slow.submit(self.accounts.overwrite)
        if fresh and self.on_erased is not None:
            self.on_erased(fresh)

    def _send_away(self, *, everybody: bool = False) -> None:
        for caller, end in tuple(self._present.values()):
            if everybody or not self.still(caller):
                end()

    # ---- signing in and joining --------------------------------------------------------------------------------

    async def sign_in(
        self, caller: Caller, address: str, *, person: str = "", secret: str = "", badge: str = ""
    ) -> tuple[Person, str]:
        """Prove who somebody is; return them with their token. Raises NotLetIn.

        A joined device is held back for its own wrong tries alone: others may come by the same address.
        """
        now, address = self.now(), caller.device or address
        await self._let_try(address, now)
        tried = await self.slowly(
            partial(self.accounts.sign_in, caller.device, now, person=person, secret=secret, badge=badge)
        )
        if not isinstance(tried, Refusal):
            self.addresses.succeeded(address)
            return tried
        self.count(tried.code)
        if tried.code == "secret":
            raise NotLetIn(403, "secret", "This badge needs the PIN besides.", "Enter the PIN.")
        if tried.code == "locked":
            remedy = "A supervisor sets a new PIN: tandem people pin."
            raise NotLetIn(429, "locked", "There were too many wrong tries.", remedy)
        if tried.code == "wait":
            raise _wait(tried.wait_s)
        self.addresses.failed(address, now)
        raise NotLetIn(403, "wrong", "That was not right.", "Try it once more.")

    async def sign_out(self, caller: Caller) -> None:
        """End a sign-in; its connections are cut."""
        if caller.who is not None and caller.by_cookie:
            await self.slowly(partial(self.accounts.sign_out, caller.tokens[1]))
            self._send_away()

    async def join(self, code: str, name: str, address: str) -> tuple[Device, str]:
        """Use up a joining code; return the new device with its token. Raises NotLetIn."""
        now = self.now()
        await self._let_try(address, now)
        joined = await self.slowly(partial(self.accounts.join, code, name, now))
        if joined is None:
            self.count("code")
            self.addresses.failed(address, now)
            remedy = "Have a new code made: each counts once, for ten minutes."
            raise NotLetIn(403, "wrong", "This code does not count.", remedy)
        self.addresses.succeeded(address)
        return joined

    async def invite(self) -> tuple[str, float]:
        """Return a code that lets one device join, and until when (s, UTC)."""
        return await self.slowly(partial(self.accounts.invite, self.now()))

    async def revoke(self, device: str) -> None:
        """Send a device away; its connections are cut. Raises NotFound."""
        await self.slowly(partial(self.accounts.revoke_device, device))
        self._send_away()

    async def _let_try(self, address: str, now: float) -> None:
        """Raise NotLetIn where an address tries too often: late, so that who asks again at once asks once a second."""
        wait = self.addresses.wait_s(address, now)
        if wait <= 0:
            return
        self.count("wait")
        if self._held < HELD:
            self._held += 1
            try:
                await self._hold(HOLD_S)
            finally:
                self._held -= 1
        raise _wait(wait)

    def count(self, code: str) -> None:
        """Note that somebody was turned away."""
        if self.metrics is not None:
            self.metrics.turned_away(code)

    async def slowly(self, work: Callable[[], T]) -> T:
        """Do what is slow, beside the loop, one at a time. Raises NotLetIn where many wait."""
        if self._waiting >= AT_ONCE:
            self.count("busy")
            raise NotLetIn(503, "busy", "Many sign in at once.", "Try again in a moment.", 1.0)
        self._waiting += 1
        try:
            future: Any = asyncio.get_running_loop().run_in_executor(self._slow, work)
            result: T = await asyncio.shield(future)  # what is written is counted, though nobody may wait for it
            return result
        finally:
            self._waiting -= 1


def _wait(seconds: float) -> NotLetIn:
    return NotLetIn(429, "wait", "There were several wrong tries.", f"Wait {seconds:.0f} s, then try again.", seconds)
