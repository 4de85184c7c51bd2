"""Back-off by network address, for those who are nobody yet."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from orchestrator.core import back_off
from orchestrator.core.access import Failures

KEPT = 4_096  # addresses; the one that failed longest ago goes first


class Addresses:
    """Counts wrong tries by address in memory: there may be any number of them, and none is worth a write to disk."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Return how long an address has to wait (s)."""
        return back_off.wait_s(self._failures.get(network(address), Failures()), now)

    def failed(self, address: str, now: float) -> None:
        """Note a wrong try."""
        where = network(address)
        before = self._failures.pop(where, Failures())
        self._failures[where] = back_off.failed(before, now)
        while len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the wrong tries of an address."""
        self._failures.pop(network(address), None)


def network(address: str) -> str:
    """Return an address, of IPv6 its /64: one machine has all of those.

    >>> network("2001:db8::5:6"), network("192.0.2.7")
    ('2001:db8::/64', '192.0.2.7')
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
