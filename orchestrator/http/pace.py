"""How fast a connection is read, and for how long one that can't be understood is listened to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may send. A page sends a ping every 2.5 s, a message for each press, and what it kept.

    `messages_per_s` and `bytes_per_s` are what is read in the long run, `messages` and `bytes` what may come at once.
    A hello counts for `hello` messages: it is answered by everything that there is. A command counts for `command`: it
    may have to be written and shown to everybody; one that a device kept counts for one. Above `refused` messages
    within `window_s` that can't be understood the connection is ended.
    """

    messages_per_s: float = 50.0
    messages: float = 300.0
    bytes_per_s: float = 65_536.0
    bytes: float = 524_288.0
    hello: float = 10.0
    command: float = 5.0
    refused: int = 20
    window_s: float = 60.0


class Pace:
    """Credit of one connection that refills with time; where it is used up nothing is read until it is back."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._messages, self._bytes = limits.messages, limits.bytes
        self._at = now

    def take(self, size: int, messages: float, now: float) -> float:
        """Charge what was read, `size` in bytes; returns for how many seconds nothing more is to be read.

        >>> pace = Pace(Limits(messages_per_s=10, messages=1), now=0.0)
        >>> [pace.take(20, 1, now=0.0), pace.take(20, 1, now=0.0)]
        [0.0, 0.1]
        """
        limits, passed = self._limits, now - self._at
        self._at = now
        self._messages = min(limits.messages, self._messages + passed * limits.messages_per_s) - messages
        self._bytes = min(limits.bytes, self._bytes + passed * limits.bytes_per_s) - size
        return max(0.0, -self._messages / limits.messages_per_s, -self._bytes / limits.bytes_per_s)


class Refusals:
    """Counts what could not be understood within the newest seconds: a good message in between does not undo it."""

    def __init__(self, most: int, window_s: float) -> None:
        self._window_s = window_s
        self._at: deque[float] = deque(maxlen=most)

    def one_more(self, now: float) -> bool:
        """Count one; tells whether there were as many as may be."""
        self._at.append(now)
        return len(self._at) == self._at.maxlen and now - self._at[0] < self._window_s


class Rude:
    """Where connections came from that were ended for what they sent: from there one mistake is enough for a while."""

    LATE_S = 1.0  # how late they are let in, so that who comes again at once comes once a second
    KEPT = 1_000

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._since: dict[str, float] = {}

    def note(self, source: str, now: float) -> None:
        """A connection from there was ended."""
        self._since.pop(source, None)
        self._since[source] = now
        if len(self._since) > self.KEPT:
            del self._since[next(iter(self._since))]

    def known(self, source: str, now: float) -> bool:
        """Tell whether one was ended within the newest `window_s`."""
        since = self._since.get(source)
        return since is not None and now - since < self._window_s
