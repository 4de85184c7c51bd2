"""Safety data has an age: when the robot's readings cease, its safety state is not known any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.core.ports import Safety
from orchestrator.engine.wall import wall_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.ports import Robot, RobotState

STALE_S = 0.5  # readings come at 10 Hz and more; five that are missing are no accident


class Heartbeat:
    """Listens to a robot's readings and reports `unknown` once none has come for `STALE_S`.

    It begins with the first reading of a robot whose program runs: one that is not ready yet owes nobody any. When
    readings come again, what the robot says of its safety is reported. In a simulated cell that is sped up it counts
    by the wall: what comes late there is held up by the machine.
    """

    def __init__(self, robot: Robot, report: Callable[[Safety], None]) -> None:
        self.stale = False
        self._robot = robot
        self._report = report
        self._stamp = robot.state.value.stamp
        self._heard_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._begun = robot.state.value.program_running
        self._unlisten = robot.state.listen(self._heard)

    def close(self) -> None:
        """Stop listening."""
        self._unlisten()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _heard(self, reading: RobotState) -> None:
        self._begun = self._begun or reading.program_running
        if not self._begun or reading.stamp == self._stamp:  # an older one is news as well: its clock was set
            return
        self._stamp = reading.stamp
        self._heard_s = asyncio.get_running_loop().time()
        if self.stale:
            self.stale = False
            self._report(self._robot.safety.value)
        if self._timer is None:
            self._arm(wall_s(STALE_S))

    def _arm(self, in_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(in_s, self._check)

    def _check(self, *, sure: bool = False) -> None:
        """Called when the reading that was the newest has become old; a newer one puts it off.

        Where something else held the loop up, a reading may be due that only had no turn yet: it gets one first.
        """
        self._timer = None
        loop = asyncio.get_running_loop()
        left_s = self._heard_s + wall_s(STALE_S) - loop.time()
        if left_s > 1e-6:
            self._arm(left_s)
            return
        if not sure:
            self._timer = loop.call_later(0.0, lambda: self._check(sure=True))
            return
        self.stale = True
        self._report(Safety.UNKNOWN)
