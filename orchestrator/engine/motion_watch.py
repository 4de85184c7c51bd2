"""Watches for an arm that moves though nobody asked for it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from orchestrator.core.commands import ReportUnasked
from orchestrator.core.machine import CellState
from orchestrator.core.unasked import asked_for
from orchestrator.engine.stillness import apart_rad

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.ports import Joints, Robot, RobotState
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.runner import Runner

MOVED_RAD = 0.01  # half a degree: more than brakes, a servo that holds and a pull at the part make of standing
SETTLES_S = 0.5  # what an arm may still swing after the last motion has ended
OVER_S = 1.0  # how long it must stand until it is told no more
_STOPS = frozenset({CellState.EXECUTE, CellState.SUSPENDED, CellState.HELD})  # elsewhere people free it at its panel


class MotionWatch:
    """Compares each reading with where the arm was left. Where that differs, people are told.

    A cell that could go on is stopped (`stop`: at once, waiting for nothing) and held.
    """

    def __init__(self, runner: Runner, robot: Robot, stop: Callable[[], None]) -> None:
        self._runner = runner
        self._stop = stop
        self._left: Joints | None = None
        self._stamp = 0.0  # of the newest reading
        self._asked_s: float | None = None  # when a motion was last asked for, in the loop's time
        self._moved_s: float | None = None  # when it last moved unasked
        self._ends = (robot.state.listen(self._heard), runner.bus.join(self._observe))

    def close(self) -> None:
        """Stop listening."""
        for end in self._ends:
            end()

    def _observe(self, before: State, after: State, _events: Sequence[Fresh]) -> None:
        if asked_for(before) or asked_for(after):
            self._asked_s = asyncio.get_running_loop().time()

    def _heard(self, reading: RobotState) -> None:
        now = asyncio.get_running_loop().time()
        if asked_for(self._runner.state):
            self._asked_s = now
        unheard = reading.stamp - self._stamp > SETTLES_S  # its silence was told, and nobody knows how it moved in it
        self._stamp = reading.stamp
        if self._left is None or unheard or (self._asked_s is not None and now - self._asked_s < SETTLES_S):
            self._left = reading.joints
        elif (by_rad := apart_rad(self._left, reading.joints)) > MOVED_RAD:
            self._left, self._moved_s = reading.joints, now
            self._tell(by_rad)
        if self._moved_s is not None and now - self._moved_s >= OVER_S:
            self._moved_s = None
            self._runner.troubles.note("motion", "")

    def _tell(self, by_rad: float) -> None:
        if "motion" not in self._runner.troubles.there:
            self._runner.troubles.note("motion", f"{math.degrees(by_rad):.1f}°")
        if self._runner.state.cell in _STOPS:
            self._stop()
            self._runner.post(ReportUnasked())
