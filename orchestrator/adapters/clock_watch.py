"""Notices that the clock on the wall was set while a cell runs, or between two of its runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.clock_wall import WallClock

EVERY_S = 2.0
SLEWED_S = 5.0  # NTP moves a clock by less while a cell runs; more than this somebody or something has set it


class ClockWatch:
    """Compares a cell's clock with the wall's again and again; `fares` is told in words, "" where they agree."""

    def __init__(self, clock: WallClock, fares: Callable[[str], None]) -> None:
        self._clock = clock
        self._fares = fares
        self._timer: asyncio.TimerHandle | None = None
        self._look()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        off_s = self._clock.off_s
        self._fares("" if abs(off_s) < SLEWED_S else f"{off_s:+.0f} s")
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._look)
