"""What happened. Events are past tense, carry no personal data, and are all that the journal keeps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from orchestrator.core.commands import Choice, Measured
from orchestrator.core.errors import JournalError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import Autonomy, CellState, Mode, OrderState
from orchestrator.core.ports import Safety
from orchestrator.core.signature import Signature
from orchestrator.core.variant import Frozen, Variant
from orchestrator.core.world import Seat, Sighting

Values = dict[str, float | str | bool]


class OrderStored(Frozen):
    """An order is on the list."""

    type: Literal["order_stored"] = "order_stored"
    order: str
    quantity: int
    due_t: float | None
    variant: Variant
    by: str


class OrderChanged(Frozen):
    """An order changed its state."""

    type: Literal["order_changed"] = "order_changed"
    order: str
    state: OrderState
    reason: str = ""
    by: str = ""


class CellChanged(Frozen):
    """The cell changed its PackML state. `trouble` is what went wrong on the way down from its `reason`."""

    type: Literal["cell_changed"] = "cell_changed"
    state: CellState
    reason: str = ""
    trouble: tuple[str, ...] = ()
    suspended: Literal["", "starved", "blocked", "away"] = ""  # why it suspends by itself; "" where a person wants it
    by: str = ""
    acknowledged: bool | None = None  # None: unchanged


class HoldJoined(Frozen):
    """A hold was asked for in a cell that holds already: it is one more reason, and wants a person's word."""

    type: Literal["hold_joined"] = "hold_joined"
    reason: str
    by: str


class ModeChanged(Frozen):
    """The cell changed its mode."""

    type: Literal["mode_changed"] = "mode_changed"
    mode: Mode
    by: str


class AutonomyChanged(Frozen):
    """The robot may do more or less without asking."""

    type: Literal["autonomy_changed"] = "autonomy_changed"
    autonomy: Autonomy
    by: str


class Acknowledged(Frozen):
    """A person said that the cell is clear."""

    type: Literal["acknowledged"] = "acknowledged"
    by: str


class CellRestarted(Frozen):
    """The orchestrator came up again over this journal. The cell state after it is `state`."""

    type: Literal["cell_restarted"] = "cell_restarted"
    state: CellState
    cell: str = ""  # by the name of its file


class SafetyChanged(Frozen):
    """The robot reported another safety state."""

    type: Literal["safety_changed"] = "safety_changed"
    safety: Safety
    acknowledged: bool | None = None  # None: unchanged


class Paused(Frozen):
    """A person paused something: `cell`, or `lane/` and whose. An order is paused by `order_changed`."""

    type: Literal["paused"] = "paused"
    target: str
    by: str
    reason: str = ""


class Resumed(Frozen):
    """A person ended a pause."""

    type: Literal["resumed"] = "resumed"
    target: str
    by: str


class PlaceJoined(Frozen):
    """A person, by pseudonym, is at a worker place."""

    type: Literal["place_joined"] = "place_joined"
    place: str
    operator: str
    qualifications: tuple[str, ...] = ()


class PlaceLeft(Frozen):
    """Nobody is at a worker place."""

    type: Literal["place_left"] = "place_left"
    place: str


class HelpCalled(Frozen):
    """The person at a place has called for somebody to come; `unit` and `step` are what they were at, if anything."""

    type: Literal["help_called"] = "help_called"
    place: str
    by: str
    unit: str = ""
    step: str = ""


class HelpAnswered(Frozen):
    """Somebody is coming to the place that called."""

    type: Literal["help_answered"] = "help_answered"
    place: str
    by: str


class HelpWithdrawn(Frozen):
    """The person at a place needs nobody any more."""

    type: Literal["help_withdrawn"] = "help_withdrawn"
    place: str
    by: str


class ScreenLost(Frozen):
    """The screen that the person at a place works with has lost its line."""

    type: Literal["screen_lost"] = "screen_lost"
    place: str


class ScreenBack(Frozen):
    """A screen has a line at the place again."""

    type: Literal["screen_back"] = "screen_back"
    place: str


class UnitStarted(Frozen):
    """A unit is in work; `nests` says which nest it has for each role."""

    type: Literal["unit_started"] = "unit_started"
    unit: str
    order: str
    n: int
    nests: dict[str, str]
    cell: str = ""  # whose journal this is, by the name of its file


class UnitEnded(Frozen):
    """A unit left the cell; `record` is its as-built record."""

    type: Literal["unit_ended"] = "unit_ended"
    unit: str
    order: str
    state: Literal["done", "scrapped"]
    reason: str = ""
    by: str = ""
    record: dict[str, Any]


class StepStarted(Frozen):
    """Actors began a step, and hold these resources. `retry`: whether its skill may be run again by itself."""

    type: Literal["step_started"] = "step_started"
    unit: str
    step: str
    attempt: int
    actors: tuple[str, ...]
    resources: tuple[str, ...] = ()
    skill_sha256: str = ""
    retry: bool = True


class SkillEnded(Frozen):
    """The robot's share of an attempt ended."""

    type: Literal["skill_ended"] = "skill_ended"
    unit: str
    step: str
    attempt: int
    effect: str
    outcome: Literal["succeeded", "canceled", "failed"]
    code: str = ""
    message: str = ""
    values: Values = Field(default_factory=dict)


class StepConfirmed(Frozen):
    """A person said that the result is there."""

    type: Literal["step_confirmed"] = "step_confirmed"
    unit: str
    step: str
    attempt: int
    place: str
    operator: str
    values: Values = Field(default_factory=dict)
    lots: dict[str, str] = Field(default_factory=dict)
    late: bool = False
    said_t: float | None = None  # when they said so, where a device kept it and handed it in later
    photo: str = ""  # SHA-256 of the picture that they took


class PhotoKept(Frozen):
    """A picture that a person took of a result lies in the evidence store, under its SHA-256."""

    type: Literal["photo_kept"] = "photo_kept"
    unit: str
    step: str
    attempt: int
    place: str
    operator: str
    sha256: str
    width: int
    height: int
    size_bytes: int


class CheckRequested(Frozen):
    """The camera shall look at the result; with `ride` once the arm has brought it there."""

    type: Literal["check_requested"] = "check_requested"
    unit: str
    step: str
    attempt: int
    effect: str
    ride: bool = False


class LookBlocked(Frozen):
    """The arm stands in the way of the cameras and has nothing to do there: it shall go home first."""

    type: Literal["look_blocked"] = "look_blocked"
    unit: str
    step: str
    attempt: int
    effect: str


class LookStarted(Frozen):
    """The arm set out to bring its camera to a result, or to go out of the way of those that stand still."""

    type: Literal["look_started"] = "look_started"
    unit: str
    step: str
    attempt: int
    effect: str


class HomeWanted(Frozen):
    """A motion failed, and the arm shall go home once people have approved that; `supervised` is its skill's reason."""

    type: Literal["home_wanted"] = "home_wanted"
    unit: str
    step: str
    attempt: int
    effect: str
    supervised: str = ""


class HomeEnded(Frozen):
    """The way home ended. Where it did not succeed the arm stands where it was, or on the way."""

    type: Literal["home_ended"] = "home_ended"
    effect: str
    outcome: Literal["succeeded", "canceled", "failed"]
    code: str = ""
    message: str = ""


class RemainsLookStarted(Frozen):
    """A camera looks whether a part stands where a unit that was given up may have left it."""

    type: Literal["remains_look_started"] = "remains_look_started"
    unit: str
    part: str
    effect: str


class RemainsLookEnded(Frozen):
    """That look ended; without `measured` nobody knows more than before."""

    type: Literal["remains_look_ended"] = "remains_look_ended"
    unit: str
    part: str
    effect: str
    measured: Measured | None = None
    error: str = ""


class LookBrokenOff(Frozen):
    """The arm was stopped before there was a verdict: it will set out again."""

    type: Literal["look_broken_off"] = "look_broken_off"
    unit: str
    step: str
    attempt: int
    effect: str


class CheckEnded(Frozen):
    """The camera's verdict, or why there is none."""

    type: Literal["check_ended"] = "check_ended"
    unit: str
    step: str
    attempt: int
    effect: str
    measured: Measured | None = None
    error: str = ""


class AttestRequested(Frozen):
    """A person shall look at the result."""

    type: Literal["attest_requested"] = "attest_requested"
    unit: str
    step: str
    attempt: int
    people: int = 1


class AttestGiven(Frozen):
    """A person has looked at the result."""

    type: Literal["attest_given"] = "attest_given"
    unit: str
    step: str
    attempt: int
    operator: str
    signature: Signature | None = None


class StepDone(Frozen):
    """Evidence of every declared kind supports the result; `evidence` names them, `waived` what stands in for one.

    `shown`: what the person who forced it says that shows it.
    """

    type: Literal["step_done"] = "step_done"
    unit: str
    step: str
    attempt: int
    evidence: tuple[str, ...]
    waived: str = ""
    by: str = ""
    shown: str = ""


class StepFailed(Frozen):
    """An attempt did not reach its result. `answer` is what follows, `rung` where the ladder stands now."""

    type: Literal["step_failed"] = "step_failed"
    unit: str
    step: str
    attempt: int
    code: str
    message: str
    remedy: str = ""
    answer: Literal["retry", "other_actor", "ask", "rework", "scrap", "skip", "again"]
    rung: int
    barred: tuple[Literal["robot", "human"], ...] = ()
    part_out: bool = False  # whoever had it in hand says that its part is not in
    hands: bool = False  # a person was at the step and has not ended it: they may still be there
    unsaid: bool = False  # the gripper had its part last, and nobody knows whether it is in its place


class RecheckRequested(Frozen):
    """The camera shall look once more at a result that it saw in its place before."""

    type: Literal["recheck_requested"] = "recheck_requested"
    unit: str
    step: str
    attempt: int
    effect: str


class RecheckEnded(Frozen):
    """The camera's verdict on a result that it looked at once more, or why there is none."""

    type: Literal["recheck_ended"] = "recheck_ended"
    unit: str
    step: str
    attempt: int
    effect: str
    measured: Measured | None = None
    error: str = ""


class StepDoubted(Frozen):
    """A result that was seen in its place is not there any more."""

    type: Literal["step_doubted"] = "step_doubted"
    unit: str
    step: str
    attempt: int
    code: str
    message: str
    remedy: str = ""


class RewindStarted(Frozen):
    """A unit goes back to before step `to`: `todo` is what must be taken back, in this order."""

    type: Literal["rewind_started"] = "rewind_started"
    unit: str
    to: str
    todo: tuple[str, ...]
    reason: str
    by: str


class UndoStarted(Frozen):
    """A person began to take a result back, and holds these resources."""

    type: Literal["undo_started"] = "undo_started"
    unit: str
    step: str
    attempt: int
    place: str
    resources: tuple[str, ...] = ()


class RewindStopped(Frozen):
    """A unit goes back no further."""

    type: Literal["rewind_stopped"] = "rewind_stopped"
    unit: str
    reason: str = ""
    by: str


class StepOverdue(Frozen):
    """A step waits too long for a person, who is at it, shall look or is not there; `level` says what is done."""

    type: Literal["step_overdue"] = "step_overdue"
    unit: str
    step: str
    attempt: int
    level: Literal["remind", "offer", "ask"]
    waits: Literal["at_it", "look", "nobody"]
    waited_s: float = 0.0  # in journals of before: how long somebody was waited for is nobody's business


class PlaceCleared(Frozen):
    """A person said that nobody is at what was taken from the hands of a place."""

    type: Literal["place_cleared"] = "place_cleared"
    place: str
    by: str


class StepAnswered(Frozen):
    """A person decided how a step in attention goes on."""

    type: Literal["step_answered"] = "step_answered"
    unit: str
    step: str
    attempt: int
    choice: Choice
    reason: str = ""
    by: str
    barred: tuple[Literal["robot", "human"], ...] = ()
    part_out: bool = False  # they have looked: what somebody had in hand before is not in its place
    signature: Signature | None = None


class StepHandedOver(Frozen):
    """What a person had in hand goes on to the robot, or to nobody, once a look has told whether its part is in."""

    type: Literal["step_handed_over"] = "step_handed_over"
    unit: str
    step: str
    attempt: int
    to: Literal["robot", "nobody"]
    reason: str = ""
    by: str = ""


class StepUndone(Frozen):
    """A result holds no longer."""

    type: Literal["step_undone"] = "step_undone"
    unit: str
    step: str
    because: str
    by: str = ""


class PartMoved(Frozen):
    """A part instance changed hands or was seen elsewhere. `pose` is in the holder's frame."""

    type: Literal["part_moved"] = "part_moved"
    unit: str
    part: str
    kind: str
    what: Literal["taken", "grasped", "released", "placed", "seen", "lost", "consumed"]
    holder: str
    frame: str = ""
    pose: Pose | None = None
    source: Literal["nominal", "commanded", "measured"] = "commanded"
    certainty: Literal["known", "doubtful", "unknown"] = "known"
    bin: str = ""
    lay: Pose | None = None  # in the world: which one of a bin's loose parts it was
    perhaps: Seat | None = None  # where it may stand instead
    sighting: Sighting | None = None  # how it was seen, where a camera's calibration counts in it
    qty: float = 1


class GripContradicted(Frozen):
    """The gripper's sensor says otherwise than the ledger, of `part` or of what the ledger knows nothing of."""

    type: Literal["grip_contradicted"] = "grip_contradicted"
    unit: str = ""
    part: str = ""
    holding: bool


class GripAgreed(Frozen):
    """Gripper and ledger say the same again."""

    type: Literal["grip_agreed"] = "grip_agreed"


class PartSettled(Frozen):
    """A person said that a doubtful part is where the ledger has it."""

    type: Literal["part_settled"] = "part_settled"
    unit: str
    part: str
    by: str


class BinRefilled(Frozen):
    """A bin holds this many pieces now."""

    type: Literal["bin_refilled"] = "bin_refilled"
    bin: str
    count: int
    lot: str = ""
    by: str = ""


class MotionProposed(Frozen):
    """A motion waits for the approval of `needs` different people; `supervised` where its skill asked for that."""

    type: Literal["motion_proposed"] = "motion_proposed"
    effect: str
    motion: str
    text: str
    plan: str
    duration_s: float
    preview: tuple[Pose, ...]
    needs: int = 1
    supervised: str = ""
    end: tuple[Pose, ...] = ()


class ZonesAwaited(Frozen):
    """What moves the robot waits until people have left one of these zones."""

    type: Literal["zones_awaited"] = "zones_awaited"
    effect: str
    zones: tuple[str, ...]


class EquipmentLost(Frozen):
    """A device did not answer when a step needed it."""

    type: Literal["equipment_lost"] = "equipment_lost"
    device: str
    unit: str
    step: str


class EquipmentBack(Frozen):
    """A device that did not answer does again."""

    type: Literal["equipment_back"] = "equipment_back"
    device: str


class MotionApproved(Frozen):
    """One person has approved a motion that waits for it."""

    type: Literal["motion_approved"] = "motion_approved"
    effect: str
    motion: str
    by: str
    unit: str = ""  # for whose step it is, "" for none
    step: str = ""
    attempt: int = 0
    signature: Signature | None = None


class MotionRefused(Frozen):
    """A person wants a motion not to run as it was previewed."""

    type: Literal["motion_refused"] = "motion_refused"
    effect: str
    motion: str
    reason: str = ""
    by: str


class StepReleased(Frozen):
    """A person said next: the step may begin, once."""

    type: Literal["step_released"] = "step_released"
    unit: str
    step: str
    attempt: int
    by: str
    signature: Signature | None = None


class ReleaseVoided(Frozen):
    """The word next for a step is good for nothing any more: something else has come that holds it up."""

    type: Literal["release_voided"] = "release_voided"
    unit: str
    step: str
    attempt: int


class BreakpointSet(Frozen):
    """A step (or group of steps) waits for a word before it begins: in one unit, or in all of the order ("")."""

    type: Literal["breakpoint_set"] = "breakpoint_set"
    order: str
    step: str
    unit: str = ""
    by: str


class BreakpointCleared(Frozen):
    """A breakpoint stops nobody any more."""

    type: Literal["breakpoint_cleared"] = "breakpoint_cleared"
    order: str
    step: str
    unit: str = ""
    by: str


class MotionIntended(Frozen):
    """A motion is about to start, `lead_s` from now at the earliest. Journalled before anything moves."""

    type: Literal["motion_intended"] = "motion_intended"
    effect: str
    motion: str
    text: str
    plan: str
    duration_s: float
    preview: tuple[Pose, ...]
    by: str = ""
    end: tuple[Pose, ...] = ()
    lead_s: float = 0.0


class MotionEnded(Frozen):
    """A motion reached its terminal state."""

    type: Literal["motion_ended"] = "motion_ended"
    effect: str
    motion: str
    outcome: str
    code: str = ""
    message: str = ""


class ManualStarted(Frozen):
    """A person moves the robot by hand. Journalled before anything moves; renewals of a jog are not."""

    type: Literal["manual_started"] = "manual_started"
    motion: str
    what: Literal["jog", "drive", "open", "close"]
    by: str
    press: str = ""
    to: Pose | None = None  # where a drive brings the TCP, world


class ManualEnded(Frozen):
    """A motion by hand reached its terminal state."""

    type: Literal["manual_ended"] = "manual_ended"
    motion: str
    outcome: str
    code: str = ""
    message: str = ""
    tcp: Pose | None = None


class RetreatAsked(Frozen):
    """A person wants the arm out of where it is: it is being planned. `peopled` are the zones that it keeps out of."""

    type: Literal["retreat_asked"] = "retreat_asked"
    retreat: str
    by: str
    peopled: tuple[str, ...] = ()


class RetreatEnded(Frozen):
    """A retreat ended: the arm stands where it came to, which is where it was where nothing could be planned."""

    type: Literal["retreat_ended"] = "retreat_ended"
    retreat: str
    outcome: str
    code: str = ""
    message: str = ""
    remedy: str = ""


class RetreatStopped(Frozen):
    """Somebody wants a retreat to end: the arm comes to a stand where it is, what was only previewed is dropped."""

    type: Literal["retreat_stopped"] = "retreat_stopped"
    retreat: str
    by: str


class TrailNoted(Frozen):
    """The way that the arm has come to where it stands, as it was executed: joints in rad, and where it stood."""

    type: Literal["trail_noted"] = "trail_noted"
    points: tuple[tuple[float, ...], ...]
    stands: tuple[int, ...] = ()
    since: float = 0.0


class FrameTaught(Frozen):
    """Where the TCP was, kept under a name: `world` in the cell, `pose` in what it is `relative_to` (else the same)."""

    type: Literal["frame_taught"] = "frame_taught"
    name: str
    relative_to: str = ""
    kind: str = ""  # of the part that it is relative to
    world: Pose
    pose: Pose
    joints_rad: tuple[float, ...]
    opening_m: float
    by: str


class JournalRetained(Frozen):
    """Events `first` to `last` are in an archive; this stands for them, chained to the last by its hash.

    `state` is what they came to, without the cell file; `answered` and `denied` (id -> role) are the commands that were
    answered; `records_sha256` covers the as-built records that stay.
    """

    type: Literal["journal_retained"] = "journal_retained"
    cell: str = ""  # by the name of its file
    first: int
    last: int
    sha256: str
    records_sha256: str
    archive: str
    answered: tuple[str, ...] = ()
    denied: dict[str, str] = Field(default_factory=dict)
    state: dict[str, Any]


class OutcomeIgnored(Frozen):
    """An outcome or a claim came too late or twice; it changed nothing but is kept."""

    type: Literal["outcome_ignored"] = "outcome_ignored"
    unit: str = ""
    step: str = ""
    attempt: int = 0
    effect: str = ""
    what: str
    why: str


class CommandDenied(Frozen):
    """Someone known asked for what they may not do."""

    type: Literal["command_denied"] = "command_denied"
    by: str
    role: str
    command: str


class TriesRefused(Frozen):
    """Someone known was turned away from `what` (a door, or a type of command) `count` times within a minute.

    A first try is journalled by itself: at a door with a count of 1, of a command as `command_denied`.
    """

    type: Literal["tries_refused"] = "tries_refused"
    by: str
    role: str
    what: str
    count: int


class PersonErased(Frozen):
    """A pseudonym stands for nobody any more: name, PIN and badges were erased at `erased_t` (s, UTC)."""

    type: Literal["person_erased"] = "person_erased"
    person: str
    erased_t: float


class EvidenceRemoved(Frozen):
    """Pictures that were taken before `before_t` (s, UTC) are kept no more; verdicts and hashes stay."""

    type: Literal["evidence_removed"] = "evidence_removed"
    why: Literal["age", "count", "asked"]
    before_t: float
    checks: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()


Event = Annotated[
    OrderStored
    | OrderChanged
    | CellChanged
    | HoldJoined
    | ModeChanged
    | AutonomyChanged
    | Acknowledged
    | CellRestarted
    | SafetyChanged
    | Paused
    | Resumed
    | PlaceJoined
    | PlaceLeft
    | HelpCalled
    | HelpAnswered
    | HelpWithdrawn
    | ScreenLost
    | ScreenBack
    | UnitStarted
    | UnitEnded
    | StepStarted
    | SkillEnded
    | StepConfirmed
    | PhotoKept
    | CheckRequested
    | LookBlocked
    | LookStarted
    | LookBrokenOff
    | HomeWanted
    | HomeEnded
    | RemainsLookStarted
    | RemainsLookEnded
    | CheckEnded
    | AttestRequested
    | AttestGiven
    | StepDone
    | StepFailed
    | RecheckRequested
    | RecheckEnded
    | StepDoubted
    | RewindStarted
    | UndoStarted
    | RewindStopped
    | StepOverdue
    | PlaceCleared
    | StepAnswered
    | StepHandedOver
    | StepUndone
    | PartMoved
    | GripContradicted
    | GripAgreed
    | PartSettled
    | BinRefilled
    | MotionProposed
    | ZonesAwaited
    | EquipmentLost
    | EquipmentBack
    | MotionApproved
    | MotionRefused
    | MotionIntended
    | StepReleased
    | ReleaseVoided
    | BreakpointSet
    | BreakpointCleared
    | MotionEnded
    | ManualStarted
    | ManualEnded
    | RetreatAsked
    | RetreatStopped
    | RetreatEnded
    | TrailNoted
    | FrameTaught
    | JournalRetained
    | OutcomeIgnored
    | CommandDenied
    | TriesRefused
    | PersonErased
    | EvidenceRemoved,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Any] = TypeAdapter(Event)


def decode(payload: bytes, seq: int = 0) -> Event:
    """Read an event's journal payload. Raises JournalError, naming the event, when it is not of a known form."""
    try:
        return EVENT.validate_json(payload)  # type: ignore[no-any-return]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise JournalError(
            f"Event {seq} of the journal has an unknown form: {where}: {first['msg']}.",
            remedy="Open it with the version of Tandem that wrote it, or upgrade Tandem.",
        ) from None


def subject(event: Event) -> str:
    """Return the unit or order that an event is about, "" for the cell."""
    fields = vars(event)  # asking a model for what it lacks is slow, and this runs for every event
    return str(fields.get("unit") or fields.get("order") or "")
