"""Holds the gripper's sensor against the ledger while nothing moves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.core.commands import ReportGrip
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Robot, RobotState
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.runner import Runner

SETTLES_S = 0.5  # a hand that takes a part out and the word that it did come within this, one after the other


class GripWatch:
    """Reports what the gripper feels once it has differed from what is known for `SETTLES_S`, or agrees again.

    Called at each reading of the robot and after each batch of events; both are cheap where nothing differs.
    """

    def __init__(self, runner: Runner, robot: Robot) -> None:
        self._runner = runner
        self._robot = robot
        self._timer: asyncio.TimerHandle | None = None
        self._ends = (robot.state.listen(self._heard), runner.bus.join(self._observe))

    def close(self) -> None:
        """Stop listening."""
        for end in self._ends:
            end()
        self._put_off()

    def _heard(self, _reading: RobotState) -> None:
        self._look()

    def _observe(self, _before: State, _after: State, _events: Sequence[Fresh]) -> None:
        self._look()

    def _look(self) -> None:
        if not self._differs():
            self._put_off()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SETTLES_S, self._settled)

    def _settled(self) -> None:
        self._timer = None
        if self._differs():
            self._runner.post(ReportGrip(holding=self._robot.state.value.holding))

    def _put_off(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _differs(self) -> bool:
        """Whether the sensor says what neither the ledger nor a noted contradiction says."""
        state, holding = self._runner.state, self._robot.state.value.holding
        held, known = state.world.held(), state.grip
        if known is not None:
            same = known.holding == holding and known.part == (held.part if held is not None else "")
            agrees = same
        else:
            agrees = holding == (held is not None)
        still = not (state.motions or state.ending or state.manual is not None) and state.doing(ROBOT) is None
        return still and not agrees
