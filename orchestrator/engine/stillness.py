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

    Returns as well where the robot says nothing: its silence is noticed elsewhere, and tells of no motion.

    Raises RobotError (code moves_on) where readings have shown for `STANDS_S` that it moves.
    """
    loop = asyncio.get_running_loop()
    still: asyncio.Future[None] = loop.create_future()
    heard: list[tuple[float, RobotState]] = []

    def hear(reading: RobotState) -> None:
        if still.done() or (heard and reading.stamp == heard[-1][1].stamp):
            return
        if reading.moving or (heard and apart_rad(heard[0][1].joints, reading.joints) > STILL_RAD):
            heard.clear()
        heard.append((loop.time(), reading))
        if not reading.moving and loop.time() - heard[0][0] >= WINDOW_S:
            still.set_result(None)

    unlisten = readings.listen(hear)
    try:
        async with asyncio.timeout(STANDS_S):
            await still
    except TimeoutError:
        if not heard or (len(heard) == 1 and not heard[0][1].moving and heard[0][0] < loop.time() - STANDS_S / 2):
            return
        raise RobotError(
            "The robot says that it has stopped, and its arm moves on.",
            remedy="Press the emergency stop, then see the robot's controller.",
            code=MOVES_ON,
        ) from None
    finally:
        unlisten()
