"""The gripper, and what it takes and lets go of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import IDENTITY
from orchestrator.core.ports import Grip
from orchestrator.core.state import ROBOT
from orchestrator.core.world import CELL, GRIPPER
from orchestrator.engine.attempt import Attempt, Leg
from orchestrator.engine.requirements import PLACE
from orchestrator.skill.declared import SkillFailed
from orchestrator.skill.part import plain, still_holds
from orchestrator.skill.sequences import Grasp, Placement

if TYPE_CHECKING:
    from orchestrator.core.ports import Motion

PULLED_N = 8.0  # who takes a part pulls harder than this; less is a part that swings, or a hand that feels for it
RELEASED_M = 0.02  # how much wider the fingers open for a part that a person takes


class Gripper:
    """The gripper. What it takes and lets go of is journalled before the skill goes on."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def close(self, grasp: Grasp) -> bool:
        """Close as planned; returns whether something is held, by the gripper's own sensor."""
        attempt, seen = self._attempt, grasp.seen
        pose = grasp.way.held.rounded()
        lay = seen.pose if seen.holds else None
        try:
            await attempt.follow(grasp.act)
        except BaseException:  # broken off, but the fingers may have got it
            if attempt.robot.state.value.holding:
                attempt.note(seen.part, seen.kind, "grasped", GRIPPER, pose=pose, bin=seen.bin, lay=lay)
            raise
        attempt.back = grasp.retreat
        if not attempt.robot.state.value.holding:
            return False
        await attempt.report(seen.part, seen.kind, "grasped", GRIPPER, pose=pose, bin=seen.bin, lay=lay)
        return True

    async def open(self, placement: Placement) -> None:
        """Let go as planned; the ledger believes the part at its seat from then on."""
        attempt, part, kind = self._attempt, placement.way.part, placement.way.kind
        await still_holds(attempt, part)
        holder, frame = attempt.holder_at(placement.at)
        base = IDENTITY if holder == CELL else attempt.state.world.pose(holder)
        pose = (base.inverse() @ placement.seat).rounded() if base else IDENTITY
        try:
            await attempt.follow(placement.act)
        except BaseException:  # broken off, but the fingers may have let go of it
            if not attempt.robot.state.value.holding:
                attempt.note(part, kind, "placed", holder, frame=frame, pose=pose)
            raise
        attempt.back = placement.retreat
        await attempt.report(part, kind, "placed", holder, frame=frame, pose=pose)

    async def open_here(self, placement: Placement) -> None:
        """Let go where the arm is, planned anew from there: for parts that were pressed in."""
        rest = placement.way.segments[placement.way.act :]
        plan = await self._attempt.plan_any((rest,), placement.way.part)
        act = Leg(plan, slice(0, 1), placement.act.text)
        await self.open(
            Placement(
                placement.way,
                placement.at,
                placement.seat,
                placement.above,
                placement.down,
                act,
                Leg(plan, slice(1, None), "go home"),
            )
        )

    async def hand(self, part: str, *, timeout_s: float) -> None:
        """Wait until somebody is felt to pull at the part, then open; the ledger has it in their hands.

        Raises SkillFailed: not_taken when nobody pulled, not_held when it fell.
        """
        attempt, name = self._attempt, plain(part)
        reason = await attempt.until(lambda: "pulled" if self._pulled() else self._lost(), timeout_s)
        if not reason:
            raise SkillFailed(
                "not_taken",
                f"Nobody took {name} within {timeout_s:g} s; the gripper still holds it.",
                hint="Retry when someone is there: it is offered again.",
            )
        if reason == "lost":
            await still_holds(attempt, part)
        fact = attempt.fact(part)
        kind = fact.kind if fact else ""
        let_go = Grip(close=False, opening_m=attempt.robot.state.value.opening_m + RELEASED_M)

        def start() -> Motion:
            if not self._pulled():
                message = f"Nobody holds {name} any more."  # it was asked before the motion was approved and journalled
                raise RobotError(message, remedy="Retry: it is offered again.", code="not_taken")
            return attempt.robot.grip(let_go)

        try:
            await attempt.move(start, f"let go of {name}")
        except BaseException:  # broken off, but the fingers may have let go of it
            if not attempt.robot.state.value.holding:
                attempt.note(part, kind, "released", self._taker())
            raise
        await attempt.report(part, kind, "released", self._taker())

    async def until_confirmed(self, part: str, *, timeout_s: float, stay: bool = False) -> None:
        """Hold still until the person at the step has confirmed their share; at once where there is none.

        With `stay` the arm stays where it is when that does not come in time: somebody may be at work on the part.
        Raises SkillFailed: not_confirmed, or not_held when the part is lost.
        """
        attempt, name = self._attempt, plain(part)
        reason = await attempt.until(lambda: self._lost() or ("" if attempt.shared else "confirmed"), timeout_s)
        if reason == "lost":
            await still_holds(attempt, part)
        if not reason:
            attempt.stays = stay
            raise SkillFailed(
                "not_confirmed",
                f"Nobody confirmed within {timeout_s:g} s; the gripper still holds {name}.",
                hint="Finish the work at it, then retry: the arm holds it meanwhile.",
            )

    async def keep(self, part: str, *, for_s: float) -> None:
        """Hold still for a time. Raises SkillFailed (not_held) when the part is lost."""
        if await self._attempt.until(self._lost, for_s):
            await still_holds(self._attempt, part)

    def _pulled(self) -> bool:
        return self._attempt.robot.state.value.pull_N >= PULLED_N

    def _lost(self) -> str:
        return "" if self._attempt.robot.state.value.holding else "lost"

    def _taker(self) -> str:
        """Who is there to take a part, as a holder of the ledger."""
        return f"{PLACE}{next((actor for actor in self._attempt.actors if actor != ROBOT), 'person')}"
