"""Jogging through a controller that knows trajectories alone: a short one a tick, each with its way to a stand."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from orchestrator.adapters.ros2.course import LEAD_S, STEP_S, Place, Waypoint, standing
from orchestrator.adapters.ros2.run import SETTLE_S
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.core.ports import Outcome, Safety

if TYPE_CHECKING:
    from orchestrator.adapters.ros2.drive import Drive
    from orchestrator.adapters.ros2.readings import Readings
    from orchestrator.adapters.sim.jog import Jog
    from orchestrator.adapters.sim.motion import SimMotion
    from orchestrator.core.ports import Joints

    Moment = tuple[list[float], list[float], list[float]]  # joints rad, rad/s, rad/s²

LATE_S = 0.04  # a tick that comes later than this has lost the arm, which brakes on its own by then
FIRST_S = 0.3  # how long a jog that has not set out may wait for a word of the arm
FOLLOWS_S = 0.1  # an arm that is where it should be later than this does not follow: it would catch up, too fast
UNTIMED = 0.85  # of the speed limit: what a jog keeps to where trajectories count from when they are heard
RISE_1_S = 1.0  # how fast a jog goes faster by a speed slider, which lets the arm make up for what it was behind
LEAST = 0.02  # of a speed slider: below it an arm is as good as held
OFF_RAD = 0.01  # of a joint: nearer than this an arm is where it was told to be


async def ride(jog: Jog, motion: SimMotion, drive: Drive, readings: Readings) -> Outcome | None:
    """Let a jog's every tick steer the arm, until both stand; the outcome where the controller does not follow.

    Each trajectory ends in a stand: where the next one does not come, because this process has died or the network
    is gone, the arm has been told already how to stop. A tick goes on by the time since the one before: the arm has as
    much time for its way as the way takes, and loses none by ticks that come late, as all do by a little. The way that
    an arm makes up for which was held back is speed that nobody asked for.

    Where the joint states are stamped, each trajectory counts from its tick by that clock: one that is under way longer
    than the one before joins it at its right place. Elsewhere it counts from when it is heard, and the way between two
    is made up for or waited for, so there the jog keeps farther below the limit.
    """
    loop = asyncio.get_running_loop()
    begun_s = tick_s = loop.time()
    given: deque[tuple[float, Joints]] = deque()  # when the arm was told to be where, since it must have been there
    end: Joints | None = None  # where the last trajectory leads
    sets, share = readings.sets, drive.slider
    while not (jog.halting and jog.standing):
        await asyncio.sleep(max(0.0, tick_s + STEP_S - loop.time()))
        now_s = loop.time()
        passed_s, tick_s = now_s - tick_s, now_s
        if end is None:
            passed_s = STEP_S  # it has not set out yet
        if motion.stop_as is not None:
            jog.halt(motion.stop_as)
            if motion.stop_as.code in set(Safety):
                break  # the robot brakes by itself, and nothing may go on when its stop is released
        if (late_s := passed_s - STEP_S) > LATE_S:
            jog.halt(_late(late_s))
            break
        if (silent_s := now_s - readings.seen_s) > LEAD_S:
            if end is None and now_s - begun_s < FIRST_S and not jog.halting:
                continue  # it has not set out, and waits for a word of the arm
            jog.halt(_unheard(silent_s))  # what is told to the arm comes as late, and would have it jump along its way
            break
        if readings.sets != sets:
            jog.halt(Outcome("aborted", "clock_set", "The robot's clock was set.", "Press again."))
            break  # a stamp by the one before would have it jump as well
        share = min(drive.slider, share + RISE_1_S * passed_s)
        if not _follows(given, readings, share):
            words = "The arm does not follow the jog."
            remedy = "Look at the robot's own speed, and what is in its way; then press again."
            jog.halt(Outcome("aborted", "not_following", words, remedy))
            end = _stop_here(jog, drive, readings)
            break
        stamp_s = readings.theirs(tick_s)
        jog.share = 1.0 if stamp_s is not None else UNTIMED
        before = jog.tail(STEP_S)[0]
        jog.advance(passed_s, tick_s, drive.factor * share)
        tail = jog.tail(STEP_S)
        if (late_s := loop.time() - tick_s) > LATE_S:
            if end is not None:
                jog.halt(_late(late_s))  # reckoned too slowly: by now the arm brakes on its own
                break
            tick_s = loop.time()  # it stands and sets out now: the first reckoning takes longest
            stamp_s = readings.theirs(tick_s)
        if tail[0][0] != before[0] or not jog.standing:
            points = _waypoints(tail)
            given.append((loop.time(), points[0].positions))
            end = points[-1].positions
            if not drive.link.steer(points, stamp_s):
                return Outcome("aborted", "no_controller", "Nobody listens to the controller's topic.", "Start it.")
        motion.tell(0.0)
    if end is None or readings.latest is None:
        return None
    stopped = motion.stop_as is not None and motion.stop_as.code in set(Safety)
    if stopped:
        drive.link.steer(standing(readings.latest.joints))
    if not await readings.stands(LEAD_S + SETTLE_S):
        if loop.time() - readings.heard_s > SETTLE_S:
            words = "Nothing is heard of the arm any more."
            return Outcome("unknown", "lost", words, "Look where the arm stands; start its driver.")
        return Outcome("unknown", "still_moving", "The arm goes on moving after a jog.", "Press the emergency stop.")
    if stopped or distance(readings.latest.joints, end) > OFF_RAD:
        drive.link.steer(standing(readings.latest.joints))  # it was held back: once let go it shall not go on
    return None


def _late(late_s: float) -> Outcome:
    words = f"A jog's tick came {1000 * late_s:.0f} ms late."
    return Outcome("aborted", "late", words, "Close what loads this machine, and press again.")


def _unheard(silent_s: float) -> Outcome:
    words = f"The last that was heard of the arm is {1000 * silent_s:.0f} ms old."
    remedy = "See the network to the robot, and what loads this machine; then press again."
    return Outcome("aborted", "late", words, remedy)


def _follows(given: deque[tuple[float, Joints]], readings: Readings, share: float) -> bool:
    """Whether the arm is near one of the places where it was told to be, but not near one that is long past.

    An arm whose controller goes on in time at a `share` of the pace, as by a speed slider, takes as much longer for its
    way to each trajectory's first place.
    """
    past_s = readings.heard_s - LEAD_S / max(share, LEAST) - FOLLOWS_S
    while len(given) > 1 and given[1][0] <= past_s:
        given.popleft()
    if not given or given[0][0] > past_s or readings.latest is None:
        return True
    joints = readings.latest.joints
    return any(distance(joints, place) <= OFF_RAD for _, place in given)


def _stop_here(jog: Jog, drive: Drive, readings: Readings) -> Joints:
    """Bring the arm to a stand from where it is, at most as fast as it was told to be; return where it will stand."""
    assert readings.latest is not None
    here = readings.latest.joints
    points = standing(here) if readings.steady else _waypoints(_moved(jog.tail(STEP_S), here))
    drive.link.steer(points)
    return points[-1].positions


def _moved(tail: list[Moment], here: Joints) -> list[Moment]:
    """Return a way to a stand as one that begins ahead of `here` by what an arm covers until it takes over."""
    q0, v0, _ = tail[0]
    off = [at + v * LEAD_S - q for at, q, v in zip(here, q0, v0, strict=True)]
    return [([a + b for a, b in zip(q, off, strict=True)], v, a) for q, v, a in tail]


def _waypoints(tail: list[Moment]) -> tuple[Waypoint, ...]:
    """Return a way to a stand without speeds, so that a controller goes straight from one place to the next.

    A spline would begin at the speed that the arm is told to have, and without its acceleration: what either is off by
    is swung over again at each tick, and above the limit (a tenth, with the messages' own ways a quarter).
    """
    return tuple(Waypoint(LEAD_S + k * STEP_S, tuple(q), (), (), Place()) for k, (q, _, _) in enumerate(tail))
