"""Whether an arm stands, by its readings: its own word that it has stopped is not enough."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from orchestrator.core.errors import RobotError

if TYPE_CHECKING:
    from orchestrator.core.ports import Joints, Latest, RobotState

MOVES_ON = "moves_on"
STANDS_S = 0.8  # how long readings may take to show that it stands, after it said so
WINDOW_S = 0.05  # how far two readings must lie apart to tell a slow arm from a standing one
STILL_RAD = 1e-3  # what encoders and a servo that holds make of standing


def apart_rad(one: Joints, other: Joints) -> float:
    """Return by how much the joint that differs most differs (rad); endless where it is not the same arm."""
    if len(one) != len(other):
        return math.inf
    return max((abs(a - b) for a, b in zip(one, other, strict=True)), default=0.0)


async def stands(readings: Latest[RobotState]) -> None:
    """Wait until two readings from now on, one after the other, show an arm that does not move.

    Time is the readings' own: where this process lags, or they come late, that tells nothing of the arm. Returns as
    well where the robot says nothing: its silence is noticed elsewhere, and tells of no motion.

    Raises RobotError (code moves_on) where readings show that it moves, and still does after `STANDS_S`.
    """
    judged: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    heard: list[RobotState] = []  # the first, and the newest
    still: list[RobotState] = []  # the one since which it has not moved

    def hear(reading: RobotState) -> None:
        if judged.done() or (heard and reading.stamp <= heard[-1].stamp):
            return
        heard[1:] = [reading]
        moves = reading.moving or bool(still and apart_rad(still[0].joints, reading.joints) > STILL_RAD)
        if moves or not still:
            still[:] = [] if reading.moving else [reading]
        elif reading.stamp - still[0].stamp >= WINDOW_S:
            judged.set_result(True)
        if moves and reading.stamp - heard[0].stamp >= STANDS_S:
            judged.set_result(False)

    unlisten = readings.listen(hear)
    try:
        before = -1.0
        while not (await asyncio.wait({judged}, timeout=STANDS_S))[0]:
            newest = heard[-1].stamp if heard else before
            if newest == before:
                return
            before = newest
    finally:
        unlisten()
    if not judged.result():
        raise RobotError(
            "The robot says that it has stopped, and its arm moves on.",
            remedy="Press the emergency stop, then see the robot's controller.",
            code=MOVES_ON,
        )
