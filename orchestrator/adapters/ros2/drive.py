"""What makes the arm move: goals for its controller along a planned path, at the speed that is allowed now.

A trajectory's timing is fixed once it is sent. Another speed, a pause or a cancel is another trajectory along the
same path, which takes over a moment ahead of where the arm is; it is sent as a goal. A stop is sent on the
controller's topic instead, which works while its action does not answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.ros2.course import Course, Place, standing
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.core.ports import Outcome, Safety

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from orchestrator.adapters.ros2.link import Goal, Link
    from orchestrator.adapters.ros2.readings import Readings
    from orchestrator.adapters.sim.motion import SimMotion
    from orchestrator.adapters.sim.timing import Curve
    from orchestrator.core.ports import Grip

ANSWER_S = 2.0  # how long a server may take to answer a goal
BRAKED_S = 5.0  # how long a controller may take to answer what shall bring the arm to a stand, before it is passed by
HEEDED_S = 0.5  # after which an arm that stands has stopped, where its controller took a cancel and says no more
RESULT_S = 2.0  # how long a controller may say nothing where the arm stands at its goal
LOST_S = 1.5  # without feedback, or without any reading, for so long a controller is gone
SETTLE_S = 2.0  # how long the arm may take to stand where its trajectory has ended
GRIP_S = 10.0  # how long a gripper may take
THERE_RAD = 0.02  # a joint farther than this from a goal that "succeeded" is not there
RETIME_S = 0.1  # between two changes of speed, so that a controller is not flooded; a stand is asked for at once


class Drive:
    """Moves one arm and its gripper through a link."""

    def __init__(self, link: Link, readings: Readings) -> None:
        self.link = link
        self._readings = readings
        self._caps: dict[str, float] = {}
        self._wake = asyncio.Event()
        self.urgent = False  # whether what shall stop must not wait for the controller's action
        self.closed: bool | None = None  # whether the fingers' last way was to close, once it is over; None: not known

    @property
    def factor(self) -> float:
        """The lowest of all named speed caps, 0 to 1."""
        return min(self._caps.values(), default=1.0)

    def cap(self, who: str, factor: float) -> None:
        """Cap the speed under a name."""
        self._caps[who] = factor
        self.wake()

    def wake(self) -> None:
        """Let a motion look again: at its speed, at whether it shall stop, at what was read or answered."""
        self._wake.set()

    # ---- along a path ------------------------------------------------------------------------------------------

    async def ride(
        self,
        curves: Sequence[Curve],
        motion: SimMotion,
        *,
        begin: float,
        share: float,
        enough: Callable[[], bool] = lambda: False,
    ) -> Outcome | None:
        """Bring the arm along curves, each from rest to rest; None when it stands at their end, or where `enough` said.

        `begin` and `share` place it in the motion's progress. Else the outcome is how the motion ends.
        """
        if not curves:
            return None
        place = Place()
        while True:
            if motion.stop_as is not None or enough():
                return motion.stop_as
            if self.factor <= 0.0:
                _accept(motion)  # it is taken, and paused
                await self.news()
                continue
            course = Course(curves, place, self.factor)
            if len(course.waypoints) == 1 and course.duration_s == 0.0:
                return None
            run = _Run(self, self._readings, motion, course, enough)
            failed = await run.through(begin, share)
            if failed is not None and failed.kind == "unknown":
                return failed
            if failed is not None or run.course.whole:
                return motion.stop_as or failed
            place = run.course.end

    async def news(self, within_s: float | None = None) -> None:
        """Wait until something was told or `within_s` have passed."""
        self._wake.clear()
        try:
            async with asyncio.timeout(within_s):
                await self._wake.wait()
        except TimeoutError:
            return

    # ---- the fingers -------------------------------------------------------------------------------------------

    async def fingers(self, command: Grip, opening_m: float, motion: SimMotion) -> Outcome | None:
        """Bring the fingers to an opening, or until something is between them; None when they got there."""
        while self.factor <= 0.0:
            if motion.stop_as is not None:
                return motion.stop_as
            _accept(motion)
            await self.news()
        if motion.stop_as is not None:
            return motion.stop_as
        self.closed = False
        goal = self.link.grip(self._readings.position(opening_m), command.force_N, closes=command.close)
        goal.accepted.add_done_callback(lambda _: self.wake())
        goal.ended.add_done_callback(lambda _: self.wake())
        loop = asyncio.get_running_loop()
        begun_s, asked = loop.time(), False
        while not goal.ended.done():
            if goal.accepted.done():
                if not goal.accepted.result():
                    return _failed(
                        "refused", "The gripper refused its goal.", "Look at the gripper's driver.", "rejected"
                    )
                _accept(motion)
            if motion.stop_as is not None and not asked:
                asked, begun_s = True, loop.time()
                goal.drop()
            limit_s = ANSWER_S if asked or not goal.accepted.done() else GRIP_S
            if (left_s := begun_s + limit_s - loop.time()) <= 0:
                goal.drop()
                return _failed("no_answer", "The gripper did not answer in time.", "Look at the gripper's driver.")
            await self.news(left_s)
        ended = goal.ended.result()
        self.closed = command.close
        if ended.status == "lost":
            return _failed("lost", "The gripper's server is gone.", "Start it again.", "unknown")
        if not await self._readings.stands(SETTLE_S):
            return _failed("still_moving", "The fingers move although they should stand.", "Look at the gripper.")
        if motion.stop_as is None and ended.status != "succeeded" and not ended.held:
            words = f"The gripper gave up: {ended.detail or ended.status}."
            return _failed("gripper", words, "Look at gripper and part.")
        return motion.stop_as


class _Run:
    """One ride from a stand to a stand: a goal, and those that take over from it."""

    def __init__(
        self, drive: Drive, readings: Readings, motion: SimMotion, course: Course, enough: Callable[[], bool]
    ) -> None:
        self.course = course  # that the controller is on
        self._drive = drive
        self._readings = readings
        self._motion = motion
        self._enough = enough
        self._loop = asyncio.get_running_loop()
        self._goal = self._given(course)
        self._since_s = self._loop.time()  # when the controller took it up
        self._next: tuple[Course, Goal] | None = None  # what shall take over, until the controller has answered
        self._asked_s = self._loop.time()  # when it was last asked for anything
        self._there_s: float | None = None  # since when the arm stands at the course's end

    async def through(self, begin: float, share: float) -> Outcome | None:
        """Ride until the arm stands, at the course's end or wherever it was stopped or paused."""
        while True:
            if (reading := self._readings.latest) is not None:
                self.course.found(reading.joints, self._loop.time() - self._since_s)
                self._motion.tell(begin + share * self.course.share)
            if (failed := self._answered()) is not None:
                return failed
            if self._next is None and self._goal.ended.done():
                return await self._ended()
            if self._drive.urgent:
                return await self._past_the_action()
            self._turn()
            if (failed := await self._silent()) is not None:
                return failed
            if self._stopped and self._readings.steady and self._goal.ended.done():
                return None
            if self._heeded:
                return None
            await self._drive.news(RETIME_S if self._next is None else RETIME_S / 5)

    # ---- goals -------------------------------------------------------------------------------------------------

    @property
    def _stopping(self) -> bool:
        return self._motion.stop_as is not None or self._enough()

    @property
    def _stopped(self) -> bool:
        """Whether the robot's own safety stops the arm."""
        return self._motion.stop_as is not None and self._motion.stop_as.code in set(Safety)

    @property
    def _heeded(self) -> bool:
        """Whether the controller took the cancel and the arm stands.

        ros2_controllers' joint_trajectory_controller never ends a goal whose cancel comes just as it has succeeded.
        """
        heeded_s = self._goal.heeded_s
        if heeded_s is None or not self._stopping or self._next is not None:
            return False
        return self._readings.steady and self._readings.heard_s - heeded_s > HEEDED_S

    def _given(self, course: Course) -> Goal:
        goal = self._drive.link.follow(course.waypoints)
        goal.accepted.add_done_callback(lambda _: self._drive.wake())
        goal.ended.add_done_callback(lambda _: self._drive.wake())
        self._asked_s = self._loop.time()
        return goal

    def _answered(self) -> Outcome | None:
        """Take in what the controller says to what it was asked for last."""
        if self._next is not None:
            course, goal = self._next
            if goal.accepted.done():
                self._next = None
                if goal.accepted.result():
                    self.course, self._goal, self._since_s = course, goal, self._loop.time()
                    self._there_s = None
                elif self._stopping:
                    self._goal.drop()  # it takes nothing that brakes along the path: it brakes as it does
        elif self._goal.accepted.done() and not self._goal.accepted.result():
            words = "The controller refused the trajectory."
            return _failed("refused", words, "Look at the controller's log.", "rejected")
        if self._goal.accepted.done():
            _accept(self._motion)
        return None

    def _turn(self) -> None:
        """Let another course take over where another speed is wanted now."""
        wanted = 0.0 if self._stopping else self._drive.factor
        if self._next is not None or not self._goal.accepted.done() or self._goal.dropped:
            return
        if self._stopped or self._enough() or (self._stopping and self._readings.steady):
            # The robot brakes by itself, and nothing may go on when its stop is released; what has met something is
            # slow, and every millimetre counts; what stands has nothing to brake.
            self._asked_s = self._loop.time()
            self._goal.drop()
            return
        if self.course.factor in {wanted, 0.0}:
            return
        gone_s = self._loop.time() - self._since_s
        if wanted > 0.0 and gone_s < RETIME_S:
            return
        if (other := self.course.leave(wanted, gone_s)) is not None:
            self._next = (other, self._given(other))

    async def _ended(self) -> Outcome | None:
        ended = self._goal.ended.result()
        if ended.status == "lost":
            return _lost()
        if not await self._readings.stands(SETTLE_S):
            self._halt()
            return _failed("still_moving", "The arm moves although its goal is over.", "Look at the controller.")
        if self._stopping:
            return None
        if ended.status != "succeeded":
            words = f"The controller gave the motion up: {ended.detail or ended.status}."
            return _failed("controller", words, "Look what was in the arm's way.")
        reading = self._readings.latest
        assert reading is not None
        if (off := distance(reading.joints, self.course.goal)) > THERE_RAD:
            words = f"The controller says that the arm is there; a joint is {off:.3f} rad away."
            return _failed("not_there", words, "Look what holds the arm up.")
        self.course.found(reading.joints)
        return None

    # ---- who does not answer -----------------------------------------------------------------------------------

    async def _silent(self) -> Outcome | None:
        """Return how it ends when nobody answers."""
        now_s = self._loop.time()
        ended, beat_s = self._goal.ended.done() or self._there_s is not None, self._goal.beat_s
        beat_s = beat_s if beat_s is not None and not ended else now_s
        if now_s - min(beat_s, self._readings.heard_s) > LOST_S:
            self._give_up()
            return _lost()
        unanswered = self._next is not None or not self._goal.accepted.done() or self._goal.dropped
        if unanswered and now_s - self._asked_s > (BRAKED_S if self._stopping else ANSWER_S):
            self._give_up()
            if await self._readings.stands(SETTLE_S):
                return _failed("no_answer", "The controller did not answer.", "Look at the controller.")
            return _failed("no_answer", "The controller did not answer.", "Press the emergency stop.", "unknown")
        reading = self._readings.latest
        assert reading is not None
        over = not unanswered and now_s - self._since_s > self.course.duration_s
        if not over or not self._readings.steady or distance(reading.joints, self.course.goal) > THERE_RAD:
            self._there_s = None
            return None
        self._there_s = self._there_s if self._there_s is not None else now_s
        if now_s - self._there_s <= RESULT_S:
            return None
        self._goal.drop()
        words = "The arm stands at its goal; the controller never said how the motion ended."
        return _failed("no_result", words, "Plan anew from where it stands.")

    async def _past_the_action(self) -> Outcome | None:
        """Bring the arm to a stand on the controller's topic; cancel its goals then."""
        self._give_up(cancel=False)
        stands = await self._readings.stands(self.course.duration_s * (self.course.factor == 0.0) + SETTLE_S)
        self._drop()
        if stands or await self._readings.stands(SETTLE_S):
            return None
        words = "The arm was told to stop and goes on moving."
        return _failed("still_moving", words, "Press the emergency stop.", "unknown")

    def _give_up(self, *, cancel: bool = True) -> None:
        """Want no more of this: brake on the topic, cancel what was given."""
        if not self._halt() or cancel:
            self._drop()

    def _drop(self) -> None:
        self._goal.drop()
        if self._next is not None:
            self._next[1].drop()

    def _halt(self) -> bool:
        """Publish the way to a stand; False when nobody listens."""
        reading = self._readings.latest
        assert reading is not None
        if self._readings.steady:
            return self._drive.link.steer(standing(reading.joints))
        gone_s = self._loop.time() - self._since_s
        course = self.course.leave(0.0, gone_s) if self.course.factor > 0.0 else None
        return course is None or self._drive.link.steer(course.waypoints)


def _lost() -> Outcome:
    return _failed("lost", "The controller is gone.", "Look where the arm stands; start its driver.", "unknown")


def _accept(motion: SimMotion) -> None:
    if not motion.taken:
        motion.accept()


def _failed(
    code: str, message: str, remedy: str, kind: Literal["aborted", "rejected", "unknown"] = "aborted"
) -> Outcome:
    return Outcome(kind, code, message, remedy)
