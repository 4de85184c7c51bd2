"""Connections of a network: how long they may take to begin, and that they keep to their budgets."""

from __future__ import annotations

import asyncio
import itertools
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from orchestrator.engine.wall import wall_s
from orchestrator.http.budgets import ADDRESS, TOTAL, Budgets
from orchestrator.http.pace import Limits, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HANDSHAKE_S = 10.0
REQUEST_S = 10.0  # from a connection's begin, or a request's first byte, to the end of its head
CONNECTION = Limits(messages_per_s=20.0, messages=100.0)  # in requests
PIECES = 256  # of a body; one in more of them is refused where they are crumbs
CRUMB = 64  # bytes on average
REFUSED_AT_ONCE = 64  # then everything else that the loop has to do has its turn


class Listener(socket.socket):
    """A listening socket that closes what is over its budget, and what doesn't get to the end of its TLS.

    The server's loop accepts from it as from any other; nobody else may. Without `per_address` nobody has a limit or a
    pace.
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
        total: Limits = TOTAL,
    ) -> None:
        super().__init__(family, kind, protocol)
        self.turned_away: Callable[[str], None] | None = None
        self._budgets = None if per_address is None else Budgets(per_address, _now, pace=pace, total=total)
        self._handshake_s = handshake_s
        self._serials = itertools.count()
        self._unready: dict[tuple[str, int], asyncio.TimerHandle] = {}  # by address and serial: in their handshake
        self._lines: dict[tuple[str, int], Held] = {}  # by address and serial, where they have a limit
        # By address and port. A client that resets and comes again from the same port has two for a moment.
        self._newest: dict[tuple[str, int], tuple[str, int]] = {}

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection that is not over its budget. Raises BlockingIOError for none."""
        for _ in range(REFUSED_AT_ONCE):
            taken, address = super().accept()
            key = (address[0], next(self._serials))
            if self._budgets is not None:
                if not self._budgets.admits(address[0]):
                    taken.close()
                    self.count("connections")
                    continue
                self._budgets.opened(key)
            line = Held(taken.family, taken.type, taken.proto, fileno=taken.detach())
            line.released = partial(self._release, address[:2], key)
            self._newest[address[:2]] = key
            if self._budgets is not None:
                self._lines[key] = line
                self._make_room(self._budgets.crowded_out(address[0]))
            late = asyncio.get_running_loop().call_later(wall_s(self._handshake_s), self._late, line)
            self._unready[key] = late
            return line, address
        raise BlockingIOError

    def recognise(self, peer: tuple[str, int], source: str) -> None:
        """A request has come by the connection of this other end, of a device or key, or of a stranger ("")."""
        key = self._newest.get(peer)
        if self._budgets is not None and key is not None:
            self._budgets.recognise(key, source)

    def asked(self, peer: tuple[str, int]) -> float:
        """Count a request; returns for how long (s) the connection that it came by is to wait."""
        key = self._newest.get(peer)
        return 0.0 if self._budgets is None or key is None else self._budgets.asked(key)

    def greeted(self, address: Sequence[Any] | None) -> None:
        """The connection of this other end has come to the end of its handshake."""
        key = self._newest.get((address[0], address[1])) if address else None
        if key is not None:
            self._ready(key)

    @property
    def paced(self) -> bool:
        """Whether connections have a pace."""
        return self._budgets is not None

    def count(self, code: str) -> None:
        """Count a connection that was cut, or has to wait."""
        if self.turned_away is not None:
            self.turned_away(code)

    def _make_room(self, key: tuple[str, int] | None) -> None:
        if key is not None:
            self.count("connections")
            self._cut(self._lines[key])

    def _ready(self, key: tuple[str, int]) -> None:
        timer = self._unready.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _late(self, line: Held) -> None:
        self.count("handshake")
        self._cut(line)

    def _cut(self, line: Held) -> None:
        with suppress(OSError):  # it has gone by itself
            line.shutdown(socket.SHUT_RDWR)

    def _release(self, peer: tuple[str, int], key: tuple[str, int]) -> None:
        self._ready(key)
        if self._newest.get(peer) == key:
            del self._newest[peer]
        if self._budgets is not None:
            del self._lines[key]
            self._budgets.closed(key)


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
        self._pieces = self._bytes = 0  # of the body that is under way
        self._parse = self.conn.next_event
        self.conn.next_event = self._next_event  # type: ignore[method-assign] # it is asked for one after the other

    def _next_event(self) -> Any:
        """Return the next event of a request, as h11 has it; a chunk of one byte costs as much as one of a thousand."""
        event = self._parse()
        if isinstance(event, h11.Request):
            self._pieces = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._pieces, self._bytes = self._pieces + 1, self._bytes + len(event.data)
            if self._pieces > PIECES and self._bytes < CRUMB * self._pieces:
                raise h11.RemoteProtocolError("a body in crumbs")
        return event

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
        wait = self._listener.asked(self.client) if self.client else 0.0
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


def _now() -> float:
    return asyncio.get_running_loop().time()
