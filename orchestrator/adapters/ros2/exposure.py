"""When a picture was taken, in the cell's own time, from the stamp in its header."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from orchestrator.core.errors import VisionError

AHEAD_S = 0.02  # a stamp may be later than its arrival by what synchronised clocks differ
FOREIGN_S = 60.0  # no picture is under way for so long: another clock has stamped it
TICK_S = 0.004  # between two of the simulator's ticks that are kept
KEPT = 2500  # ticks: 10 s and more
BEYOND_S = 0.5  # a stamp is this much later than the simulator's clock at most, whose ticks come apart from pictures


@dataclass(frozen=True, slots=True)
class Came:
    """When something came: s (UTC), by the cell's time and by this machine's wall clock."""

    t: float
    utc_s: float


class Exposures(Protocol):
    """Who tells when a picture was taken."""

    def taken(self, stamp_s: float, came: Came) -> float:
        """Return when (s, UTC, the cell's time) a picture stamped `stamp_s` was taken; never later than it came.

        Raises VisionError (code other_clock) for a stamp that is not of the clock that it should be of.
        """


class ByWall:
    """Stamps of the wall's clock, this machine's or one that is synchronised with it."""

    def taken(self, stamp_s: float, came: Came) -> float:
        """See `Exposures`: the cell's time may differ from the wall's, the picture's age does not."""
        if stamp_s <= 0.0:
            raise _other("Its pictures carry no stamp.", "Have the camera's driver stamp them.")
        age_s = came.utc_s - stamp_s
        if age_s > FOREIGN_S:
            raise _other(
                f"Its pictures are stamped {age_s:.0f} s ago: by another clock.",
                "Have its driver stamp by the system's time, or write use_sim_time: true where a simulator stamps.",
            )
        if age_s < -AHEAD_S:
            raise _other(
                f"Its pictures are stamped {1000 * -age_s:.0f} ms ahead of this machine's clock.",
                "Synchronise the clocks of both machines (chrony, PTP).",
            )
        return came.t - max(age_s, 0.0)


class BySimulator:
    """Stamps of a simulator's clock, whose ticks (/clock) say when that was: at any pace, also where it begins anew.

    Ticks may be heard on another thread than the one that asks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ticks: deque[tuple[float, float]] = deque(maxlen=KEPT)  # simulated s, the cell's time; both rise

    def tick(self, simulated_s: float, t: float) -> None:
        """Hear what the simulator's clock says, at `t` (s, UTC, the cell's time)."""
        with self._lock:
            if self._ticks and simulated_s < self._ticks[-1][0]:
                self._ticks.clear()  # it has begun anew
            if not self._ticks or (simulated_s > self._ticks[-1][0] and t - self._ticks[-1][1] >= TICK_S):
                self._ticks.append((simulated_s, t))

    def taken(self, stamp_s: float, came: Came) -> float:
        """See `Exposures`. Between two ticks it counts as the earlier one: never as newer than it is."""
        with self._lock:
            ticks = tuple(self._ticks)
        if not ticks:
            raise _other("Nobody publishes a simulator's /clock.", "Start the simulator, or leave use_sim_time out.")
        if stamp_s > ticks[-1][0] + BEYOND_S:
            raise _other(
                f"Its pictures are stamped {stamp_s - ticks[-1][0]:.1f} s ahead of the simulator's clock: by another.",
                "Have its driver stamp by the simulator's time, or leave use_sim_time out of the cell file.",
            )
        at = bisect_right(ticks, (stamp_s, float("inf"))) - 1
        if at < 0:
            raise _other(
                f"Its pictures are stamped {ticks[0][0] - stamp_s:.1f} s before all that is known of /clock.",
                "See whether the simulator is slow, or began anew.",
            )
        return min(ticks[at][1], came.t)


def _other(message: str, remedy: str) -> VisionError:
    return VisionError(message, remedy=remedy, code="other_clock")
