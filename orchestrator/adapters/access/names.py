"""By which names and addresses other machines on the network reach this one."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Documentation addresses (RFC 5737, 3849): nothing is sent; the kernel only says from where it would be.
_OUTSIDE = ((socket.AF_INET, ("192.0.2.1", 9)), (socket.AF_INET6, ("2001:db8::1", 9)))
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def names(more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return this machine's names and addresses, `more` first, each once, lower case."""
    host = socket.gethostname().lower()
    own = [host, *([] if "." in host else [f"{host}.local"])]
    with suppress(OSError):
        own += [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    for family, outside in _OUTSIDE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(outside)
            own.append(probe.getsockname()[0])
    kept = [name.strip("[]").lower() for name in (*more, *own, *LOOPBACK)]
    return tuple(dict.fromkeys(name for name in kept if name and "%" not in name and name not in {"0.0.0.0", "::"}))  # noqa: S104 - told apart, not bound


def address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a name that is an address as one, None for other names."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
