"""The cell, as one attempt at a skill sees it."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from orchestrator.core.decide.outcomes import verdict_words
from orchestrator.core.errors import PlanError, TandemError
from orchestrator.core.geometry import IDENTITY, deviation
from orchestrator.core.ports import Move
from orchestrator.core.world import GRIPPER
from orchestrator.engine.attempt import Attempt, Leg
from orchestrator.engine.equipment import REMEDIES, Clamp, Equipment, Signals
from orchestrator.engine.handling import LOOSE
from orchestrator.engine.requirements import PLACE
from orchestrator.skill.arm import Arm
from orchestrator.skill.declared import SkillFailed
from orchestrator.skill.gripper import Gripper
from orchestrator.skill.part import plain
from orchestrator.skill.sequences import Grasp, Placement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.core.geometry import Pose
    from orchestrator.core.variant import Target
    from orchestrator.engine.handling import Seen, Way

INSTEAD = 3  # others that are planned for where the first one that was found can't be reached
OFFERED_MM = 40  # how far above its frame a part is held out
SAME_M, SAME_RAD = 0.0005, 0.005  # an arm that is this close to where a motion would end has no need of it


class Cell:
    """One attempt's view of the cell. Part names are those of the unit: "bearing.upper", "screw#2"."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.arm = Arm(attempt)
        self.gripper = Gripper(attempt)
        self._equipment = Equipment(attempt)

    @property
    def shared(self) -> bool:
        """Whether a person shares this step, and has not confirmed their share yet."""
        return self._attempt.shared

    @contextlib.asynccontextmanager
    async def supervised(self, why: str) -> AsyncIterator[None]:
        """Have people approve each motion inside, also where the cell would ask nobody; they are told why.

        It adds supervision and never takes any away. Left by an error, it counts for all that the attempt still moves.
        """
        before = self._attempt.supervised
        self._attempt.supervised = why.strip() or "The skill asks for it."
        yield
        self._attempt.supervised = before

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
        return (fact.holder, fact.frame) == self._attempt.holder_at(at)

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
        """Return where to take a part from: where the ledger knows it, else the next in a bin.

        In a bin whose parts lie loose its camera looks for them. Raises TandemError when that is doubtful, the bins are
        empty (starved), or the camera sees none that can be taken (not_found, not_sure, no_free_grasp); VisionError
        when it sees nothing.
        """
        await self._attempt.report_lost(part)
        handling = self._attempt.handling()
        try:
            return handling.find(part)
        except TandemError as error:
            if error.code != LOOSE:
                raise
        return await self._attempt.seek(part, handling.kind(part), handling.bins(part)[0])

    async def plan_grasp(self, part: str, seen: Seen, *, approach_mm: float = 80) -> Grasp:
        """Plan a pick whole: approach, grip and retreat. Raises PlanError when no grasp and no angle works.

        Where a camera has found several, the next is tried.
        """
        refused: PlanError | None = None
        for one in (seen, *seen.instead[:INSTEAD]):
            ways = self._attempt.handling().picks(one, approach_mm / 1000)
            try:
                way, plan, first = await self._attempt.plan_first(ways, one)
            except PlanError as error:
                refused = refused or error
            else:
                seen = one
                break
        else:
            assert refused is not None  # there is one at least
            raise refused
        act = first + way.act
        name = plain(part)
        return Grasp(
            way,
            seen,
            Leg(plan, slice(0, act), f"fetch {name}"),
            Leg(plan, slice(act, act + 1), f"grip {name}"),
            Leg(plan, slice(act + 1, None), f"lift {name}", comes_away=True),
        )

    async def put(self, part: str, at: Target, *, approach_mm: float = 80) -> None:
        """Set the held part down at a target, let go, and go home. Raises SkillFailed, PlanError."""
        placement = await self.plan_place(part, at, approach_mm=approach_mm)
        await self.arm.follow(placement.above)
        await self.arm.follow(placement.down)
        await self.gripper.open(placement)
        await self.arm.retreat()

    async def offer(self, part: str, at: Target) -> None:
        """Hold the part out above a target; that it could be set down there and left is planned before anything moves.

        Raises SkillFailed, PlanError, and TandemError for a frame that there isn't.
        """
        placement = await self.plan_place(part, at, approach_mm=OFFERED_MM)
        await self.arm.follow(placement.above)

    async def plan_place(self, part: str, at: Target, *, approach_mm: float = 80, from_seat: bool = False) -> Placement:
        """Plan a placement of the held part whole, the way home included. Raises PlanError when none works.

        `from_seat`: where the arm holds the part at its seat already it stays there, and only the rest is planned.
        """
        fact = self._attempt.fact(part)
        if fact is None or fact.holder != GRIPPER:
            raise SkillFailed("not_held", f"The gripper does not hold {part}.", hint="Pick it first.")
        handling = self._attempt.handling()
        result = self._attempt.step.result
        seat = handling.seat(at, result.meets if result.part == part else IDENTITY)
        ways = list(handling.places(part, seat, at.owner, fact.pose, approach_mm / 1000))
        name = plain(part)
        here = next((way for way in ways if _ends_at(way, self._attempt.robot.state.value.tcp)), None)
        if from_seat and here is not None:
            rest = await self._attempt.plan_any((here.segments[here.act :],), part)
            stay = Leg(rest, slice(0, 0), f"hold {name}", part)
            act, retreat = Leg(rest, slice(0, 1), f"let go of {name}", part), Leg(rest, slice(1, None), "go home")
            return Placement(here, at, seat, stay, stay, act, retreat)
        way, plan, first = await self._attempt.plan_first(ways)
        act_at = first + way.act
        return Placement(
            way,
            at,
            seat,
            Leg(plan, slice(0, act_at - 1), f"bring {name}", part),
            Leg(plan, slice(act_at - 1, act_at), f"set {name} down", part),
            Leg(plan, slice(act_at, act_at + 1), f"let go of {name}", part),
            Leg(plan, slice(act_at + 1, None), "go home"),
        )

    async def judge(self, part: str, at: Target) -> None:
        """Have the nearest camera judge the step's result; the distance measured becomes the value `offset_mm`.

        Raises SkillFailed with the verdict as its code where that is not ok, and VisionError when nothing could be
        seen from there.
        """
        result = self._attempt.step.result
        if (result.part, result.at) != (part, at):
            hint = "Leave part and at to the step's result."
            raise SkillFailed("no_result", f"{part} at {at} is not what this step is about.", hint=hint)
        measured = await self._attempt.look()
        if measured.offset_mm is not None:
            self._attempt.values["offset_mm"] = round(math.hypot(*measured.offset_mm), 3)
        if measured.verdict != "ok":
            message, remedy = verdict_words(measured)
            raise SkillFailed(measured.verdict, message, hint=remedy)

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


def _ends_at(way: Way, tcp: Pose) -> bool:
    """Tell whether the way down of a placement ends where the arm stands."""
    down = way.segments[way.act - 1]
    assert isinstance(down, Move)
    off = deviation(tcp, down.to)
    return math.hypot(*off.xyz_m) < SAME_M and math.hypot(*off.rot_rad) < SAME_RAD
