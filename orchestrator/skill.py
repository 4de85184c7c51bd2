"""The skill author's whole surface.

A skill is an async function that brings one result about, from the world as it is, so that it can be cancelled at
any await and run again::

    @skill("pick", timeout_s=30)
    async def pick(cell: Cell, part: str, approach_mm: float = 80) -> None:
        ...

Parameters named `part` and `at` come from the step's result, `tool` from the step, those named like one of the
result's values (`torque_Nm`) are its setpoints; the rest is authored in the step. Lengths of parameters are
millimetres.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.core.errors import TandemError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Grip, GuardedMove, Move, MoveJoints
from orchestrator.core.state import ROBOT
from orchestrator.core.variant import Target
from orchestrator.core.world import CELL, GRIPPER
from orchestrator.engine.attempt import Attempt, Leg
from orchestrator.engine.handling import Seen, Way
from orchestrator.engine.registry import MARK, declare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.ports import Segment

__all__ = ["Cell", "Grasp", "Placement", "Pose", "Seen", "SkillFailed", "Target", "skill"]

PLACE = "place:"  # how a holder of the ledger begins that is a person at a worker place
F = TypeVar("F", bound=Callable[..., Awaitable[None]])


class SkillFailed(TandemError):
    """A skill that can't reach its result. `code` chooses the step's `on_fail` ladder; `hint` is for the person."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, remedy=hint, code=code)


def skill(name: str, *, timeout_s: float = 60.0) -> Callable[[F], F]:
    """Make an async function a skill. Its parameters' schema is derived from the signature."""

    def mark(function: F) -> F:
        setattr(function, MARK, declare(name, timeout_s, function))
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Grasp:
    """A pick, planned whole: go there, close, come away."""

    way: Way
    seen: Seen
    approach: Leg
    act: Leg
    retreat: Leg


@dataclass(frozen=True, slots=True)
class Placement:
    """A placement, planned whole: go above, down, open, come away and home."""

    way: Way
    at: Target
    seat: Pose
    above: Leg
    down: Leg
    act: Leg
    retreat: Leg

    @property
    def down_mm(self) -> float:
        """How far the TCP goes down from above the seat, in mm."""
        return self.way.drop_m * 1000


class Cell:
    """One attempt's view of the cell. Part names are those of the unit: "bearing.upper", "screw#2"."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.arm = Arm(attempt)
        self.gripper = Gripper(attempt)

    def holding(self, part: str) -> bool:
        """Tell whether the gripper holds a part: the ledger and the gripper's own sensor must agree."""
        fact = self._attempt.fact(part)
        return fact is not None and fact.holder == GRIPPER and self._attempt.robot.state.value.holding

    def handed(self, part: str) -> bool:
        """Tell whether the ledger knows a part in a person's hands."""
        fact = self._attempt.fact(part)
        return fact is not None and fact.certainty == "known" and fact.holder.startswith(PLACE)

    def is_at(self, part: str, at: Target) -> bool:
        """Tell whether the ledger knows a part at a target."""
        fact = self._attempt.fact(part)
        if fact is None or fact.certainty != "known":
            return False
        return (fact.holder, fact.frame) == _holder(self._attempt, at)

    async def locate(self, part: str) -> Seen:
        """Return where to take a part from. Raises TandemError when that is doubtful or the bins are empty."""
        await self._attempt.report_lost(part)
        return self._attempt.handling().find(part)

    async def plan_grasp(self, part: str, seen: Seen, *, approach_mm: float = 80) -> Grasp:
        """Plan a pick whole: approach, grip and retreat. Raises PlanError when no grasp and no angle works."""
        handling = self._attempt.handling()
        ways = handling.picks(seen, approach_mm / 1000)
        way, plan, first = await self._attempt.plan_first(ways, handling.scene(seen))
        act = first + way.act
        name = plain(part)
        return Grasp(
            way,
            seen,
            Leg(plan, slice(0, act), f"fetch {name}"),
            Leg(plan, slice(act, act + 1), f"grip {name}"),
            Leg(plan, slice(act + 1, None), f"lift {name}"),
        )

    async def plan_place(self, part: str, at: Target, *, approach_mm: float = 80) -> Placement:
        """Plan a placement of the held part whole, the way home included. Raises PlanError when none works."""
        fact = self._attempt.fact(part)
        if fact is None or fact.holder != GRIPPER:
            raise SkillFailed("not_held", f"The gripper does not hold {part}.", hint="Pick it first.")
        handling = self._attempt.handling()
        result = self._attempt.step.result
        seat = handling.seat(at, result.meets if result.part == part else IDENTITY)
        ways = handling.places(part, seat, at.owner, fact.pose, approach_mm / 1000)
        way, plan, first = await self._attempt.plan_first(ways, handling.scene())
        act = first + way.act
        name = plain(part)
        return Placement(
            way,
            at,
            seat,
            Leg(plan, slice(0, act - 1), f"bring {name}"),
            Leg(plan, slice(act - 1, act), f"set {name} down"),
            Leg(plan, slice(act, act + 1), f"let go of {name}"),
            Leg(plan, slice(act + 1, None), "go home"),
        )

    async def use(self, tool: str, at: Target | None = None, **setpoints: float) -> dict[str, Any]:
        """Run a tool towards its setpoints; what it measures becomes the step's values. Raises SkillFailed."""
        pose = self._attempt.state.target_pose(self._attempt.unit, at) if at else None
        reading = await self._attempt.devices.use(tool, setpoints, at=pose)
        if reading.status != "ok":
            message = reading.message or f"{tool} reports {reading.status}."
            raise SkillFailed(reading.status, message, hint="See the tool.")
        self._attempt.values.update(reading.values)
        return dict(reading.values)


class Arm:
    """The arm, as far as a skill may move it: along plans, through the gate."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def follow(self, leg: Leg) -> None:
        """Run a leg of a plan. Raises RobotError when the robot refuses it or breaks it off."""
        await self._attempt.follow(leg)

    async def retreat(self) -> None:
        """Come away along the planned way, at once where nothing was planned or it was gone already."""
        leg, self._attempt.back = self._attempt.back, None
        if leg is not None:
            await self.follow(leg)

    async def press(self, down_mm: float, *, force_N: float, past_mm: float = 3.0, text: str = "press") -> float:  # noqa: N803 - the newton's symbol
        """Move the TCP down until contact; succeeds within `past_mm` of `down_mm`. Returns the depth in mm.

        Raises RobotError (jammed, no_contact) with what was felt.
        """
        command = GuardedMove(
            direction=(0.0, 0.0, -1.0),
            distance_m=(down_mm + past_mm) / 1000,
            speed_m_s=0.03,
            force_N=force_N,
            window_m=((down_mm - past_mm) / 1000, (down_mm + past_mm) / 1000),
            touching=frozenset(self._attempt.state.world.facts),
        )
        robot = self._attempt.robot
        outcome = await self._attempt.move(lambda: robot.guarded_move(command), plain(text))
        return outcome.depth_m * 1000

    async def hover(self, at: Target, *, above_mm: float, text: str) -> None:
        """Bring the closed gripper above a target, pointing down; the way home is planned before anything moves."""
        target = self._attempt.handling().seat(at)
        plan = await self._attempt.plan_any(_hovers(target, above_mm / 1000, self._attempt.robot.capabilities.home))
        self._attempt.back = Leg(plan, slice(plan.steps - 1, None), "go home")
        await self.follow(Leg(plan, slice(0, plan.steps - 1), text))

    async def home(self) -> None:
        """Go home, planned around everything; straight up first where the arm stands too close."""
        home = self._attempt.robot.capabilities.home
        here = self._attempt.robot.state.value.joints
        if max(abs(a - b) for a, b in zip(here, home, strict=True)) < 1e-3:
            return
        up = self._attempt.handling().away(0.08)
        plan = await self._attempt.plan_any(((MoveJoints(home),), (*up, MoveJoints(home))))
        await self.follow(Leg(plan, slice(0, None), "go home"))


class Gripper:
    """The gripper. What it takes and lets go of is journalled before the skill goes on."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def close(self, grasp: Grasp) -> bool:
        """Close as planned; returns whether something is held, by the gripper's own sensor."""
        attempt, seen = self._attempt, grasp.seen
        pose = grasp.way.held.rounded()
        try:
            await attempt.follow(grasp.act)
        except BaseException:  # broken off, but the fingers may have got it
            if attempt.robot.state.value.holding:
                attempt.note(seen.part, seen.kind, "grasped", GRIPPER, pose=pose, bin=seen.bin)
            raise
        attempt.back = grasp.retreat
        if not attempt.robot.state.value.holding:
            return False
        await attempt.report(seen.part, seen.kind, "grasped", GRIPPER, pose=pose, bin=seen.bin)
        return True

    async def open(self, placement: Placement) -> None:
        """Let go as planned; the ledger believes the part at its seat from then on."""
        attempt, part, kind = self._attempt, placement.way.part, placement.way.kind
        holder, frame = _holder(attempt, placement.at)
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
        plan = await self._attempt.plan_any((rest,))
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

    async def until_taken(self, part: str, *, timeout_s: float) -> None:
        """Wait until a person has pulled the part out of the fingers, felt by the gripper. Raises SkillFailed."""
        attempt = self._attempt
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def felt(_state: Any = None) -> None:
            if not attempt.robot.state.value.holding and not taken.done():
                taken.set_result(None)

        unlisten = attempt.robot.state.listen(felt)
        try:
            felt()
            async with asyncio.timeout(timeout_s):
                await taken
        except TimeoutError:
            hint = "Offer it again when someone is there."
            raise SkillFailed("not_taken", f"Nobody took {plain(part)}.", hint=hint) from None
        except asyncio.CancelledError:
            if not attempt.robot.state.value.holding and (fact := attempt.fact(part)) and fact.holder == GRIPPER:
                attempt.note(part, fact.kind, "released", self._taker())
            raise
        finally:
            unlisten()
        fact = attempt.fact(part)
        if fact is not None and fact.holder == GRIPPER:
            await attempt.report(part, fact.kind, "released", self._taker())

    def _taker(self) -> str:
        """Who is there to take a part, as a holder of the ledger."""
        return f"{PLACE}{next((actor for actor in self._attempt.actors if actor != ROBOT), 'person')}"


def plain(part: str) -> str:
    """Return a part's name as people read it: "bearing.upper" is "bearing upper"."""
    return part.replace("_", " ").replace("#", " ").replace(".", " ")


def _holder(attempt: Attempt, at: Target) -> tuple[str, str]:
    if at.owner:
        return f"{attempt.unit}/{at.owner}", at.frame
    return CELL, attempt.state.frame(attempt.state.units[attempt.unit], at)


def _hovers(target: Pose, above_m: float, home: tuple[float, ...]) -> Iterator[tuple[Segment, ...]]:
    place = (target.p[0], target.p[1], target.p[2] + above_m)
    for turn in range(8):
        above = Pose.from_rpy(place, (math.pi, 0.0, turn * math.pi / 4))
        yield (Grip(close=True, opening_m=0.0), Move(above), MoveJoints(home))
