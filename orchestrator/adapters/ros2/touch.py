"""Contact by the wrist's force: what a move until contact has felt so far."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.geometry import Vector

BLIND_S = 0.2  # without a force for so long a move until contact would be one in the dark
SUPERVISED_M_S = 0.05  # faster than this the arm would push too hard before it is told to stop


class Touch:
    """Feels a push of `limit_N` beyond what weighs on the sensor when it is made. `now` is the loop's time (s)."""

    def __init__(self, limit_N: float, at_rest_N: Vector, now: Callable[[], float]) -> None:  # noqa: N803 - newtons
        self._limit_N = limit_N
        self._at_rest_N = at_rest_N
        self._now = now
        self._heard_s = now()
        self.felt = False
        self._blind = False
        self.most_N = 0.0

    @property
    def blind(self) -> bool:
        """Whether forces have ceased to come, now or before: what was missed meanwhile nobody knows."""
        self._blind = self._blind or self._now() - self._heard_s > BLIND_S
        return self._blind

    def hear(self, force_N: Vector) -> bool:  # noqa: N803 - newtons
        """Take in a force and return whether contact was felt. May be called on another thread than the loop's."""
        self._heard_s = self._now()
        push = math.dist(force_N, self._at_rest_N)
        self.most_N = max(self.most_N, push)
        self.felt = self.felt or push >= self._limit_N - 1e-9
        return self.felt
