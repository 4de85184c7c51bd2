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
from orchestrator.engine.equipment import REMEDIES, Clamp, Equipment, Signals
from orchestrator.engine.handling import Seen, Way
from orchestrator.engine.registry import MARK, declare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.ports import Segment

__all__ = ["Cell", "Clamp", "Grasp", "Placement", "Pose", "Seen", "Signals", "SkillFailed", "Target", "skill"]

PRESS_M_S = 0.03
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
        self._equipment = Equipment(attempt)

    def holding(self, part: str) -> bool:
        """Tell whether the gripper holds a part: the ledger and the gripper's own sensor must agree."""
        fact = self._attempt.fact(part)
        known = fact is not None and fact.certainty == "known" and fact.holder == GRIPPER
        return known and self._attempt.robot.state.value.holding

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

    def set_at(self, part: str, at: Target) -> bool:
        """Tell whether a part was set at a target and nobody has looked since: a skill run again has no more to do."""
        fact = self._attempt.fact(part)
        return fact is not None and fact.source != "measured" and self.is_at(part, at)

    async def fetch(self, part: str, *, approach_mm: float = 80) -> None:
        """Have a part in the gripper, lifted clear; at once where it is held already.

        Raises SkillFailed (not_held), PlanError, and TandemError when it is not known where the part is.
        """
        if self.holding(part):
            return
        grasp = await self.plan_grasp(part, await self.locate(part), approach_mm=approach_mm)
        await self.arm.follow(grasp.approach)
        held = await self.gripper.close(grasp)
        await self.arm.retreat()
        if not held:
            name = plain(part)
            raise SkillFailed("not_held", f"The gripper closed on nothing at {name}.", hint="See the bin, then retry.")

    async def locate(self, part: str) -> Seen:
        """Return where to take a part from. Raises TandemError when that is doubtful or the bins are empty."""
        await self._attempt.report_lost(part)
        return self._attempt.handling().find(part)

    async def plan_grasp(self, part: str, seen: Seen, *, approach_mm: float = 80) -> Grasp:
        """Plan a pick whole: approach, grip and retreat. Raises PlanError when no grasp and no angle works."""
        handling = self._attempt.handling()
        ways = handling.picks(seen, approach_mm / 1000)
        way, plan, first = await self._attempt.plan_first(ways, seen)
        act = first + way.act
        name = plain(part)
        return Grasp(
            way,
            seen,
            Leg(plan, slice(0, act), f"fetch {name}"),
            Leg(plan, slice(act, act + 1), f"grip {name}"),
            Leg(plan, slice(act + 1, None), f"lift {name}", comes_away=True),
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
        way, plan, first = await self._attempt.plan_first(ways)
        act = first + way.act
        name = plain(part)
        return Placement(
            way,
            at,
            seat,
            Leg(plan, slice(0, act - 1), f"bring {name}", part),
            Leg(plan, slice(act - 1, act), f"set {name} down", part),
            Leg(plan, slice(act, act + 1), f"let go of {name}", part),
            Leg(plan, slice(act + 1, None), "go home"),
        )

    async def use(self, tool: str, at: Target | None = None, **setpoints: float) -> dict[str, Any]:
        """Run a tool towards its setpoints; what it measures becomes the step's values. Raises SkillFailed."""
        pose = self._attempt.state.target_pose(self._attempt.unit, at) if at else None
        reading = await self._attempt.devices.use(tool, setpoints, at=pose)
        if reading.status != "ok":
            message = reading.message or f"{tool} reports {reading.status}."
            raise SkillFailed(reading.status, message, hint=REMEDIES.get(reading.status, "See the tool."))
        self._equipment.keep(reading)
        return dict(reading.values)

    # ---- devices: cancelled, each of these leaves its device safe ----------------------------------------------

    @property
    def serial(self) -> str:
        """The serial number of the unit that is being built."""
        return self._attempt.unit

    def clamp(self, which: str | Target) -> Clamp:
        """Return a clamp, by its name or by the frame that it is at: `await cell.clamp("vice").close()`."""
        return self._equipment.clamp(which)

    def io(self, name: str) -> Signals:
        """Return an io's signals: `await cell.io("door").wait("closed", timeout_s=30)`."""
        return self._equipment.io(name)

    async def scan(self, which: str | Target) -> str:
        """Return the code that a scanner reads; it is the step's value `code`. Raises DeviceError (no_read)."""
        return await self._equipment.scan(which)

    async def weigh(self, which: str | Target) -> float:
        """Return the mass on a scale in kg; it is the step's value `mass_kg`. Raises DeviceError (overload)."""
        return await self._equipment.weigh(which)

    async def count(self, counter: str) -> int:
        """Return how many parts a counter finds in its bin; it is the step's value `count_pcs`."""
        return await self._equipment.count(counter)

    async def print_label(self, which: str | Target, template: str, **fields: str) -> None:
        """Print a label, its code the serial number unless given: the step's part, at the printer, and value `code`.

        Raises DeviceError (empty, jammed, waiting: none came out).
        """
        await self._equipment.print_label(which, template, {"code": self.serial, **fields})


class Arm:
    """The arm, as far as a skill may move it: along plans, through the gate."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def follow(self, leg: Leg) -> None:
        """Run a leg. Raises RobotError when the robot refuses or breaks it off, SkillFailed when its part is lost."""
        await _still_holds(self._attempt, leg.carries)
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
        await _still_holds(attempt, way.part)
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

    async def home(self) -> None:
        """Go home, planned around everything; straight up first where the arm stands too close."""
        await self._attempt.home()


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
        await _still_holds(attempt, part)
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


async def _still_holds(attempt: Attempt, part: str) -> None:
    """Refuse to go on without a part: the ledger learns that it was lost. Raises SkillFailed."""
    if part and not attempt.robot.state.value.holding:
        await attempt.report_lost(part)
        raise SkillFailed("not_held", f"{plain(part)} was lost on the way.", hint="Find it, then retry.")


def _holder(attempt: Attempt, at: Target) -> tuple[str, str]:
    if at.owner:
        return f"{attempt.unit}/{at.owner}", at.frame
    return CELL, attempt.state.frame(attempt.state.units[attempt.unit], at)


def _hovers(target: Pose, above_m: float, home: tuple[float, ...]) -> Iterator[tuple[Segment, ...]]:
    place = (target.p[0], target.p[1], target.p[2] + above_m)
    for turn in range(8):
        above = Pose.from_rpy(place, (math.pi, 0.0, turn * math.pi / 4))
        yield (Grip(close=True, opening_m=0.0), Move(above), MoveJoints(home))
