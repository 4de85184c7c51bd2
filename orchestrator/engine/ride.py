"""One look that the arm moves for: it brings its camera to a result and goes home, or goes home and others look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.errors import TandemError, VisionError
from orchestrator.core.ports import Move, MoveJoints
from orchestrator.core.rides import needs_ride
from orchestrator.engine.attempt import OUT_OF_CONTACT_M, Leg

if TYPE_CHECKING:
    from orchestrator.core.commands import EndCheck
    from orchestrator.core.ports import Segment
    from orchestrator.core.react import RideAndLook
    from orchestrator.engine.attempt import Attempt
    from orchestrator.engine.eyes import Eyes


class Ride:
    """One way there and back, planned as a whole before anything moves; or the way home alone."""

    def __init__(self, attempt: Attempt, eyes: Eyes, effect: RideAndLook) -> None:
        self._attempt = attempt
        self._eyes = eyes
        self._effect = effect

    async def run(self) -> EndCheck:
        """Return the camera's verdict once the arm is home again.

        Raises TandemError where the place is not known or can't be reached, VisionError where there is no verdict.
        """
        attempt = self._attempt
        if not needs_ride(attempt.state, attempt.step):
            await attempt.home()
            return await self._eyes.look(lambda: attempt.state, self._effect)
        there = (self._stand(), MoveJoints(attempt.robot.capabilities.home))
        up = attempt.handling().away(OUT_OF_CONTACT_M)
        course = await attempt.plan_any((there, (*up, *there)))
        back = len(course.segments) - 1
        await attempt.follow(Leg(course, slice(0, back), f"look at {attempt.step.result.part}"))
        missed: VisionError | None = None
        try:
            ended = await self._eyes.look(lambda: attempt.state, self._effect)
        except VisionError as error:
            missed = error
        await attempt.follow(Leg(course, slice(back, None), "go home"))
        if missed is not None:
            raise missed
        return ended

    def _stand(self) -> Segment:
        """Return the way to where the look is taken from: a frame, or the joints of a pose that was taught."""
        attempt = self._attempt
        at = attempt.step.look.stand if attempt.step.look is not None else None
        pose = attempt.state.target_pose(attempt.unit, at) if at is not None else None
        if pose is not None:
            return Move(pose)
        taught = attempt.state.taught.get(at.frame) if at is not None and at.owner is None else None
        if taught is None:
            raise TandemError(
                f"It is not known where {at or 'the camera shall look from'} is.",
                remedy="Teach a pose of that name, or see the step's look and the cell's frames.",
                code="no_place",
            )
        return MoveJoints(taught.joints_rad)
