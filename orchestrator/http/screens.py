"""Which worker places have a screen, and which have lost the one that somebody works with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

BACK_S = 5.0  # how long a screen may be away before the cell learns of it: a reload, a blink of the network


class Screens:
    """Tells the cell that a place has lost its screen, and that it has one again.

    A screen counts once something was asked from it for its place: who only looks on takes nothing along. `tell` hands
    in whether a place has a screen; `errand` runs that to its end.
    """

    def __init__(
        self,
        tell: Callable[[str, bool], Coroutine[None, None, None]],
        errand: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self._tell = tell
        self._errand = errand
        self._at: dict[object, str] = {}
        self._worked_with: set[str] = set()
        self._lost: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def here(self, session: object, place: str) -> None:
        """A session has said hello as the screen of a place."""
        self.gone(session)
        self._at[session] = place
        timer = self._timers.pop(place, None)
        if timer is not None:
            timer.cancel()
        if place in self._lost:
            self._lost.discard(place)
            self._errand(self._tell(place, True))

    def works(self, session: object, place: str) -> None:
        """Somebody has asked something for a place from this session, which is its screen from now on."""
        if self._at.get(session) != place:
            self.here(session, place)
        self._worked_with.add(place)

    def gone(self, session: object) -> None:
        """A session has ended."""
        place = self._at.pop(session, "")
        if place in self._worked_with and place not in self._at.values() and place not in self._timers:
            self._timers[place] = asyncio.get_running_loop().call_later(BACK_S, self._away, place)

    def close(self) -> None:
        """Tell nothing more: the server goes, not the screens."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._worked_with.clear()

    def _away(self, place: str) -> None:
        del self._timers[place]
        self._lost.add(place)
        self._errand(self._tell(place, False))
