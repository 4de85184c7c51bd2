"""A wall clock that runs faster: a simulated cell for impatient people and for browser tests."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import FileDescriptorLike


class _Hurried(selectors.BaseSelector):
    """Waits for the share of a time-out that the sped-up loop means by it."""

    def __init__(self, speed: float) -> None:
        self._inner = selectors.DefaultSelector()
        self._speed = speed

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return self._inner.select(timeout if timeout is None else timeout / self._speed)

    def close(self) -> None:
        self._inner.close()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._inner.get_map()


class SpedLoop(asyncio.SelectorEventLoop):
    """An event loop in which every second of the wall is `speed` seconds: sleeps, motions and time-outs alike.

    What waits for a network or a browser multiplies by `speed` (`engine/wall`).
    """

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._started = time.monotonic()
        super().__init__(_Hurried(speed))

    def time(self) -> float:
        """Return the loop's seconds, which pass faster than the wall's."""
        return self._started + (time.monotonic() - self._started) * self.speed


class SpedClock:
    """UTC seconds that pass as the loop's do, from the wall's time when it was made."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._zero = time.time() - loop.time()

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return round(self._zero + self._loop.time(), 6)

    def not_before(self, t: float) -> None:
        """Never say less than `t` from now on."""
        self._zero += max(0.0, t - self.now())
