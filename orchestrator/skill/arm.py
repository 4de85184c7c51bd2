"""The arm, as far as a skill may move it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Grip, GuardedMove, Move, MoveJoints
from orchestrator.engine.attempt import Attempt, Leg
from orchestrator.skill.part import plain, still_holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.ports import Segment
    from orchestrator.core.variant import Target
    from orchestrator.skill.sequences import Placement

PRESS_M_S = 0.03


class Arm:
    """The arm, as far as a skill may move it: along plans, through the gate."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def follow(self, leg: Leg) -> None:
        """Run a leg. Raises RobotError when the robot refuses or breaks it off, SkillFailed when its part is lost."""
        await still_holds(self._attempt, leg.carries)
        if leg.part != slice(0, 0):  # nothing to do where the arm stands at its end already
            await self._attempt.follow(leg)

    async def retreat(self) -> None:
        """Come away along the planned way, at once where nothing was planned or it was gone already."""
        leg, self._attempt.back = self._attempt.back, None
        if leg is not None:
            await self.follow(leg)

    async def press(
        self,
        placement: Placement,
        *,
        force_N: float,  # noqa: N803 - the newton's symbol
        past_mm: float = 3.0,
        text: str = "press",
    ) -> float:
        """Move the held part down to its seat until contact, `past_mm` early or late. Returns the depth in mm.

        Raises RobotError (jammed, no_contact) with what was felt.
        """
        attempt, way = self._attempt, placement.way
        await still_holds(attempt, way.part)
        down = way.segments[way.act - 1]
        assert isinstance(down, Move)
        command = GuardedMove(
            direction=(0.0, 0.0, -1.0),
            distance_m=way.drop_m + past_mm / 1000,
            speed_m_s=PRESS_M_S,
            force_N=force_N,
            window_m=(way.drop_m - past_mm / 1000, way.drop_m + past_mm / 1000),
            touching=down.touching,
        )
        here = attempt.robot.state.value.tcp
        outcome = await attempt.move(
            lambda: attempt.robot.guarded_move(command),
            plain(text),
            lasts_s=command.distance_m / PRESS_M_S,
            preview=(here, Pose((here.p[0], here.p[1], here.p[2] - command.distance_m), here.q)),
        )
        return outcome.depth_m * 1000

    async def hover(self, at: Target, *, above_mm: float, text: str) -> None:
        """Bring the closed gripper above a target, pointing down; the way home is planned before anything moves."""
        target = self._attempt.handling().seat(at)
        plan = await self._attempt.plan_any(_hovers(target, above_mm / 1000, self._attempt.robot.capabilities.home))
        self._attempt.back = Leg(plan, slice(len(plan.segments) - 1, None), "go home")
        await self.follow(Leg(plan, slice(0, len(plan.segments) - 1), text))

    async def clear(self) -> None:
        """Go straight up out of contact; at once where the arm is clear of everything."""
        await self._attempt.clear()

    async def home(self) -> None:
        """Go home, planned around everything; straight up first where the arm stands too close."""
        await self._attempt.home()


def _hovers(target: Pose, above_m: float, home: tuple[float, ...]) -> Iterator[tuple[Segment, ...]]:
    place = (target.p[0], target.p[1], target.p[2] + above_m)
    for turn in range(8):
        above = Pose.from_rpy(place, (math.pi, 0.0, turn * math.pi / 4))
        yield (Grip(close=True, opening_m=0.0), Move(above), MoveJoints(home))
