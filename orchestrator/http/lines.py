"""Connections of a network: how many an address may hold, how long they may take to begin, how often they may ask."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from orchestrator.engine.wall import wall_s
from orchestrator.http.addresses import network
from orchestrator.http.pace import Limits, Pace

if TYPE_CHECKING:
    from collections.abc import Callable

PER_ADDRESS = 200  # a browser holds some seven a page; a shop's tablets may come through one router
HANDSHAKE_S = 10.0
REQUEST_S = 10.0  # from a connection's begin, or a request's first byte, to the end of its head
# In requests. A page is some 30 of them by 7 connections; 60 a second take about a tenth of a core.
ADDRESS = Limits(messages_per_s=60.0, messages=600.0)
CONNECTION = Limits(messages_per_s=20.0, messages=100.0)
HANDSHAKE = 2.0  # what a connection counts for: TLS costs as much
KEPT = 4_096  # addresses whose pace is remembered; the one that was here longest ago goes first
REFUSED_AT_ONCE = 64  # then everything else that the loop has to do has its turn


class Listener(socket.socket):
    """A listening socket that closes what is over an address's limit, and what doesn't get to the end of its TLS.

    The server's loop accepts from it as from any other; nobody else may. Without `per_address` an address has neither
    a limit nor a pace.
    """

    def __init__(
        self,
        family: int,
        kind: int,
        protocol: int,
        *,
        per_address: int | None = None,
        handshake_s: float = HANDSHAKE_S,
        pace: Limits = ADDRESS,
    ) -> None:
        super().__init__(family, kind, protocol)
        self.turned_away: Callable[[str], None] | None = None
        self._per_address = per_address
        self._pace = pace
        self._paces: OrderedDict[str, Pace] = OrderedDict()  # by address
        self._handshake_s = handshake_s
        self._held: dict[str, int] = {}  # by address: how many connections
        self._unready: dict[object, asyncio.TimerHandle] = {}  # by their other end: whose handshake is not over

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection that is not over its address's limit or pace. Raises BlockingIOError for none."""
        for _ in range(REFUSED_AT_ONCE):
            taken, address = super().accept()
            where = network(address[0])
            if not self._admits(where):
                taken.close()
                self.count("connections")
                continue
            self._held[where] = self._held.get(where, 0) + 1
            line = Held(taken.family, taken.type, taken.proto, fileno=taken.detach())
            line.released = partial(self._release, where, address)
            self._unready[address] = asyncio.get_running_loop().call_later(wall_s(self._handshake_s), self._late, line)
            return line, address
        raise BlockingIOError

    def asked(self, address: str) -> float:
        """Count a request of an address; returns for how long (s) the connection that it came by is to wait."""
        return 0.0 if self._per_address is None else self._of(network(address)).take(0, 1, self._now())

    def greeted(self, address: object) -> None:
        """A connection has come to the end of its handshake."""
        timer = self._unready.pop(address, None)
        if timer is not None:
            timer.cancel()

    @property
    def paced(self) -> bool:
        """Whether connections have a pace."""
        return self._per_address is not None

    def count(self, code: str) -> None:
        """Count a connection that was cut, or has to wait."""
        if self.turned_away is not None:
            self.turned_away(code)

    def _admits(self, where: str) -> bool:
        if self._per_address is None:
            return True
        pace, now = self._of(where), self._now()
        if self._held.get(where, 0) >= self._per_address or pace.take(0, 0, now) > 0:
            return False
        pace.take(0, HANDSHAKE, now)
        return True

    def _of(self, where: str) -> Pace:
        pace = self._paces.pop(where, None) or Pace(self._pace, self._now())
        self._paces[where] = pace
        if len(self._paces) > KEPT:
            self._paces.popitem(last=False)
        return pace

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _late(self, line: Held) -> None:
        self.count("handshake")
        with suppress(OSError):  # it has gone by itself
            line.shutdown(socket.SHUT_RDWR)

    def _release(self, where: str, address: object) -> None:
        self.greeted(address)
        self._held[where] -= 1
        if not self._held[where]:
            del self._held[where]


class Held(socket.socket):
    """A connection that is counted until it is closed."""

    released: Callable[[], None] | None = None

    def close(self) -> None:
        """Close it; the loop's transport does, whatever becomes of the connection."""
        super().close()
        released, self.released = self.released, None
        if released is not None:
            released()


class Line(H11Protocol):
    """HTTP on one connection, which is cut when the head of a request does not come.

    On a network what asks faster than it may is answered, and heard again once its credit is back.
    """

    def __init__(self, listener: Listener, request_s: float, pace: Limits, **given: Any) -> None:
        super().__init__(**given)
        self._listener = listener
        self._request_s = request_s
        self._deadline: asyncio.TimerHandle | None = None
        self._pace = Pace(pace, self.loop.time())
        self._rest: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop once the connection stands, TLS included."""
        super().connection_made(transport)
        self._listener.greeted(transport.get_extra_info("peername"))
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Called by the loop with what came."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:  # not even a head yet
            self._await_head()
        else:
            self._head_came()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop at the end."""
        self._head_came()
        if self._rest is not None:
            self._rest.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Called when a request is answered: the next one is looked at, if need be later."""
        wait = self._listener.asked(self.client[0] if self.client else "")
        if self._listener.paced:
            wait = max(wait, self._pace.take(0, 1, self.loop.time()))
        if wait <= 0 or self.transport.is_closing():
            super().on_response_complete()
            return
        self._listener.count("pace")
        self.flow.pause_reading()
        self._unset_keepalive_if_required()
        self._rest = self.loop.call_later(wait, super().on_response_complete)

    def send_400_response(self, msg: str) -> None:
        """Called for what is no HTTP."""
        self._listener.count("no_http")
        super().send_400_response(msg)

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(wall_s(self._request_s), self._late)

    def _head_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        self._listener.count("head")
        self.transport.abort()  # who is slow on purpose would be slow to say goodbye, too
