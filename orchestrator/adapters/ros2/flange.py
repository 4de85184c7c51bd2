"""Where the flange was a moment ago, for a picture that was taken then by a camera on it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Latest, RobotState

KEPT = 2000  # readings: of 160 Hz and less 12 s
NEAR_S = 0.05  # a reading farther from a picture's time than this tells nothing of it


class FlangeLog:
    """The flange's poses (world), as an arm's readings come; `link` is its place among the arm's drawn links."""

    def __init__(self, state: Latest[RobotState], link: int) -> None:
        self._link = link
        self._poses: deque[tuple[float, Pose]] = deque(maxlen=KEPT)
        self._hear(state.value)
        self.close = state.listen(self._hear)

    def at(self, stamp: float) -> Pose:
        """Return where it was at a time (s, UTC), by the nearest reading. Raises VisionError (no_pose) without one."""
        t, pose = min(reversed(self._poses), key=lambda reading: abs(reading[0] - stamp))
        if abs(t - stamp) > NEAR_S:
            raise VisionError(
                f"Where the arm was at the picture is not known: its nearest reading is {abs(t - stamp):.2f} s off.",
                remedy="See the robot's joint states and the clocks of robot and camera.",
                code="no_pose",
            )
        return pose

    def _hear(self, state: RobotState) -> None:
        if not self._poses or state.stamp > self._poses[-1][0]:
            self._poses.append((state.stamp, state.links[self._link]))
