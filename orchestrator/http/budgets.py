"""How much each connection of a network may ask: by device or key where that is known, by address where it is not.

All that nobody knows share a total besides, so that many addresses ask no faster than a few.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from orchestrator.http.addresses import network
from orchestrator.http.pace import Limits, Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    Peer = tuple[str, int]  # a connection: its address, and a number that no other one has

T = TypeVar("T")
PER_ADDRESS = 200  # connections of which nobody knows whose they are; a browser holds some seven a page
PER_SOURCE = 60  # connections of one device or key; more count as their address's
# In requests. A page is some 30 of them by 7 connections; 60 a second take about a tenth of a core.
ADDRESS = Limits(messages_per_s=60.0, messages=600.0)
TOTAL = Limits(messages_per_s=120.0, messages=1200.0)
HANDSHAKE = 2.0  # what a connection counts for: TLS costs as much
KEPT = 4_096  # addresses and sources that are remembered; the one that was here longest ago goes first


@dataclass
class _Line:
    where: str
    source: str = ""  # whose request was the last one, "" for a stranger's
    counted: str = ""  # the source whose connection it is, "" while it is its address's
    familiar: bool = False  # whether its handshake was charged to an address that devices have come from
    leaving: bool = False  # whether it was told to make room


class Budgets:
    """Credit by source, which is a joined device or a key, by address, and of all strangers together."""

    def __init__(
        self, per_address: int, now: Callable[[], float], *, pace: Limits = ADDRESS, total: Limits = TOTAL
    ) -> None:
        """`pace` is that of an address and of a source each, `total` that of whoever is neither."""
        self._per_address = per_address
        self._now = now
        self._pace, self._total_limits = pace, total
        self._total: Pace | None = None
        self._addresses: OrderedDict[str, Pace] = OrderedDict()
        self._sources: OrderedDict[str, Pace] = OrderedDict()
        self._familiar: OrderedDict[str, Pace] = (
            OrderedDict()
        )  # handshakes of addresses that devices and keys came from
        self._held: dict[str, int] = {}  # by address: connections of nobody knows whom
        self._own: dict[str, int] = {}  # by source: its connections
        self._lines: dict[Peer, _Line] = {}

    def admits(self, address: str) -> bool:
        """Tell whether an address may have one more connection, and charge it for that.

        Where devices have come from, handshakes have a credit of their own, which no stranger's requests use up, and
        connections that nobody belongs to make room, see `crowded_out`.
        """
        where, now = network(address), self._now()
        full = self._held.get(where, 0) >= self._per_address
        if where in self._familiar:
            if (full and self._nobodys(where) is None) or self._familiar[where].take(0, 0, now) > 0:
                return False
            self._greet(where, HANDSHAKE)
            return True
        if full or self._of(where).take(0, 0, now) > 0:
            return False
        if self._all().take(0, 0, now) > 0:
            return False
        self._charge(where, HANDSHAKE)
        return True

    def crowded_out(self, address: str) -> Peer | None:
        """Return whose connection makes room where an address has more than it may: the oldest one that is nobody's."""
        where = network(address)
        peer = self._nobodys(where) if self._held.get(where, 0) > self._per_address else None
        if peer is not None:
            self._lines[peer].leaving = True
        return peer

    def opened(self, peer: Peer) -> None:
        """A connection was admitted."""
        where = network(peer[0])
        self._lines[peer] = _Line(where, familiar=where in self._familiar)
        self._held[where] = self._held.get(where, 0) + 1

    def closed(self, peer: Peer) -> None:
        """A connection has ended."""
        line = self._lines.pop(peer)
        counts, name = (self._own, line.counted) if line.counted else (self._held, line.where)
        counts[name] -= 1
        if not counts[name]:
            del counts[name]

    def recognise(self, peer: Peer, source: str) -> None:
        """A request has come by a connection, of a device or key, or of a stranger (""): later ones count as theirs.

        With the first known one the connection itself does too, as far as the source's own credit reaches: whoever
        flees from it to ever new connections is back at what an address may.
        """
        line = self._lines.get(peer)
        if line is None:
            return
        line.source = source
        if not source or line.counted:
            return
        _touch(self._familiar, line.where, self._familiar.get(line.where) or Pace(self._pace, self._now()))
        if self._own.get(source, 0) >= PER_SOURCE or self._of_source(source).take(0, 0, self._now()) > 0:
            return
        self._of_source(source).take(0, HANDSHAKE, self._now())
        (self._greet if line.familiar else self._charge)(line.where, -HANDSHAKE)
        line.counted = source
        self._own[source] = self._own.get(source, 0) + 1
        self._held[line.where] -= 1
        if not self._held[line.where]:
            del self._held[line.where]

    def asked(self, peer: Peer) -> float:
        """Count a request; returns for how long (s) the connection that it came by is to wait."""
        line = self._lines.get(peer)
        if line is None:
            return 0.0
        if line.source:
            return self._of_source(line.source).take(0, 1, self._now())
        return self._charge(line.where, 1)

    def _nobodys(self, where: str) -> Peer | None:
        """Return the oldest connection of an address by which no device and no key has asked last."""
        lines = ((peer, line) for peer, line in self._lines.items() if line.where == where)
        return next((peer for peer, line in lines if not (line.source or line.counted or line.leaving)), None)

    def _greet(self, where: str, requests: float) -> None:
        now = self._now()
        if where in self._familiar:  # it may have been forgotten meanwhile
            self._familiar[where].take(0, requests, now)
        self._all().take(0, requests, now)

    def _charge(self, where: str, requests: float) -> float:
        now = self._now()
        return max(self._of(where).take(0, requests, now), self._all().take(0, requests, now))

    def _all(self) -> Pace:
        if self._total is None:  # the clock runs once there is a loop
            self._total = Pace(self._total_limits, self._now())
        return self._total

    def _of(self, where: str) -> Pace:
        return _touch(self._addresses, where, self._addresses.get(where) or Pace(self._pace, self._now()))

    def _of_source(self, source: str) -> Pace:
        return _touch(self._sources, source, self._sources.get(source) or Pace(self._pace, self._now()))


def _touch(kept: OrderedDict[str, T], name: str, value: T) -> T:
    """Keep a value as the newest, and no more than so many."""
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > KEPT:
        kept.popitem(last=False)
    return value
