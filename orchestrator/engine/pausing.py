"""Speed zero for as long as anything that keeps the robot still is paused. It acts before anything is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError
from orchestrator.core.interlock import why_not, why_not_manual
from orchestrator.core.machine import MOTION_ALLOWED, CellVerb
from orchestrator.core.pauses import robot_pauses
from orchestrator.core.retreat import retreats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Robot
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.runner import Runner

log = structlog.get_logger(__name__)

CAP = "pause"  # the name of the cap on the robot's speed


class Pausing:
    """Keeps one robot's named speed cap at what is paused. The cap is lifted only where the robot may move anyway.

    `asked` pauses count from when they are asked for until they are durable or refused; one that could not be written
    counts until the cell has come to a stand.
    """

    def __init__(self, runner: Runner, robot: Robot) -> None:
        self._runner = runner
        self._robot = robot
        self._asked = 0
        self._unwritten = False
        self._applied: float | None = None
        self._task: asyncio.Task[None] | None = None
        runner.pausing = self
        runner.bus.join(self._observe)

    def begin(self) -> None:
        """A pause is asked for: speed zero, now."""
        self._asked += 1
        self._apply()

    def end(self, *, written: bool) -> None:
        """It was judged: what the state says counts."""
        self._asked -= 1
        self._unwritten = self._unwritten or not written
        self._apply()

    def _observe(self, _before: State, after: State, _events: Sequence[Fresh]) -> None:
        if after.cell not in MOTION_ALLOWED:
            self._unwritten = False
        self._apply()

    def _wanted(self) -> float | None:
        """The cap that shall be; None where it stays as it is: the robot may not move, and nobody has paused it."""
        state = self._runner.state
        if self._asked or self._unwritten or robot_pauses(state):
            return 0.0
        may_move = not why_not(state) or not why_not_manual(state) or retreats(state)
        return 1.0 if may_move and not state.ending else None

    def _apply(self) -> None:
        wanted = self._wanted()
        if wanted is not None and wanted != self._applied and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._work(), name="pausing")

    async def _work(self) -> None:
        while (wanted := self._wanted()) is not None and wanted != self._applied:
            try:
                if wanted == 0.0 and not self._robot.capabilities.speed_scaling:
                    raise RobotError("The robot can't be slowed.", remedy="It is held instead.", code="no_scaling")
                await self._robot.cap_speed(CAP, wanted)
            except Exception as error:
                if isinstance(error, RobotError):
                    log.warning("the robot can't be paused", error=str(error))
                else:
                    log.exception("the robot can't be paused")
                hold = cmd.ChangeCell(verb=CellVerb.HOLD, reason="The robot could not be paused.")
                if wanted == 0.0:
                    self._runner.post(hold)
                self._applied = None
                return
            self._applied = wanted
