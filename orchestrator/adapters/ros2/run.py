"""One ride from a stand to a stand: a goal, those that take over from it, and whoever does not answer.

A stop is sent on the controller's topic, past its goals: that works while its action, or move_group, does not answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.ros2.course import standing
from orchestrator.adapters.ros2.executing import MOVED
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.core.ports import Outcome, Safety

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from orchestrator.adapters.ros2.course import Course, Place
    from orchestrator.adapters.ros2.drive import Drive
    from orchestrator.adapters.ros2.executing import Executor
    from orchestrator.adapters.ros2.link import Goal
    from orchestrator.adapters.ros2.readings import Readings
    from orchestrator.adapters.sim.motion import SimMotion

ANSWER_S = 2.0  # how long a server may take to answer a goal
HEEDED_S = 0.5  # after which an arm that stands has stopped, where its controller took a cancel and says no more
RESULT_S = 2.0  # how long a controller may say nothing where the arm stands at its goal
IDLE_S = 3.0  # how long an arm may stand under way, where who executes the motion does not say that it is at work
LOST_S = 1.5  # without feedback, or without any reading, for so long a controller is gone
SETTLE_S = 2.0  # how long the arm may take to stand where its trajectory has ended
THERE_RAD = 0.02  # a joint farther than this from a goal that "succeeded" is not there
RETIME_S = 0.1  # between two changes of speed, so that a controller is not flooded; a stand is asked for at once
WORTH_S = 1.0  # what a higher speed has to save where the arm has to stand for it


class Run:
    """Has `by` bring the arm along a course. `enough` tells that it has gone far enough."""

    def __init__(
        self,
        drive: Drive,
        readings: Readings,
        motion: SimMotion,
        course: Course,
        enough: Callable[[], bool],
        by: Executor,
    ) -> None:
        self.course = course  # that the arm is on
        self._by = by
        self._drive = drive
        self._readings = readings
        self._motion = motion
        self._enough = enough
        self._loop = asyncio.get_running_loop()
        self._goal = self._given(course)
        self._since_s = self._loop.time()  # when it was taken up
        self._next: tuple[Course, Goal] | None = None  # what shall take over, until that was answered
        self._asked_s = self._loop.time()  # when it was last asked for anything
        self._there_s: float | None = None  # since when the arm stands at the course's end
        self._moved_s = self._loop.time()  # when it was last seen to move
        self._left: Place | None = None  # where it stands under way, as it was to go on at another speed

    @property
    def rest(self) -> Place | None:
        """Where the rest of the curves begins, once it stands; None at their end."""
        return self._left if self._left is not None or self.course.whole else self.course.end

    async def through(self, begin: float, share: float) -> Outcome | None:
        """Ride until the arm stands, at the course's end or wherever it was stopped or paused."""
        while True:
            if (reading := self._readings.latest) is not None:
                self.course.found(reading.joints, self._loop.time() - self._since_s)
                self._motion.tell(begin + share * self.course.share)
            if (how := self._answered()) is not None:
                return how
            if self._next is None and self._goal.ended.done():
                return await self._ended()
            if self._drive.urgent:
                return await self._past_the_action()
            self._turn()
            if (how := await self._silent()) is not None:
                return how
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
        goal = self._by.follow(self._drive.link, course)
        goal.accepted.add_done_callback(lambda _: self._drive.wake())
        goal.ended.add_done_callback(lambda _: self._drive.wake())
        self._asked_s = self._loop.time()
        return goal

    def _answered(self) -> Outcome | None:
        """Take in what is said to what was asked for last."""
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
            kind: Literal["aborted", "rejected"] = "aborted" if self._motion.taken else "rejected"
            return failed("refused", f"{self._by.name} refused the trajectory.", self._by.unwilling, kind)
        if self._goal.accepted.done():
            accept(self._motion)
        return None

    def _turn(self) -> None:
        """Let another course take over where another speed is wanted now."""
        wanted = 0.0 if self._stopping else self._drive.factor
        if self._next is not None or not self._goal.accepted.done() or self._goal.dropped:
            return
        if not self._by.retimes:
            if wanted < self.course.factor or self._saves_s(wanted) > WORTH_S:
                self._asked_s = self._loop.time()
                self._goal.drop()
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

    def _saves_s(self, wanted: float) -> float:
        """Return what another speed saves of the way that is left, s."""
        return self.course.left_s * (1.0 - self.course.factor / wanted)

    async def _ended(self) -> Outcome | None:
        ended = self._goal.ended.result()
        if ended.status == "lost":
            return _lost() if self._by.retimes else await self._left_alone()
        if not await self._readings.stands(SETTLE_S):
            self._halt()
            return failed("still_moving", "The arm moves although its goal is over.", self._by.look)
        if self._stopping:
            return None
        reading = self._readings.latest
        assert reading is not None
        if self._goal.dropped:
            self.course.found(reading.joints, self._loop.time() - self._since_s)
            self._left = self.course.nearest(reading.joints)
            return None
        if (how := self._by.failed(ended)) is not None:
            return how
        if (off := distance(reading.joints, self.course.goal)) > THERE_RAD:
            words = f"{self._by.name} says that the arm is there; a joint is {off:.3f} rad away."
            return failed("not_there", words, "Look what holds the arm up.")
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
        braking = self._stopping or self._goal.dropped
        if unanswered and now_s - self._asked_s > (self._by.braked_s if braking else ANSWER_S):
            return await self._unanswered(f"{self._by.name} did not answer.")
        if self._idle(unanswered=unanswered):
            return await self._unanswered(f"{self._by.name} took the motion, and the arm stands under way.")
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
        words = f"{self._by.name} never said how the motion ended; the arm stands at its goal."
        return failed("no_result", words, MOVED)

    def _idle(self, *, unanswered: bool) -> bool:
        """Whether the arm has stood short of its goal for too long, where nobody says that the motion is at work."""
        now_s, reading = self._loop.time(), self._readings.latest
        assert reading is not None
        there = distance(reading.joints, self.course.goal) <= THERE_RAD
        if self._by.retimes or unanswered or there or not self._readings.steady:
            self._moved_s = now_s
        return now_s - self._moved_s > IDLE_S

    async def _unanswered(self, words: str) -> Outcome:
        """Bring the arm to a stand without whoever does not answer."""
        self._give_up()
        if await self._readings.stands(SETTLE_S):
            return failed("no_answer", words, self._by.look)
        return failed("no_answer", words, "Press the emergency stop.", "unknown")

    async def _left_alone(self) -> Outcome:
        """Bring the arm to a stand that goes on although who had it moved is gone."""
        words = f"{self._by.name} is gone."
        self._give_up()
        if await self._readings.stands(SETTLE_S):
            return failed("lost", words, "Start move_group, then plan anew from where the arm stands.")
        return failed("lost", words, "Press the emergency stop.", "unknown")

    async def _past_the_action(self) -> Outcome | None:
        """Bring the arm to a stand on the controller's topic; cancel its goals then."""
        self._give_up(cancel=False)
        stands = await self._readings.stands(self.course.duration_s * (self.course.factor == 0.0) + SETTLE_S)
        self._drop()
        if stands or await self._readings.stands(SETTLE_S):
            return None
        words = "The arm was told to stop and goes on moving."
        return failed("still_moving", words, "Press the emergency stop.", "unknown")

    def _give_up(self, *, cancel: bool = True) -> None:
        """Want no more of this: brake on the topic, cancel what was given."""
        halted = self._halt()
        if not halted and not self._by.retimes:
            self._drive.link.calm()  # what was passed on to the controller
        if cancel or not halted:
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


def accept(motion: SimMotion) -> None:
    """Tell that a motion was taken, once."""
    if not motion.taken:
        motion.accept()


def failed(
    code: str, message: str, remedy: str, kind: Literal["aborted", "rejected", "unknown"] = "aborted"
) -> Outcome:
    """Return how a motion ends that did not get there."""
    return Outcome(kind, code, message, remedy)


def _lost() -> Outcome:
    return failed("lost", "The controller is gone.", "Look where the arm stands; start its driver.", "unknown")
