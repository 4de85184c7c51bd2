"""The hash chain of every journal: the SHA-256 of an event covers the one before it, so nothing changes unseen."""

from __future__ import annotations

import struct
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING

from orchestrator.core.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Entry

ROOT = bytes(32)
"""What the first event stands on."""

LARGEST_PAYLOAD_B = 16 * 1024 * 1024

_FIXED = struct.Struct(">32sQdqIIIQ")


def link(previous: bytes, seq: int, entry: Entry) -> bytes:
    """Return the 32-byte SHA-256 of an event that follows `previous`.

    Hashed is, big-endian and without gaps: the previous hash (32 bytes), seq (uint64), t (IEEE 754 double, s),
    version (int64), the UTF-8 lengths of type, subject and command (uint32 each), the length of the payload
    (uint64), then type, subject, command and payload themselves. The lengths keep one event from posing as another.
    """
    kind, subject, command = entry.type.encode(), entry.subject.encode(), entry.command.encode()
    payload = entry.payload
    fixed = _FIXED.pack(
        previous, seq, entry.t + 0.0, entry.version, len(kind), len(subject), len(command), len(payload)
    )  # + 0.0: a negative zero would not survive storage
    return sha256(b"".join((fixed, kind, subject, command, payload))).digest()


def admit(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries when all of them can be journalled. Raises JournalError, naming the first that can't."""
    if not entries:
        raise JournalError("There is no event to journal.", remedy="Append at least one entry.")
    for entry in entries:
        if not isfinite(entry.t):
            raise _refused(entry, f"its time is {entry.t}", "Stamp it with the clock's now().")
        if not -(2**63) <= entry.version < 2**63:
            raise _refused(entry, f"its version {entry.version} is out of range", "Count versions from 1.")
        if not isinstance(entry.payload, bytes):
            raise _refused(entry, "its payload is not bytes", "Encode it as canonical JSON.")
        if len(entry.payload) > LARGEST_PAYLOAD_B:
            size_mb = len(entry.payload) / 1e6
            raise _refused(entry, f"its payload has {size_mb:.0f} MB", "Store evidence as a file, journal its path.")
        try:
            (entry.type + entry.subject + entry.command).encode()
        except UnicodeEncodeError:
            raise _refused(entry, "its text is not valid Unicode", "Refuse such text where it enters.") from None
    return tuple(entries)


def _refused(entry: Entry, why: str, remedy: str) -> JournalError:
    return JournalError(f"An event of type {entry.type!r} can't be journalled: {why}.", remedy=remedy)
