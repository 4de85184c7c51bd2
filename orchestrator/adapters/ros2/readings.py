"""Joint states as the rest of Tandem reads them: the arm's own joints in order, in our own time, standing or moving."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.kinematics import distance

if TYPE_CHECKING:
    from orchestrator.adapters.ros2.link import JointReading
    from orchestrator.core.ports import Joints
    from orchestrator.core.ros2_spec import Ros2GripperSpec

STILL_RAD_S = 2e-3  # of a joint: a standing servo trembles less
STILL_M_S = 5e-4  # of the fingers
DIGITS = 9  # of an angle in rad: simulated physics trembles far below
FINGERS_S = 1.0  # how old what is known of the fingers may be
STEADY = 3  # readings in a row that show no motion before it is believed to be over
JUMP_S = 0.5  # more than this between what two clocks say has passed, and one of them was set
SKEW_WINDOW = 200  # readings among which the one that came quickest tells how the clocks differ
SET_S = 0.02  # a clock that is off by more than this from one reading to the next was set
SLEWED = 1e-3  # of the time that passes: how fast a clock that is put right, or a slower one, may fall behind
CALENDAR_S = 86_400.0  # stamps that are off by more than this are by no calendar: since a start, or a simulator's


class Stamps:
    """The sender's stamps in our own time. A clock that jumps is noticed, and its readings go on without a gap.

    A stamp is believed to be as old as the quickest message of late was: what is slower was under way longer.
    """

    def __init__(self) -> None:
        self._skews: deque[float] = deque(maxlen=SKEW_WINDOW)
        self._last: tuple[float, float] | None = None  # stamp and arrival of the one before
        self._said = 0.0
        self.jumps = 0

    def forget(self) -> None:
        """Begin anew: the sender's clock was set."""
        self._skews.clear()

    def ours(self, stamp_s: float, arrived_s: float) -> float:
        """Return a reading's time (s, UTC): never before the one before, never after its arrival."""
        if self._last is not None:
            passed, really = stamp_s - self._last[0], arrived_s - self._last[1]
            if abs(passed - really) > JUMP_S and abs(passed) > JUMP_S:
                self._skews.clear()
                self.jumps += 1
        self._last = (stamp_s, arrived_s)
        self._skews.append(arrived_s - stamp_s)
        self._said = max(self._said, min(arrived_s, stamp_s + min(self._skews)))
        return self._said


class TheirClock:
    """The sender's clock beside the loop's, by its stamps: the quickest message was under way for no time.

    Setting our own clock changes nothing. `sets` counts how often the sender's was set.
    """

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None  # stamp and arrival (loop) of the one before
        self._behind_s = 0.0  # what the loop's clock says more
        self.sets = 0

    def hear(self, stamp_s: float, came_s: float) -> float:
        """Take in a stamp that came in at `came_s` (loop); return how much longer than the quickest it took, s."""
        behind_s = came_s - stamp_s
        if self._last is None:
            self._behind_s = behind_s
        elif stamp_s < self._last[0] - SET_S or behind_s < self._behind_s - SET_S:
            self._behind_s = behind_s
            self.sets += 1
        else:
            self._behind_s = min(behind_s, self._behind_s + SLEWED * max(0.0, came_s - self._last[1]))
        self._last = (stamp_s, came_s)
        return behind_s - self._behind_s

    def at(self, loop_s: float) -> float:
        """Return what it says (s) at a time of the loop's."""
        return loop_s - self._behind_s


class Lateness:
    """How long messages of one sender were under way, beyond what the quickest of late was: by their stamps."""

    def __init__(self) -> None:
        self._stamps = Stamps()

    def of(self, stamp_s: float, arrived_s: float) -> float:
        """Return it in s; zero for a message without a stamp (0), which only its arrival tells of."""
        return arrived_s - self._stamps.ours(stamp_s, arrived_s) if stamp_s > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The arm at one time (s, UTC): joints in rad, the gripper's opening in m, and whether either moves."""

    stamp: float
    joints: Joints
    opening_m: float
    moving: bool
    since: float  # when it came to a stand, or began to move


class Readings:
    """Makes readings of an arm of named `joints` with a `gripper`, whose fingers open by `stroke_m`.

    A reading is as old as its stamp says, unless the sender's clock is a `simulated` one, which runs at a pace of its
    own, and in any case as the middleware says.
    """

    def __init__(
        self, joints: tuple[str, ...], gripper: Ros2GripperSpec, stroke_m: float, *, simulated: bool = False
    ) -> None:
        self._names = joints
        self._gripper = gripper
        self._stroke_m = stroke_m
        self._simulated = simulated
        self._stamps = Stamps()
        self._sent = Lateness()
        self._clock = TheirClock()
        self._stamped = False  # whether the latest reading has a stamp of its sender's, by a calendar
        self._still = 0
        self._counts_s = -math.inf  # what was read before this says nothing of a stand (loop)
        self._waiting: list[asyncio.Future[None]] = []
        self._fingers: tuple[float, float] | None = None  # position of the gripper's joint, and when it was heard of
        self._missing: tuple[str, ...] = (*joints, gripper.joint)
        self.latest: Reading | None = None
        self.heard_s = asyncio.get_running_loop().time()  # when the arm was as the latest says (loop)
        self.seen_s = self.heard_s  # the same by the quickest message that there was for long, not of late

    @property
    def steady(self) -> bool:
        """Whether the arm has stood for some readings."""
        return self._still >= STEADY

    def theirs(self, loop_s: float) -> float | None:
        """Return a time of the loop's (s) by the clock that stamps the joint states; None where it has none to go by.

        A simulator's is none: it stands, and makes up for that.
        """
        return self._clock.at(loop_s) if self._stamped and not self._simulated else None

    @property
    def sets(self) -> int:
        """How often the clock was set that stamps the joint states."""
        return self._clock.sets

    @property
    def lacking(self) -> tuple[str, ...]:
        """The joints that the last message with joints of the arm left out, all before there was one."""
        return self._missing

    def hear(self, raw: JointReading) -> Reading | None:
        """Take in a message and return what it says; None for one without the whole arm.

        The gripper's joint may come in messages of its own; without any for `FINGERS_S` nothing is believed.
        """
        if self._gripper.joint in raw.positions:
            self._fingers = (raw.positions[self._gripper.joint], raw.arrived_s)
        missing = [name for name in self._names if name not in raw.positions]
        if len(missing) == len(self._names):
            return None
        if self._fingers is None or raw.arrived_s - self._fingers[1] > FINGERS_S:
            missing.append(self._gripper.joint)
        self._missing = tuple(missing)
        if missing or self._fingers is None:
            return None
        self._stamped = raw.stamp_s > 0.0 and abs(raw.arrived_s - raw.stamp_s) < CALENDAR_S
        sets = self.sets
        slow_s = self._clock.hear(raw.stamp_s, raw.came_s) if self._stamped and not self._simulated else 0.0
        if self.sets != sets:
            self._stamps.forget()
        stamp = self._stamps.ours(raw.stamp_s or raw.sent_s or raw.arrived_s, raw.arrived_s)
        by_stamp_s = 0.0 if self._simulated else raw.arrived_s - stamp
        self.heard_s = raw.came_s - max(by_stamp_s, self._sent.of(raw.sent_s, raw.arrived_s))
        self.seen_s = min(self.heard_s, raw.came_s - slow_s)
        joints = tuple(round(raw.positions[name], DIGITS) for name in self._names)
        opening = self.opening(self._fingers[0])
        before = self.latest
        moves = self._moves(raw, before, joints, opening, stamp)
        self._still = 0 if moves or self.heard_s < self._counts_s else self._still + 1
        moving = moves or (before is not None and before.moving and not self.steady)
        since = before.since if before is not None and before.moving is moving else stamp
        self.latest = Reading(stamp, joints, opening, moving, since)
        if self.steady:
            waiting, self._waiting = self._waiting, []
            for stands in waiting:
                if not stands.done():
                    stands.set_result(None)
        return self.latest

    async def stands(self, limit_s: float) -> bool:
        """Wait until readings from now on show that the arm stands; False when they don't within `limit_s`."""
        self._still, self._counts_s = 0, asyncio.get_running_loop().time()
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(news)
        try:
            async with asyncio.timeout(limit_s):
                await news
        except TimeoutError:
            return False
        return True

    def opening(self, position: float) -> float:
        """Return the fingers' opening (m) at a position of the gripper's joint."""
        spec = self._gripper
        return self._stroke_m * (position - spec.closed) / (spec.open - spec.closed)

    def position(self, opening_m: float) -> float:
        """Return the position of the gripper's joint at an opening in m."""
        spec = self._gripper
        return spec.closed + opening_m / self._stroke_m * (spec.open - spec.closed)

    def _moves(self, raw: JointReading, before: Reading | None, joints: Joints, opening_m: float, stamp: float) -> bool:
        if any(abs(raw.velocities.get(name, 0.0)) > STILL_RAD_S for name in self._names):
            return True
        if before is None:
            return False
        passed_s = max(stamp - before.stamp, 1e-3)
        turned, opened = distance(joints, before.joints), abs(opening_m - before.opening_m)
        return turned > STILL_RAD_S * passed_s or opened > STILL_M_S * passed_s
