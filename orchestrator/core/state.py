"""The state of a cell as frozen records, and how to read it. `fold` (beside this module) makes it from events."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.core.machine import Autonomy, CellState, Mode, OrderState, StepStatus
from orchestrator.core.ports import Safety
from orchestrator.core.world import CELL, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.commands import Measured
    from orchestrator.core.events import FrameTaught
    from orchestrator.core.geometry import Pose
    from orchestrator.core.variant import PartSpec, Step, Target, Variant

Kind = Literal["robot", "human"]
Ride = Literal["", "wanted", "under_way"]
Overdue = Literal["", "remind", "offer", "ask"]
ROBOT = "robot"
HOME = "home/"
RETREAT = "retreat/"  # how the effect of a retreat begins
ANYWHERE = "zone:*"  # among `unclear`: hands that were at work outside every zone may be wherever the arm goes
DENIED_S = 60.0  # for as long one try that was denied stands for those that follow it
BUSY = frozenset({StepStatus.ACTIVE, StepStatus.VERIFYING, StepStatus.ATTENTION, StepStatus.UNDOING})
OVER = frozenset({StepStatus.DONE, StepStatus.SKIPPED})


@dataclass(frozen=True)
class Attempt:
    """One try at a step, as the as-built record keeps it. Times in s (UTC)."""

    n: int
    actors: tuple[str, ...]
    started_t: float
    skill_sha256: str = ""
    retry: bool = True  # whether its skill may be run again by itself
    ended_t: float | None = None
    outcome: str = ""
    code: str = ""
    message: str = ""
    operator: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    lots: Mapping[str, str] = field(default_factory=dict)
    measured: Measured | None = None
    photo: str = ""  # SHA-256 of the picture that a person took of the result


@dataclass(frozen=True)
class Waiver:
    """What a person let stand in for evidence, and what was known as they did: a code and words, a look, values.

    `shown`: what they say that shows it: a gauge and its figure, who looked.
    """

    kind: Literal["forced", "skipped"]
    by: str
    reason: str
    t: float  # s, UTC
    code: str = ""
    message: str = ""
    measured: Measured | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""


@dataclass(frozen=True)
class Handed:
    """Who goes on with what a person had in hand once a look has told whether its part is in; `nobody`: left out."""

    to: Literal["robot", "nobody"]
    reason: str = ""
    by: str = ""


@dataclass(frozen=True)
class StepState:
    """Where a step of a unit stands. `wants` is the evidence still missing: skill, confirm, camera, attest."""

    status: StepStatus = StepStatus.WAITING
    attempt: int = 0
    actors: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    wants: frozenset[str] = frozenset()
    effect: str = ""  # the look that is under way, if any
    ride: Ride = ""  # whether the arm must move for the look, with its camera or out of the way, and is at it
    rides: int = 0  # how often it has set out
    looks: int = 0
    rung: int = 0  # where the ladder that was climbed last stands
    rungs: Mapping[str, int] = field(default_factory=dict)  # where each ladder stands
    barred: tuple[Kind, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    witnesses: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    remedy: str = ""
    waived: str = ""
    waiver: Waiver | None = None  # where a person decided so
    started_t: float | None = None
    ended_t: float | None = None
    attempts: tuple[Attempt, ...] = ()
    seen_again: Measured | None = None  # what the camera said when it looked once more
    late_looks: int = 0  # pictures of it, one after the other, that were from before they were asked for
    released: bool = False  # a person said next: where it waits for that word, it may begin once
    released_by: str = ""  # who said so, kept through the attempt that began by it
    paused_t: float | None = None  # since when its time stands still, because a person paused it
    paused_s: float = 0.0  # how long it stood before that
    doubted_t: float | None = None  # since when it is in doubt, after it was done: `ended_t` stays when it was made
    patient_t: float = 0.0  # since when it waits for a person, or was given more time (s, UTC)
    overdue: Overdue = ""  # the rung that its waiting for a person last came to, at `overdue_t` (s, UTC)
    overdue_t: float = 0.0
    unsaid: bool = False  # a person had it in hand, and nobody knows whether they have put its part in
    handed: Handed | None = None  # who goes on with it once that is known
    photos: tuple[str, ...] = ()  # SHA-256 of the pictures that the store holds of this attempt
    photo: str = ""  # the one of them that a person's word rests on


@dataclass(frozen=True)
class Rewind:
    """A unit on its way back to before step `to`: `todo` is still to be taken back, in this order."""

    to: str
    todo: tuple[str, ...]
    reason: str
    by: str
    started_t: float


@dataclass(frozen=True)
class Signed:
    """A person's word with its meaning, as the as-built record keeps it; `revision` is the procedure's SHA-256."""

    meaning: str
    who: str
    t: float  # s, UTC
    revision: str
    step: str = ""
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class UnitState:
    """A unit in work.

    `rechecking` are the steps whose results the camera is looking at once more, with the looks' effects, `looked_at`
    those that need not be looked at again until something is done to the unit, `rechecks` how many there were.
    """

    id: str
    order: str
    n: int
    nests: Mapping[str, str]
    started_t: float
    steps: Mapping[str, StepState]
    rechecking: Mapping[str, str] = field(default_factory=dict)
    looked_at: frozenset[str] = frozenset()
    rechecks: int = 0
    rechecks_t: float = 0.0  # when the last of them was asked for (s, UTC)
    touched_t: float = 0.0  # when hands or the gripper were last at it (s, UTC)
    breakpoints: frozenset[str] = frozenset()  # steps, or groups of steps, that wait for a word in this unit alone
    rewind: Rewind | None = None
    signatures: tuple[Signed, ...] = ()

    @cached_property
    def busy(self) -> tuple[str, ...]:
        """The steps that are active, verifying, in attention or being taken back."""
        return tuple(name for name, step in self.steps.items() if step.status in BUSY)

    @property
    def finished(self) -> bool:
        """Whether every step is over."""
        return all(step.status in OVER for step in self.steps.values())


@dataclass(frozen=True)
class OrderRecord:
    """An order. Units that wait or have left are counts; `shared` names steps done once for several units."""

    id: str
    variant: Variant
    quantity: int
    due_t: float | None
    stored_t: float
    state: OrderState = OrderState.STORED
    started: int = 0
    done: int = 0
    scrapped: int = 0
    shared: frozenset[str] = frozenset()
    breakpoints: frozenset[str] = frozenset()  # steps, or groups of steps, that wait for a word in every unit

    @property
    def in_work(self) -> int:
        """How many units have been started and have not left."""
        return self.started - self.done - self.scrapped


@dataclass(frozen=True, slots=True)
class Person:
    """Who is at a place, by pseudonym."""

    operator: str
    qualifications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HelpState:
    """That the person at a place called for help, when (s, UTC), at what, and since when who is coming ("": nobody)."""

    by: str
    t: float
    unit: str = ""
    step: str = ""
    coming: str = ""
    coming_t: float = 0.0


@dataclass(frozen=True, slots=True)
class MotionState:
    """A motion that waits for approval (`approved` False) or is under way.

    It waits for `needs` different people, 0 where it was let through without; `supervised` is its skill's reason for
    asking, `refused` why a person wants it not to run. The arm stands for `lead_s` after `t`; `end`
    is where its drawn links are when it stands again.
    """

    id: str
    effect: str
    text: str
    duration_s: float
    preview: tuple[Pose, ...]
    t: float
    approved: bool
    plan: str = ""
    needs: int = 0
    approved_by: tuple[str, ...] = ()
    supervised: str = ""
    refused: str = ""
    end: tuple[Pose, ...] = ()
    lead_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PauseState:
    """That a person paused something, and when (s, UTC)."""

    by: str
    t: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GripDoubt:
    """The gripper's sensor said otherwise than the ledger: of `part`, or "" where the ledger knows of nothing there.

    `holding` is what the sensor says now.
    """

    part: str
    holding: bool
    t: float


@dataclass(frozen=True, slots=True)
class Remain:
    """The look at what a unit that was given up may have left: under way since `t` (s, UTC), or over."""

    effect: str
    t: float
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class ManualMotion:
    """A motion by hand under way; `press` names the press of a jog button."""

    id: str
    what: Literal["jog", "drive", "open", "close"]
    by: str
    t: float
    press: str = ""


@dataclass(frozen=True, slots=True)
class RetreatState:
    """A retreat that somebody asked for: being planned, previewed, or under way. `by` is who asked.

    `peopled` are the zones, as resources, in which people were as it was planned: its way keeps out of them.
    """

    id: str
    by: str
    t: float
    peopled: tuple[str, ...] = ()
    stopped: bool = False  # somebody wants it to end: nothing of it goes ahead any more


@dataclass(frozen=True, slots=True)
class RetreatEnd:
    """How the last retreat ended, for people to read until the cell goes on."""

    outcome: str
    code: str = ""
    message: str = ""
    remedy: str = ""
    t: float = 0.0


@dataclass(frozen=True, slots=True)
class Trail:
    """The way that the arm has come, as it was executed, oldest first: joints in rad, and where it stood on the way.

    `since` is when it set out (s, UTC).
    """

    points: tuple[tuple[float, ...], ...]
    stands: tuple[int, ...] = ()  # indices of points
    since: float = 0.0


@dataclass(frozen=True)
class State:
    """All of a cell. `seq` is the last event folded; `spec` the cell file: configuration, not journalled."""

    spec: CellSpec
    seq: int = 0
    t: float = 0.0
    cell: CellState = CellState.IDLE
    cell_changes: int = 0  # how often it has changed: which time it is in this state
    cell_reason: str = ""
    cell_trouble: tuple[str, ...] = ()  # why a hold became a stop, or a stop an abort
    suspended: str = ""  # why the cell suspended by itself, "" where it did not
    suspends: int = 0  # how often it did since a step or a unit last began
    mode: Mode = Mode.PRODUCTION
    autonomy: Autonomy = Autonomy.FULL
    safety: Safety = Safety.NORMAL
    acknowledged: bool = True
    alarms: int = 0  # how often something has asked for a person's word that the cell is clear
    orders: Mapping[str, OrderRecord] = field(default_factory=dict)
    units: Mapping[str, UnitState] = field(default_factory=dict)
    units_started: int = 0
    behind: Mapping[str, Variant] = field(default_factory=dict)  # of units that have left, but not all of their parts
    world: World = field(default_factory=lambda: World({}))
    bins: Mapping[str, int] = field(default_factory=dict)  # pieces left, for bins that are counted
    places: Mapping[str, Person] = field(default_factory=dict)
    helps: Mapping[str, HelpState] = field(default_factory=dict)  # by the place that called
    screens_lost: frozenset[str] = frozenset()  # places where somebody works whose screen has lost its line
    motions: Mapping[str, MotionState] = field(default_factory=dict)
    came: MotionState | None = None  # the robot's newest motion that has ended: where it went, the arm may stand
    pauses: Mapping[str, PauseState] = field(default_factory=dict)  # by what they are of: see `core/pauses`
    manual: ManualMotion | None = None
    retreat: RetreatState | None = None
    retreated: RetreatEnd | None = None
    trail: Trail | None = None  # noted when the cell came to stand; None once the arm was let move
    taught: Mapping[str, FrameTaught] = field(default_factory=dict)  # by name, in the order of their teaching
    ending: frozenset[str] = frozenset()  # skills that were called off and have not reported their end yet
    homing: str = ""  # the way home after a failure that people approve first: its effect, which is `ending` too
    struck_t: float = 0.0  # when the robot was last in a protective stop: it has met something (s, UTC)
    zones_awaited: tuple[str, tuple[str, ...]] = ("", ())  # an effect of the robot's, and the zones that it waits for
    equipment_lost: Mapping[str, tuple[str, str]] = field(
        default_factory=dict
    )  # device -> unit and step that missed it
    stood_t: float = 0.0  # when the cell last began to come to a stand (s, UTC)
    upset_t: float = 0.0  # when the arm last ended otherwise than planned, and may have knocked anything (s, UTC)
    grip: GripDoubt | None = None  # where ledger and gripper contradict each other
    running_t: float = 0.0  # when the cell last came to Execute (s, UTC)
    places_t: Mapping[str, float] = field(default_factory=dict)  # when somebody last came to a place or left it
    remains: Mapping[str, Remain] = field(default_factory=dict)  # by part: see `core/remains`
    unclear_n: Mapping[str, int] = field(default_factory=dict)  # how often a place has become unclear
    unclear: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # zones where a place may still be at work
    denied: Mapping[str, float] = field(default_factory=dict)  # what was denied to whom (`tried`) in the last minute
    erased: frozenset[str] = frozenset()  # pseudonyms that stand for nobody any more

    def step(self, unit: str, step: str) -> tuple[Step, StepState] | None:
        """Return a step of a unit in work, authored and actual, or None where there is none."""
        unit_state = self.units.get(unit)
        if unit_state is None or step not in unit_state.steps:
            return None
        return self.orders[unit_state.order].variant.by_id[step], unit_state.steps[step]

    def variant_of(self, unit: str) -> Variant:
        """Return the variant that a unit in work is built to."""
        return self.orders[self.units[unit].order].variant

    def part_spec(self, unit: str, kind: str) -> PartSpec | None:
        """Return what is known of a kind of part in a unit in work, or in one that has left parts behind."""
        variant = self.variant_of(unit) if unit in self.units else self.behind.get(unit)
        return variant.parts.get(kind) if variant else None

    def leftovers(self) -> tuple[str, ...]:
        """Return what units that were given up have left standing in the cell: of each pile the lowest part, sorted."""
        facts = self.world.facts.values()
        return tuple(sorted(fact.part for fact in facts if fact.holder == CELL and fact.unit not in self.units))

    def busy(self) -> Iterator[tuple[UnitState, str, StepState]]:
        """Yield every step that is active, verifying, in attention or being taken back."""
        for unit in self.units.values():
            for step_id in unit.busy:
                yield unit, step_id, unit.steps[step_id]

    def doing(self, actor: str) -> tuple[UnitState, str, StepState] | None:
        """Return the step that an actor is at; the robot also while it brings a camera to its result."""
        for unit, step_id, step in self.busy():
            riding = step.ride == "under_way" and actor == ROBOT
            if riding or (step.status in {StepStatus.ACTIVE, StepStatus.UNDOING} and actor in step.actors):
                return unit, step_id, step
        return None

    def shares(self, unit: UnitState, step: Step) -> Iterator[UnitState]:
        """Yield the other units in work that a `per: order` or `per: n` step is done once for, together with this."""
        for other in self.units.values():
            same = other.id != unit.id and other.order == unit.order
            if step.per != "unit" and same and share(step, other.n) == share(step, unit.n):
                yield other

    def frame(self, unit: UnitState, target: Target) -> str:
        """Return the cell frame that a bare target means for a unit: its nest, or the frame itself."""
        return unit.nests.get(target.frame, target.frame)

    def target_pose(self, unit_id: str, target: Target) -> Pose | None:
        """Return where a target frame is in the world; None while its owner's place is not known."""
        unit = self.units[unit_id]
        if target.owner is None:
            return self.spec.frames.get(self.frame(unit, target))
        owner = self.world.get(f"{unit_id}/{target.owner}")
        pose = self.world.pose(f"{unit_id}/{target.owner}")
        if owner is None or pose is None:
            return None
        frame = self.variant_of(unit_id).parts[owner.kind].frames.get(target.frame)
        return pose @ frame if frame else None

    def result_pose(self, unit_id: str, step: Step) -> Pose | None:
        """Return where the mesh origin of a step's part belongs in the world; None while that is not known."""
        if step.result.at is None:
            return None
        target = self.target_pose(unit_id, step.result.at)
        return target @ step.result.meets.inverse() if target else None


def tried(who: str, kind: str) -> str:
    """Return the key of what somebody was denied: a type of command."""
    return f"{kind} {who}"


def skill_effect(unit: str, step: str, attempt: int) -> str:
    """Return the id of the effect that runs the robot's share of an attempt."""
    return f"{unit}/{step}/{attempt}/skill"


def ride_effect(unit: str, step: str, current: StepState) -> str:
    """Return the id of the effect that brings a camera to a result next."""
    return f"{unit}/{step}/{current.attempt}/look{current.looks}/ride{current.rides + 1}"


def home_effect(unit: str, *more: str | int) -> str:
    """Return the id of the way home after a failed attempt (step, number), or how those of a unit begin."""
    return f"{HOME}{unit}/{'/'.join(map(str, more))}"


def moves_robot(effect: str) -> bool:
    """Tell whether an effect of this id moves the robot: a skill, a look's way, the way home, by hand, a retreat."""
    return effect.endswith("/skill") or "/ride" in effect or effect.startswith((HOME, "manual/", RETREAT))


def ladder_name(step: Step, outcome: str) -> str:
    """Return which of a step's ladders answers to an outcome."""
    return outcome if outcome in step.on_fail else "*"


def share(step: Step, n: int) -> int:
    """Return which group of units the n-th one shares a `per: order` or `per: n` step with."""
    return (n - 1) // int(step.per) if step.per.isdigit() else 0


def initial(spec: CellSpec) -> State:
    """Return the state of a cell that nothing has happened to: bins full, nobody there."""
    bins = {name: bin_.capacity for name, bin_ in spec.supply.items() if bin_.capacity is not None}
    return State(spec=spec, bins=bins)
