"""The means of one attempt at a robot step: what a skill's surface is built on."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core.errors import PlanError, RobotError, TandemError
from orchestrator.core.locating import Kind
from orchestrator.core.ports import Grip, MoveJoints
from orchestrator.core.react import Look
from orchestrator.core.world import CELL, GRIPPER, LOST
from orchestrator.engine import seeking
from orchestrator.engine.gate import Gate
from orchestrator.engine.handling import ZONE, Handling, Seen, Way, peopled
from orchestrator.engine.heard import HeardDevices
from orchestrator.engine.limit import Limit, at_speed_zero

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Devices, Motion, Outcome, Plan, Robot, Scene, SceneObject, Segment
    from orchestrator.core.react import GoHome, RideAndLook, RunSkill
    from orchestrator.core.state import State
    from orchestrator.core.variant import PartSpec, Step, Target
    from orchestrator.core.world import Fact
    from orchestrator.engine.eyes import Eyes
    from orchestrator.engine.runner import Runner

OUT_OF_CONTACT_M = 0.08
AT_HOME_RAD = 1e-3
MOVED_M = 1e-4  # what has moved less since a plan was made is where it was
REPLANS = 2  # how often the rest of a sequence is planned anew before the attempt fails


class Course:
    """A sequence with the plan that runs it, and what that plan took to be around the arm.

    Legs count the segments of the whole sequence; a plan that was made on the way lacks those already done.
    """

    def __init__(self, plan: Plan, scene: Scene, hand: str, extra: tuple[Seen, ...]) -> None:
        self.segments = plan.segments
        self.hand = hand  # the part instance that this sequence moves
        self.extra = extra
        self.plan = plan
        self._done = 0
        self._assumed = {thing.id: thing for thing in scene.objects}

    def take_over(self, other: Course, done: int) -> None:
        """Go on with the plan of another course, which begins after `done` segments of this one."""
        self.plan, self._assumed, self._done = other.plan, other._assumed, done

    def slice(self, part: slice) -> slice:
        """Return a leg's place in the plan that runs now."""
        return slice(part.start - self._done, None if part.stop is None else part.stop - self._done)

    def changed(self, scene: Scene, hand: frozenset[str]) -> list[str]:
        """Return what has come or moved since the plan was made, but for what the robot handles itself."""
        return [thing.id for thing in scene.objects if thing.id not in hand and self._is_news(thing)]

    def _is_news(self, thing: SceneObject) -> bool:
        old = self._assumed.get(thing.id)
        if old is None or old.shape != thing.shape:
            return True
        lengths = math.hypot(*old.pose.q) * math.hypot(*thing.pose.q)  # rounded, they are not quite 1
        turned = 1.0 - abs(sum(a * b for a, b in zip(old.pose.q, thing.pose.q, strict=True))) / lengths
        return math.dist(old.pose.p, thing.pose.p) > MOVED_M or turned > 1e-6


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of a sequence that is executed without a stop, what it is for, and the part that it carries.

    One that `comes_away` goes back along the line that the arm came by: nothing that appears makes staying better.
    """

    course: Course
    part: slice
    text: str
    carries: str = ""
    comes_away: bool = False


class Attempt:
    """One attempt: its unit and step, the robot and devices, the gate, and the ledger that it reports to."""

    def __init__(
        self,
        runner: Runner,
        robot: Robot,
        devices: Devices,
        eyes: Eyes,
        effect: RunSkill | RideAndLook | GoHome,
        step: Step,
        limit: Limit,
        kinds: Mapping[str, PartSpec],
    ) -> None:
        self.robot = robot
        self.devices: Devices = HeardDevices(devices, self._device)
        self.unit = effect.unit
        self.step = step
        self.back: Leg | None = None  # the planned way out of where the arm is
        self.values: dict[str, float | str | bool] = {}
        self.supervised = ""  # why people approve each motion, whatever the level of autonomy
        self.stays = False  # whether the arm stays after a failure, for somebody works on what it holds
        self._runner = runner
        self._eyes = eyes
        self._kinds = kinds
        self._effect = effect.id
        self._n = effect.attempt
        self.limit = limit
        self._gate = Gate(runner, effect.id, robot.stop, limit, self._progress, eyes.turn, leads=True)

    @property
    def state(self) -> State:
        """The cell's durable state."""
        return self._runner.state

    @property
    def actors(self) -> tuple[str, ...]:
        """Who is at this step."""
        found = self.state.step(self.unit, self.step.id)
        return found[1].actors if found else ()

    @property
    def shared(self) -> bool:
        """Whether a person shares this step, and has not confirmed their share yet."""
        found = self.state.step(self.unit, self.step.id)
        return found is not None and "confirm" in found[1].wants

    def fact(self, part: str) -> Fact | None:
        """Return what the ledger believes of a part of this unit."""
        return self.state.world.get(f"{self.unit}/{part}")

    def holder_at(self, at: Target) -> tuple[str, str]:
        """Return the ledger's holder and frame of what sits at a target."""
        if at.owner:
            return f"{self.unit}/{at.owner}", at.frame
        return CELL, self.state.frame(self.state.units[self.unit], at)

    def handling(self) -> Handling:
        """Return a planner of sequences for the cell as it is now."""
        home = self.robot.capabilities.home
        return Handling(self.state, self.unit, self.robot.state.value.tcp, home, self._kinds)

    async def plan_first(self, ways: Iterable[Way], *extra: Seen) -> tuple[Way, Course, int]:
        """Plan the first way that works; returns how many segments come before it.

        Where the arm stands too close to something, it goes straight up first. Raises PlanError of the likeliest way.
        """
        ways = list(ways)
        prefixes = ((), self.handling().away(OUT_OF_CONTACT_M, *extra))
        tries = [(way, prefix) for prefix in prefixes for way in ways]
        hand = f"{self.unit}/{ways[0].part}" if ways else ""
        number, course = await self._plan([(*prefix, *way.segments) for way, prefix in tries], hand, extra)
        way, prefix = tries[number]
        return way, course, len(prefix)

    async def plan_any(self, sequences: Iterable[tuple[Segment, ...]], part: str = "") -> Course:
        """Plan the first of some sequences that works; `part` is what they handle. Raises PlanError of the first."""
        return (await self._plan(list(sequences), f"{self.unit}/{part}" if part else "", ()))[1]

    async def _plan(
        self, sequences: list[tuple[Segment, ...]], hand: str, extra: tuple[Seen, ...]
    ) -> tuple[int, Course]:
        """Plan in the scene as the ledger has it now; where a person's zone is in the way, wait until it is free."""
        while True:
            scene = self.handling().scene(*extra)
            await self.robot.sync_scene(scene)
            refused: list[PlanError] = []
            for number, sequence in enumerate(sequences):
                try:
                    return number, Course(await self.robot.plan(sequence), scene, hand, extra)
                except PlanError as error:
                    refused.append(error)
                    if ZONE in error.message:
                        break
            zones = {thing.id for thing in scene.objects if thing.id.startswith(ZONE)}
            if ZONE not in refused[-1].message or not zones:
                raise refused[0]
            self._runner.post(cmd.ReportZones(effect=self._effect, zones=tuple(sorted(zones))))
            with self.limit.standing("zone"):
                await self._one_free(zones)

    async def _one_free(self, zones: set[str]) -> None:
        await self._runner.until(lambda state: not zones <= peopled(state))

    async def follow(self, leg: Leg) -> None:
        """Run a leg through the gate; what is left is planned anew where the scene has changed since.

        Raises RobotError when it does not succeed.
        """
        for last in (*(False for _ in range(REPLANS)), True):
            if self._news(leg):
                await self._replan(leg)
            plan = leg.course.plan
            shown = {"preview": plan.preview, "end": _end_of(plan, leg.course.slice(leg.part))}
            try:
                await self.move(lambda: self._start(leg), leg.text, plan=plan.id, lasts_s=plan.duration_s, **shown)
            except RobotError as error:
                if error.code != "stale_scene" or last:
                    raise
                await self._replan(leg)
            else:
                return

    def _start(self, leg: Leg) -> Motion:
        """Start a leg, unless the scene has changed while its approval was waited for."""
        if news := self._news(leg):
            raise RobotError(
                f"The scene has changed since '{leg.text}' was planned: {', '.join(news)}.",
                remedy="It is planned anew.",
                code="stale_scene",
            )
        return self.robot.execute(leg.course.plan, leg.course.slice(leg.part))

    def _news(self, leg: Leg) -> list[str]:
        course = leg.course
        if leg.comes_away or all(isinstance(segment, Grip) for segment in course.segments[leg.part]):
            return []
        world = self.state.world
        hand = frozenset({course.hand, *(fact.part for fact in world.on(course.hand))})
        return course.changed(self.handling().scene(*course.extra), hand)

    async def _replan(self, leg: Leg) -> None:
        course, done = leg.course, leg.part.start
        _, new = await self._plan([course.segments[done:]], course.hand, course.extra)
        course.take_over(new, done)

    async def move(
        self,
        start: Callable[[], Motion],
        text: str,
        *,
        plan: str = "",
        lasts_s: float = 0.0,
        preview: tuple[Pose, ...] = (),
        end: tuple[Pose, ...] = (),
    ) -> Outcome:
        """Run a motion through the gate. Raises RobotError when it does not succeed."""
        outcome = await self._gate.run(
            start, text=text, plan=plan, duration_s=lasts_s, preview=preview, end=end, supervised=self.supervised
        )
        if not outcome.ok:
            message = outcome.message or f"The robot's motion '{text}' was {outcome.kind}."
            raise RobotError(message, remedy=outcome.remedy, code=outcome.code or outcome.kind)
        return outcome

    @property
    def at_home(self) -> bool:
        """Whether the arm stands at home."""
        home, here = self.robot.capabilities.home, self.robot.state.value.joints
        return max(abs(a - b) for a, b in zip(here, home, strict=True)) < AT_HOME_RAD

    async def home(self) -> None:
        """Go home, planned around everything; straight up first where the arm stands too close."""
        home = self.robot.capabilities.home
        if self.at_home:
            return
        up = self.handling().away(OUT_OF_CONTACT_M)
        course = await self.plan_any(((MoveJoints(home),), (*up, MoveJoints(home))))
        await self.follow(Leg(course, slice(0, None), "go home"))

    async def until(self, happened: Callable[[], str], timeout_s: float) -> str:
        """Wait for people: until `happened` names something, asked at each reading of the robot and each event.

        Returns that name, "" after `timeout_s`. The skill's own time stands still meanwhile.
        """
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def ask(*_news: object) -> None:
            if not found.done() and (name := happened()):
                found.set_result(name)

        ends = (self.robot.state.listen(ask), self._runner.bus.join(ask))
        try:
            ask()
            mine = Limit(timeout_s)
            with self.limit.standing("people"), at_speed_zero(mine, self.robot.state):
                async with mine:
                    return await found
        except TimeoutError:
            return ""
        finally:
            for end in ends:
                end()

    async def seek(self, part: str, kind: str, bin_name: str) -> Seen:
        """Have a bin's camera say where its parts lie, with the arm out of the way; see `engine.seeking.chosen`.

        Raises TandemError (not_found, not_sure, no_free_grasp), and VisionError where nothing could be seen.
        """
        spec, bin_ = self.state.part_spec(self.unit, kind), self.state.spec.supply[bin_name]
        if spec is None or bin_.locate is None:
            raise TandemError(f"No camera looks into {bin_name}.", remedy="Give the bin a grid, or `locate`.")
        alike = [Kind(one.id, one.mesh, one.symmetry_z) for one in self._eyes.alike(self.state, self.unit, kind)]
        request = seeking.asked(f"{self._effect}/locate", kind, spec, bin_, alike, OUT_OF_CONTACT_M)
        assert request.space is not None
        if self._eyes.over(self.state, bin_.locate, request.space):
            await self.home()
        located = await self._eyes.find(lambda: self.state, bin_.locate, request)
        return seeking.chosen(part, kind, spec, bin_name, bin_.locate, located)

    async def look(self) -> cmd.Measured:
        """Have the nearest camera judge the step's result. Raises VisionError."""
        look = Look(f"{self._effect}/look", self.unit, self.step.id, self._n)
        measured = (await self._eyes.look(lambda: self.state, look)).measured
        assert measured is not None
        return measured

    async def clear(self) -> None:
        """Go straight up where the arm stands too close to something to leave in any other way; else stay."""
        home = MoveJoints(self.robot.capabilities.home)
        up = self.handling().away(OUT_OF_CONTACT_M)
        course = await self.plan_any(((home,), (*up, home)))
        if len(course.segments) > 1:
            await self.follow(Leg(course, slice(0, len(up)), "lift clear", comes_away=True))

    def _progress(self) -> object:
        """How far the arm is, for the gate: at speed zero it stands because somebody wants it to."""
        reading = self.robot.state.value
        return object() if reading.speed_factor == 0.0 else (reading.joints, reading.opening_m)

    async def report(self, part: str, kind: str, what: str, to: str, **more: Any) -> None:
        """Have a fact journalled before the skill goes on."""
        await self._runner.ask(self._told(part, kind, what, to, more))

    def note(self, part: str, kind: str, what: str, to: str, **more: Any) -> None:
        """Have a fact journalled without waiting: for a skill that is being cancelled."""
        self._runner.post(self._told(part, kind, what, to, more))

    def _told(self, part: str, kind: str, what: str, to: str, more: dict[str, Any]) -> cmd.ReportPart:
        told = {"effect": self._effect, "part": f"{self.unit}/{part}", "kind": kind, "what": what, "to": to, **more}
        return cmd.ReportPart.model_validate(told)

    def _device(self, name: str, answers: bool) -> None:
        """Have it journalled when a device ceases to answer, or answers again."""
        if answers is (name in self.state.equipment_lost):
            unit, step = self.unit, self.step.id
            self._runner.post(cmd.ReportEquipment(device=name, answers=answers, unit=unit, step=step))

    async def report_lost(self, part: str) -> None:
        """The ledger says held, the sensor says empty: the part was lost on the way, and the ledger must know."""
        fact = self.fact(part)
        if fact is not None and fact.holder == GRIPPER and not self.robot.state.value.holding:
            await self.report(part, fact.kind, "lost", LOST)


def _end_of(plan: Plan, part: slice) -> tuple[Pose, ...]:
    """Where the drawn links are when a part of a plan has run; nothing where the plan does not say."""
    ran = plan.rests[part]
    return ran[-1] if ran else ()
