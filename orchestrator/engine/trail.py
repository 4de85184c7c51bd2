"""The trail: the way that the arm has really come since it was last at home, as its own readings tell it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.core.state import Trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Joints, Robot, RobotState

STEP_RAD = 0.002  # what moves less since the last point is no new one
EXACT_RAD = 0.001  # how far a point that is left out may be from the line between those that stay
GAP_RAD = 0.35  # between two readings; over more than this nobody knows how the arm has come
SILENT_S = 0.5  # without a reading; what moved meanwhile may have gone any way
HERE_RAD = 0.01  # an arm this near to the end of a trail has come along it
AT_HOME_RAD = 1e-3
GRIPS_M = 0.001  # of opening; an arm that has gripped or let go does not go back to where it did
MOST = 20_000  # points that are kept
LONGEST = 1_500  # points of a trail that is told


class TrailKeeper:
    """Keeps the way of one arm. Called at each reading, so it is cheap; `trail` does the work.

    The way begins anew at home, where the gripper has closed or opened, and where readings were missed. While the arm
    goes `back`, what it has left behind it is dropped.
    """

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self.back = False
        reading = robot.state.value
        self._points: list[Joints] = [reading.joints]
        self._stands: list[bool] = [True]
        self._since = self._heard_t = reading.stamp
        self._hand = (reading.opening_m, reading.holding)
        self._end = robot.state.listen(self._heard)

    def close(self) -> None:
        """Stop listening."""
        self._end()

    def trail(self) -> Trail:
        """Return the way to where the arm stands now, thinned; one point where it is not known how it came."""
        here = self._robot.state.value.joints
        off = _apart(self._points[-1], here)
        if off > HERE_RAD:
            return Trail((tuple(round(angle, 5) for angle in here),), (0,), self._since)
        points = [*self._points, here] if off > 0 else list(self._points)
        stands = [*self._stands, True][: len(points)]
        stays = _thinned(points, stands)[-LONGEST:]
        told = tuple(tuple(round(angle, 5) for angle in points[index]) for index in stays)
        return Trail(told, tuple(n for n, index in enumerate(stays) if stands[index]), self._since)

    def take_up(self, known: Trail | None) -> bool:
        """Go on from a way that was noted before; False where the arm does not stand at its end."""
        here = self._robot.state.value.joints
        if known is None or not known.points or _apart(known.points[-1], here) > HERE_RAD:
            return False
        self._points = [tuple(point) for point in known.points]
        self._stands = [index in known.stands for index in range(len(known.points))]
        self._since = known.since
        return True

    def _heard(self, reading: RobotState) -> None:
        here = reading.joints
        gap = _apart(self._points[-1], here)
        silent = reading.stamp - self._heard_t > SILENT_S
        self._heard_t = reading.stamp
        opening_m, holding = self._hand
        missed = gap > GAP_RAD or (silent and gap > HERE_RAD)
        if abs(reading.opening_m - opening_m) > GRIPS_M or reading.holding is not holding or missed:
            self._begin(reading)
        elif not reading.moving and gap <= STEP_RAD:
            self._stands[-1] = True
            if _apart(here, self._robot.capabilities.home) < AT_HOME_RAD and len(self._points) > 1:
                self._begin(reading)
        elif gap >= STEP_RAD:
            if self.back:
                self._go_back(here)
            else:
                self._points.append(here)
                self._stands.append(not reading.moving)
                if len(self._points) > MOST:
                    del self._points[: MOST // 2], self._stands[: MOST // 2]

    def _go_back(self, here: Joints) -> None:
        while len(self._points) > 1 and _apart(self._points[-2], here) <= _apart(self._points[-1], here):
            self._points.pop()
            self._stands.pop()

    def arrived(self) -> None:
        """The arm goes back no further: where it left its trail on the way, it is not known how it came there."""
        self.back = False
        if _apart(self._points[-1], self._robot.state.value.joints) > HERE_RAD:
            self._begin(self._robot.state.value)

    def _begin(self, reading: RobotState) -> None:
        self._points, self._stands = [reading.joints], [not reading.moving]
        self._since = reading.stamp
        self._hand = (reading.opening_m, reading.holding)


def _apart(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the largest joint difference in rad."""
    return max(abs(x - y) for x, y in zip(a, b, strict=False)) if a and b else 0.0


def _thinned(points: Sequence[Joints], stands: Sequence[bool]) -> list[int]:
    """Return the indices of the points that stay: ends, stands, and as many between as keep the way exact.

    D. Douglas and T. Peucker, "Algorithms for the reduction of the number of points", 1973, with the largest joint
    difference for a distance.
    """
    table = np.asarray(points, dtype=np.float64)
    corners = sorted({0, len(points) - 1, *(n for n, stood in enumerate(stands) if stood)})
    stays = set(corners)
    todo = [(a, b) for a, b in itertools.pairwise(corners) if b > a + 1]
    while todo:
        a, b = todo.pop()
        line = table[b] - table[a]
        between = table[a + 1 : b] - table[a]
        share = np.clip(between @ line / max(float(line @ line), 1e-18), 0.0, 1.0)
        off = np.abs(between - share[:, None] * line).max(axis=1)
        worst = int(off.argmax())
        if off[worst] > EXACT_RAD:
            middle = a + 1 + worst
            stays.add(middle)
            todo += [(x, y) for x, y in ((a, middle), (middle, b)) if y > x + 1]
    return sorted(stays)
