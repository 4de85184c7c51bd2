"""Jogging through a controller that knows trajectories alone: a short one a tick, each with its way to a stand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.ros2.course import LEAD_S, STEP_S, Place, Waypoint
from orchestrator.adapters.ros2.drive import SETTLE_S
from orchestrator.core.ports import Outcome

if TYPE_CHECKING:
    from orchestrator.adapters.ros2.drive import Drive
    from orchestrator.adapters.ros2.readings import Readings
    from orchestrator.adapters.sim.jog import Jog
    from orchestrator.adapters.sim.motion import SimMotion

LATE_S = LEAD_S  # a tick that comes later than this has lost the arm, which brakes on its own by then


async def ride(jog: Jog, motion: SimMotion, drive: Drive, readings: Readings) -> Outcome | None:
    """Let a jog's every tick steer the arm, until both stand; the outcome where the controller does not follow.

    Each trajectory ends in a stand: where the next one does not come, because this process has died or the network
    is gone, the arm has been told already how to stop.
    """
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    moved = False
    while not (jog.halting and jog.standing):
        due_s += STEP_S
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        if (late_s := loop.time() - due_s) > LATE_S and moved:
            words = f"A jog's tick came {1000 * late_s:.0f} ms late."
            jog.halt(Outcome("aborted", "late", words, "Close what loads this machine, and press again."))
            break
        due_s = max(due_s, loop.time() - LATE_S)
        if motion.stop_as is not None:
            jog.halt(motion.stop_as)
        before = jog.tail(STEP_S)[0]
        jog.advance(STEP_S, loop.time(), drive.factor)
        tail = jog.tail(STEP_S)
        if tail[0][0] != before[0] or not jog.standing:
            moved = True
            if not drive.link.steer(_waypoints(tail)):
                return Outcome("aborted", "no_controller", "Nobody listens to the controller's topic.", "Start it.")
        motion.tell(0.0)
    if not moved or await readings.stands(LEAD_S + SETTLE_S):
        return None
    return Outcome("unknown", "still_moving", "The arm goes on moving after a jog.", "Press the emergency stop.")


def _waypoints(tail: list[tuple[list[float], list[float], list[float]]]) -> tuple[Waypoint, ...]:
    points = [Waypoint(LEAD_S + k * STEP_S, tuple(q), tuple(v), tuple(a), Place()) for k, (q, v, a) in enumerate(tail)]
    last = points[-1]
    still = (0.0,) * len(last.positions)
    points[-1] = Waypoint(last.t_s, last.positions, still, still, Place())
    return tuple(points)
