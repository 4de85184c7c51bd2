"""The clock on the wall, without its jumps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class WallClock:
    """UTC read once, carried on by a clock that only runs forward: events never seem to run backwards in time.

    A step of the system clock (a person sets it, NTP corrects it) takes effect at the next start without units in work.
    """

    def __init__(self, utc_s: Callable[[], float] = time.time, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._utc_s = utc_s
        self._steady_s = steady_s
        self._start_utc = utc_s()
        self._start_steady = steady_s()

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return self._start_utc + (self._steady_s() - self._start_steady)

    @property
    def off_s(self) -> float:
        """How much more the wall says than this clock, s: what somebody has set it by."""
        return self._utc_s() - self.now()

    def go_on_from(self, t: float) -> None:
        """Say `t` now, whatever the wall says."""
        self._start_utc += t - self.now()

    def not_before(self, t: float) -> None:
        """Never say less than `t` from now on: a wall that is behind the journal goes on from the journal's time."""
        self._start_utc += max(0.0, t - self.now())
