"""Which worker places have a screen, and which have lost the one that somebody works with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.engine.wall import wall_s

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

BACK_S = 5.0  # how long a screen may be away before the cell learns of it: a reload, a blink of the network
ELSEWHERE_S = 60.0  # and how long its device may be at another page of the cell, as that of a recovery


class Screens:
    """Tells the cell that a place has lost its screen, and that it has one again.

    A screen counts once something that was asked from it for its place was granted: who only looks on takes nothing
    along when they go, and brings nothing back. A device that worked with the place counts as soon as it is there
    again; while it shows another page it is missed later, for whoever holds it has only turned the page. `tell` hands
    in whether a place has a screen; `errand` runs that to its end.
    """

    def __init__(
        self,
        tell: Callable[[str, bool], Coroutine[None, None, None]],
        errand: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self._tell = tell
        self._errand = errand
        self._devices: dict[object, object] = {}  # of sessions that said hello: whose they are
        self._at: dict[object, str] = {}  # sessions that somebody works with, and at which place
        self._worked_with: dict[str, set[object]] = {}  # place -> devices
        self._lost: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def here(self, session: object, place: str, device: str = "") -> None:
        """A session has said hello as the screen of a place; `device` is the same after a reload, "" not known.

        `place` is "" where it shows another page.
        """
        self.gone(session)
        self._devices[session] = device or session
        if self._devices[session] in self._worked_with.get(place, ()):
            self._seat(session, place)
        elif not place:
            self._count_anew(self._devices[session])

    def works(self, session: object, place: str) -> None:
        """What somebody asked for a place from this session was granted: it is its screen from now on."""
        self._worked_with.setdefault(place, set()).add(self._devices.get(session, session))
        if self._at.get(session) != place:
            self._leave(session)
            self._seat(session, place)

    def signed_out(self, place: str) -> None:
        """Nobody works at a place any more: whoever comes next works with a screen of their own."""
        self._worked_with.pop(place, None)
        self._at = {session: at for session, at in self._at.items() if at != place}
        self._lost.discard(place)
        if (timer := self._timers.pop(place, None)) is not None:
            timer.cancel()

    def gone(self, session: object) -> None:
        """A session has ended."""
        device = self._devices.pop(session, None)
        elsewhere = session not in self._at
        self._leave(session)
        if elsewhere and device is not None:
            self._count_anew(device)

    def close(self) -> None:
        """Tell nothing more: the server goes, not the screens."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._at.clear()

    def _seat(self, session: object, place: str) -> None:
        self._at[session] = place
        timer = self._timers.pop(place, None)
        if timer is not None:
            timer.cancel()
        if place in self._lost:
            self._lost.discard(place)
            self._errand(self._tell(place, True))

    def _leave(self, session: object) -> None:
        place = self._at.pop(session, "")
        if place and place not in self._at.values() and place not in self._timers:
            self._count(place)

    def _count_anew(self, device: object) -> None:
        """A device has come to another page, or is gone from one: the places that miss it wait longer, or shorter."""
        for place in [place for place in self._timers if device in self._worked_with.get(place, ())]:
            self._timers[place].cancel()
            self._count(place)

    def _count(self, place: str) -> None:
        elsewhere = not self._worked_with.get(place, set()).isdisjoint(self._devices.values())
        wait_s = wall_s(ELSEWHERE_S if elsewhere else BACK_S)
        self._timers[place] = asyncio.get_running_loop().call_later(wait_s, self._away, place)

    def _away(self, place: str) -> None:
        del self._timers[place]
        self._lost.add(place)
        self._errand(self._tell(place, False))
