"""What makes the arm move: goals for whoever executes them along a planned path, at the speed that is allowed now.

A trajectory's timing is fixed once it is sent. Another speed, a pause or a cancel is another trajectory along the
same path: the controller takes it up on the way, MoveIt once the arm stands.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.ros2.course import Course, Place
from orchestrator.adapters.ros2.executing import CONTROLLER, MOVED, Executor
from orchestrator.adapters.ros2.run import ANSWER_S, SETTLE_S, Run, accept, failed
from orchestrator.adapters.sim.kinematics import distance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.adapters.ros2.link import Link
    from orchestrator.adapters.ros2.readings import Readings
    from orchestrator.adapters.sim.motion import SimMotion
    from orchestrator.adapters.sim.timing import Curve
    from orchestrator.core.ports import Grip, Outcome

GRIP_S = 10.0  # how long a gripper may take
OFF_RAD = 5e-3  # a joint that stands farther than this from its path goes no farther along it


class Drive:
    """Moves one arm and its gripper through a link; `by` executes its motions."""

    def __init__(self, link: Link, readings: Readings, by: Executor = CONTROLLER) -> None:
        self.link = link
        self._by = by
        self._readings = readings
        self._caps: dict[str, float] = {}
        self._wake = asyncio.Event()
        self.slider = 1.0  # to which share (0 to 1) the robot itself slows what moves it
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
        by: Executor | None = None,
    ) -> Outcome | None:
        """Bring the arm along curves, each from rest to rest; None when it stands at their end, or where `enough` said.

        `begin` and `share` place it in the motion's progress; `by` executes it, where not who always does. Else the
        outcome is how the motion ends.
        """
        if not curves:
            return None
        place = Place()
        while True:
            if motion.stop_as is not None or enough():
                return motion.stop_as
            if self.factor <= 0.0:
                accept(motion)  # it is taken, and paused
                await self.news()
                continue
            course = Course(curves, place, self.factor)
            if (how := self._beside(course)) is not None:
                return how
            if len(course.waypoints) == 1 and course.duration_s == 0.0:
                return None
            run = Run(self, self._readings, motion, course, enough, by or self._by)
            how = await run.through(begin, share)
            if how is not None and how.kind == "unknown":
                return how
            if how is not None or run.rest is None:
                return motion.stop_as or how
            place = run.rest

    def _beside(self, course: Course) -> Outcome | None:
        """Return how a motion ends that can't go on, as the arm does not stand on its path (any more)."""
        reading = self._readings.latest
        if course.begin == Place() or reading is None:
            return None
        if (off := distance(reading.joints, course.points[0].positions)) <= OFF_RAD:
            return None
        return failed("off_path", f"The arm stands beside its path; a joint is {off:.3f} rad away.", MOVED)

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
            accept(motion)
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
                    return failed(
                        "refused", "The gripper refused its goal.", "Look at the gripper's driver.", "rejected"
                    )
                accept(motion)
            if motion.stop_as is not None and not asked:
                asked, begun_s = True, loop.time()
                goal.drop()
            limit_s = ANSWER_S if asked or not goal.accepted.done() else GRIP_S
            if (left_s := begun_s + limit_s - loop.time()) <= 0:
                goal.drop()
                return failed("no_answer", "The gripper did not answer in time.", "Look at the gripper's driver.")
            await self.news(left_s)
        ended = goal.ended.result()
        self.closed = command.close
        if ended.status == "lost":
            return failed("lost", "The gripper's server is gone.", "Start it again.", "unknown")
        if not await self._readings.stands(SETTLE_S):
            return failed("still_moving", "The fingers move although they should stand.", "Look at the gripper.")
        if motion.stop_as is None and ended.status != "succeeded" and not ended.held:
            words = f"The gripper gave up: {ended.detail or ended.status}."
            return failed("gripper", words, "Look at gripper and part.")
        return motion.stop_as
