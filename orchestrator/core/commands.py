"""What is asked of a cell. A command is a wish: `decide` says whether it is legal now."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from orchestrator.core.geometry import Pose
from orchestrator.core.machine import Autonomy, CellVerb, Mode, OrderVerb
from orchestrator.core.ports import Safety
from orchestrator.core.printable import PATTERN, printable
from orchestrator.core.variant import Frozen, Variant

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[\w@./#:+,= -]+$")]
Text = Annotated[str, Field(max_length=2000, json_schema_extra={"pattern": PATTERN})]
Given = Annotated[Text, AfterValidator(printable)]  # from outside
Choice = Literal["retry", "recheck", "other_actor", "rework", "wait", "skip", "force", "scrap", "abort"]
Role = Literal["worker", "programmer", "supervisor", "auditor", "device", "engine"]
Finite = Annotated[float, Field(allow_inf_nan=False)]  # the journal's JSON has no word for the others
Finite3 = tuple[Finite, Finite, Finite]
Values = dict[Name, Finite | Text | bool]


def _finite(pose: Pose) -> Pose:
    if not all(map(math.isfinite, (*pose.p, *pose.q))):
        raise ValueError("a pose needs finite numbers")
    return pose


FinitePose = Annotated[Pose, AfterValidator(_finite)]


def _required(name: str) -> ConfigDict:
    """Whoever asks from outside must send a field that has a default inside, and send another than that."""

    def extra(schema: dict[str, Any]) -> None:
        schema["required"] = [*schema.get("required", ()), name]
        told = schema["properties"][name]
        told.pop("default", None)
        told[{"string": "minLength", "integer": "minimum", "array": "minItems"}[told["type"]]] = 1

    return ConfigDict(json_schema_extra=extra)


UNNAMED = "local"  # somebody at a screen of this machine, nobody knows who


class Who(Frozen):
    """Who asks: a pseudonym and a role. The engine itself asks as `engine`.

    `known`: whose name was proved at a sign-in or by a key; they speak for nobody else. `machine`: by a key, which
    whoever holds it may use beside their own name; it signs nothing and is no second person.
    """

    name: Name = UNNAMED
    role: Role = "supervisor"
    known: bool = False
    machine: bool = False


ENGINE = Who(name="engine", role="engine")


class StoreOrder(Frozen):
    """Put an order on the list. The variant is compiled beforehand and stays with the order."""

    type: Literal["store_order"] = "store_order"
    order: Name
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    due_t: Finite | None = None
    variant: Variant


class ChangeOrder(Frozen):
    """Start, pause, resume, stop, abort, cancel or clear an order."""

    type: Literal["change_order"] = "change_order"
    order: Name
    verb: OrderVerb
    reason: Text = ""


class ChangeCell(Frozen):
    """A PackML command to the cell."""

    type: Literal["change_cell"] = "change_cell"
    verb: CellVerb
    reason: Text = ""


class SetMode(Frozen):
    """Switch between production, manual and maintenance."""

    type: Literal["set_mode"] = "set_mode"
    mode: Mode


class SetAutonomy(Frozen):
    """Say how much the robot may do without asking."""

    type: Literal["set_autonomy"] = "set_autonomy"
    autonomy: Autonomy


class Pause(Frozen):
    """Bring the cell, or one lane, to speed zero on the same plan; nothing new begins there. Orders: `change_order`."""

    type: Literal["pause"] = "pause"
    what: Literal["cell", "lane"]
    name: Literal[""] | Name = ""  # whose lane: the robot, or a place
    reason: Text = ""


class Resume(Frozen):
    """End a pause: go on with the same plan."""

    type: Literal["resume"] = "resume"
    what: Literal["cell", "lane"]
    name: Literal[""] | Name = ""


class JoinPlace(Frozen):
    """A person comes to a worker place."""

    type: Literal["join_place"] = "join_place"
    place: Name
    operator: Name
    qualifications: tuple[Name, ...] = ()


class LeavePlace(Frozen):
    """The person leaves the worker place."""

    type: Literal["leave_place"] = "leave_place"
    place: Name


class StartStep(Frozen):
    """Give a ready step to one or two actors; the engine's schedule asks this."""

    type: Literal["start_step"] = "start_step"
    unit: Name
    step: Name
    actors: tuple[Name, ...]
    skill_sha256: str = ""
    retry: bool = True


class StartUnit(Frozen):
    """Begin the next unit of an order; the engine's schedule asks this."""

    type: Literal["start_unit"] = "start_unit"
    order: Name


class StartLook(Frozen):
    """Let the arm bring its camera to a result that waits for a look; the engine's schedule asks this."""

    type: Literal["start_look"] = "start_look"
    unit: Name
    step: Name


class ConfirmStep(Frozen):
    """A person says that the step's result is there, with what they measured and which lots they used.

    `operator` is whom the card was shown to, "" whoever is signed in at the place. `photo` is the SHA-256 of the
    picture that they took, as it was kept, "" where none is wanted.
    """

    type: Literal["confirm_step"] = "confirm_step"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    place: Name
    values: Values = Field(default_factory=dict)
    lots: dict[Name, Text] = Field(default_factory=dict)
    operator: Text = ""
    photo: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class PhotoOf(Frozen):
    """What a person took a picture of: the result of an attempt, from their place. `operator` as of `ConfirmStep`."""

    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    place: Name
    operator: Text = ""


class KeepPhoto(PhotoOf):
    """A picture of a result lies in the evidence store. The engine's own word, in the name of who took it."""

    type: Literal["keep_photo"] = "keep_photo"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    size_bytes: Annotated[int, Field(ge=1)]


class ReportProblem(Frozen):
    """A person says that the step can't be done."""

    type: Literal["report_problem"] = "report_problem"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    place: Name
    code: Name = "problem"
    note: Text = ""


class CallHelp(Frozen):
    """The person at a place calls for somebody to come; the step that they are at stays theirs."""

    type: Literal["call_help"] = "call_help"
    place: Name


class AnswerHelp(Frozen):
    """Somebody says that they are coming to the place `of` that called; from a place it is who works there."""

    type: Literal["answer_help"] = "answer_help"
    of: Name
    place: Literal[""] | Name = ""


class WithdrawHelp(Frozen):
    """The person at a place needs nobody any more: it was settled, or somebody has come."""

    type: Literal["withdraw_help"] = "withdraw_help"
    place: Name


class Choose(Frozen):
    """A person answers the question that a failed step raised.

    `part_out`: they have looked, and what somebody, or the gripper as the orchestrator stopped, had in hand before is
    not in its place. It must be said where no camera looks and others, or the robot, go on with it, and where a result
    is taken back of which nobody knows whether its part is in. `shown`: what shows that a result that is forced is
    right (a gauge and its figure, who looked); it must be said where nothing was measured. `answers` is the question
    that was shown; from outside it must be there, "" is the one that stands now.
    """

    model_config = _required("answers")

    type: Literal["choose"] = "choose"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    choice: Choice
    rework: Name | None = None
    reason: Text = ""
    part_out: bool = False
    shown: Text = ""
    answers: Text = ""


class GiveStep(Frozen):
    """The person at a place, whose step takes too long, lets the robot do it: their hands are out of its way.

    `part_out`: they say as well that its part is not in; it must be said where no camera looks.
    """

    type: Literal["give_step"] = "give_step"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    place: Name
    part_out: bool = False


class TakeStep(Frozen):
    """The person at a place takes over what another has in hand for too long."""

    type: Literal["take_step"] = "take_step"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    place: Name


class ClearPlace(Frozen):
    """A person says that nobody is at what was taken from the hands of a place: the robot may go there.

    `n` is which time the place was shown to be unclear; from outside it must be there, 0 is as it stands now.
    """

    model_config = _required("n")

    type: Literal["clear_place"] = "clear_place"
    place: Name
    n: Annotated[int, Field(ge=0)] = 0


class UndoStep(Frozen):
    """A person has taken a done step back, with all that builds on it.

    `part_out`: they have looked, and its part is not in any more; a robot may put the next one there at once.
    `attempt`: the one that they saw done, 0 where they do not say: a later one is not taken back by its word.
    """

    type: Literal["undo_step"] = "undo_step"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)] = 0
    reason: Text = ""
    part_out: bool = False


class Rewind(Frozen):
    """Go back to before a step: what builds on it is taken back first, result after result, by a person.

    `todo` are the steps whose results were shown to go, in that order; from outside they must be there, () is what
    must go as it stands now.
    """

    model_config = _required("todo")

    type: Literal["rewind"] = "rewind"
    unit: Name
    step: Name
    reason: Text = ""
    todo: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()


class ConfirmUndo(Frozen):
    """A person, as of `ConfirmStep`, says that a result is taken back: its part is off, and out of the unit."""

    type: Literal["confirm_undo"] = "confirm_undo"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    place: Name
    operator: Text = ""


class StopRewind(Frozen):
    """Go back no further."""

    type: Literal["stop_rewind"] = "stop_rewind"
    unit: Name
    reason: Text = ""


class RefillBin(Frozen):
    """A person filled a bin up to `count` pieces."""

    type: Literal["refill_bin"] = "refill_bin"
    bin: Name
    count: Annotated[int, Field(ge=0, le=100_000)]
    lot: Text = ""


class TakePart(Frozen):
    """A person has taken a part out of the gripper or the cell; it will not be used."""

    type: Literal["take_part"] = "take_part"
    part: Name


class SettlePart(Frozen):
    """A person has looked: a doubtful part is where the ledger has it."""

    type: Literal["settle_part"] = "settle_part"
    part: Name


class Acknowledge(Frozen):
    """A person says that the cell is clear after a stop or a restart.

    `n` is which alarm they were shown; from outside it must be there, 0 is whatever asks now.
    """

    model_config = _required("n")

    type: Literal["acknowledge"] = "acknowledge"
    n: Annotated[int, Field(ge=0)] = 0


class MoveGripper(Frozen):
    """Open or close the gripper by hand, in manual mode."""

    type: Literal["move_gripper"] = "move_gripper"
    close: bool


class StartJog(Frozen):
    """A person presses a jog button; `press` names this press. Its velocity, and its renewal, go to the robot alone."""

    type: Literal["start_jog"] = "start_jog"
    press: Name


class StartDrive(Frozen):
    """Bring the TCP to a pose (world), planned around what is known, slowly, for as long as a button is held.

    In manual mode alone. `press` names this press.
    """

    type: Literal["start_drive"] = "start_drive"
    press: Name
    to: FinitePose


class TeachFrame(Frozen):
    """Keep where the TCP is, under a name: in the cell's world, and in the frame or part that it is `relative_to`."""

    type: Literal["teach_frame"] = "teach_frame"
    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
    relative_to: Literal[""] | Name = ""
    tcp: FinitePose
    joints_rad: tuple[Finite, ...]
    opening_m: Finite


class ApproveMotion(Frozen):
    """A person lets a previewed motion go ahead; from a worker place it is the word of who works there."""

    type: Literal["approve_motion"] = "approve_motion"
    motion: Name
    place: Literal[""] | Name = ""


class RefuseMotion(Frozen):
    """A person says of a previewed motion: not like this. It will not run, and its step becomes a question."""

    type: Literal["refuse_motion"] = "refuse_motion"
    motion: Name
    reason: Text = ""
    place: Literal[""] | Name = ""


class ReleaseStep(Frozen):
    """A person says next: a step that waits for that word may begin. `attempt` is its last one so far.

    From a worker place it is the word of who works there.
    """

    type: Literal["release_step"] = "release_step"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    place: Literal[""] | Name = ""


class SetBreakpoint(Frozen):
    """A step, or all of an `each` group by its name, shall wait for a word: in all units of an order, or in one."""

    type: Literal["set_breakpoint"] = "set_breakpoint"
    order: Name
    step: Name
    unit: Literal[""] | Name = ""


class ClearBreakpoint(Frozen):
    """A breakpoint shall stop nobody any more."""

    type: Literal["clear_breakpoint"] = "clear_breakpoint"
    order: Name
    step: Name
    unit: Literal[""] | Name = ""


class Retreat(Frozen):
    """A person wants the arm of a held cell out of where it is: it is planned and previewed, and moves when approved.

    The approval (`approve_motion`) is the word that nobody is in its way, and is asked for at every level of autonomy.
    """

    type: Literal["retreat"] = "retreat"


class StopRetreat(Frozen):
    """The arm shall stand: a retreat under way is stopped, one that is previewed is dropped."""

    type: Literal["stop_retreat"] = "stop_retreat"


# ---- from the engine and its adapters --------------------------------------------------------------------------


class ReportGrip(Frozen):
    """What the gripper's sensor says while nothing moves, where that is not what is known."""

    type: Literal["report_grip"] = "report_grip"
    holding: bool


class ReportUnasked(Frozen):
    """The arm moves, and nobody has asked for it."""

    type: Literal["report_unasked"] = "report_unasked"


class StartUndo(Frozen):
    """Give the next result to be taken back to a person; the engine's schedule asks this."""

    type: Literal["start_undo"] = "start_undo"
    unit: Name
    step: Name
    place: Name


class VoidRelease(Frozen):
    """Void the word next for a step that something else holds up; the engine's schedule asks this."""

    type: Literal["void_release"] = "void_release"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]


class NoteOverdue(Frozen):
    """A step waits too long for a person, by the clock; the engine's schedule asks this."""

    type: Literal["note_overdue"] = "note_overdue"
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]


class EndManual(Frozen):
    """A motion by hand reached its terminal state, with the TCP at `tcp`."""

    type: Literal["end_manual"] = "end_manual"
    motion: Name
    outcome: Literal["succeeded", "canceled", "rejected", "aborted", "unknown"]
    code: str = ""
    message: Text = ""
    tcp: FinitePose | None = None


class SettleCell(Frozen):
    """A transient cell state has reached what it waited for; with `trouble` it has not, and this is why.

    `change` is which of the cell's changes brought it about; 0 whichever was the last.
    """

    type: Literal["settle_cell"] = "settle_cell"
    state: Name
    trouble: tuple[Text, ...] = ()
    change: Annotated[int, Field(ge=0)] = 0


class ExpirePause(Frozen):
    """It may be time for a pause to become a hold."""

    type: Literal["expire_pause"] = "expire_pause"


class ReportLull(Frozen):
    """It may be time for the cell to suspend, since no lane can proceed, or to go on, since one can."""

    type: Literal["report_lull"] = "report_lull"


class ReportRestart(Frozen):
    """The orchestrator has come up again over an existing journal; `holding` is what the robot's gripper says."""

    type: Literal["report_restart"] = "report_restart"
    holding: bool | None = None


class ReportDevice(Frozen):
    """The screen that a person at a place works with lost its line, or has one again."""

    type: Literal["report_device"] = "report_device"
    place: Name
    there: bool


class ReportSafety(Frozen):
    """The robot's safety state changed."""

    type: Literal["report_safety"] = "report_safety"
    safety: Safety


class ProposeMotion(Frozen):
    """A skill has planned a motion and asks to run it.

    `preview` holds TCP poses along the way, `end` the drawn links' where it ends. `from_rest` says that the arm has
    stood until now: people see it coming first. `supervised` says why the skill wants it approved at every level of
    autonomy; "" where it doesn't.
    """

    type: Literal["propose_motion"] = "propose_motion"
    effect: Name
    motion: Name
    text: Text = ""
    plan: Text = ""
    duration_s: Finite = 0.0
    preview: tuple[FinitePose, ...] = ()
    end: Annotated[tuple[FinitePose, ...], Field(max_length=100)] = ()
    from_rest: bool = False
    supervised: Text = ""


class ReportZones(Frozen):
    """The robot's way is barred by zones in which people are at work: it is planned when one of them is free."""

    type: Literal["report_zones"] = "report_zones"
    effect: Name
    zones: tuple[Name, ...]


class ReportEquipment(Frozen):
    """A device did not answer a step's skill, or answers again."""

    type: Literal["report_equipment"] = "report_equipment"
    device: Name
    answers: bool
    unit: Name
    step: Name


class NoteTrail(Frozen):
    """The way that the arm has come to where it stands, in a cell that has just come to stand."""

    type: Literal["note_trail"] = "note_trail"
    points: Annotated[tuple[tuple[Finite, ...], ...], Field(max_length=2000)]
    stands: tuple[Annotated[int, Field(ge=0)], ...] = ()
    since: Finite = 0.0


class EndRetreat(Frozen):
    """A retreat reached its end, or could not be planned."""

    type: Literal["end_retreat"] = "end_retreat"
    retreat: Name
    outcome: Literal["succeeded", "canceled", "rejected", "aborted", "unknown"]
    code: str = ""
    message: Text = ""
    remedy: Text = ""


class EndMotion(Frozen):
    """A motion reached its terminal state."""

    type: Literal["end_motion"] = "end_motion"
    effect: Name
    motion: Name
    outcome: Literal["succeeded", "canceled", "rejected", "aborted", "unknown"]
    code: str = ""
    message: Text = ""


class EndSkill(Frozen):
    """A skill ended. `values` are what tools measured on the way; without `retry` a person decides what comes next.

    `way_home`: it failed, and the arm shall go home with people's approval; why its skill asks for that, "" where the
    cell does.
    """

    type: Literal["end_skill"] = "end_skill"
    effect: Name
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    outcome: Literal["succeeded", "canceled", "failed"]
    code: str = ""
    message: Text = ""
    remedy: Text = ""
    values: Values = Field(default_factory=dict)
    retry: bool = True
    way_home: str | None = None


class LookForRemains(Frozen):
    """Look whether a part stands where a unit that was given up may have left it."""

    type: Literal["look_for_remains"] = "look_for_remains"
    part: Name


class EndHome(Frozen):
    """The way home after a failure ended, or was called off."""

    type: Literal["end_home"] = "end_home"
    effect: Name
    outcome: Literal["succeeded", "canceled", "failed"]
    code: str = ""
    message: Text = ""


class Measured(Frozen):
    """A camera's verdict as the journal keeps it; millimetres and degrees in the result's frame.

    `datum` are the parts that the pose is relative to, those that carry it, nearest first; `datum_offset_mm` is how far
    they were seen from where they should be, in the world's axes, which has been taken out. `calibration` is the id of
    the one that `camera` was used with, or the digest of the cell file, and `camera_at` where that put it in the world.
    `taught` is whether deviations count from where good units have taught that the part is found.
    """

    verdict: Literal["ok", "displaced", "missing", "flipped", "wrong", "cannot_see"]
    offset_mm: Finite3 | None = None
    turn_deg: Finite3 | None = None
    uncertainty_mm: Finite3 | None = None
    visible: Finite = 0.0
    reason: Text = ""
    evidence: Text = ""
    shot_t: Finite = 0.0
    datum: tuple[Name, ...] = ()
    datum_offset_mm: Finite3 | None = None
    uncertainty_deg: Finite3 | None = None
    camera: Text = ""
    calibration: Text = ""
    camera_at: FinitePose | None = None
    taught: bool = False


class EndCheck(Frozen):
    """A check ended: with a verdict, or with `error` and what helps when it could not be made.

    `canceled`: the arm was stopped on its way to it. `blocked`: the arm stands in the way, and has nothing to do there.
    """

    type: Literal["end_check"] = "end_check"
    effect: Name
    unit: Name
    step: Name
    attempt: Annotated[int, Field(ge=0)]
    measured: Measured | None = None
    error: Text = ""
    remedy: Text = ""
    canceled: bool = False
    blocked: bool = False
    way_home: str | None = None  # as of a skill that ended


class EndRemainsLook(Frozen):
    """A look at what a unit may have left ended: with a verdict, or with `error`."""

    type: Literal["end_remains_look"] = "end_remains_look"
    effect: Name
    part: Name
    measured: Measured | None = None
    error: Text = ""


class NoteTries(Frozen):
    """Someone known was turned away from a door or a type of command, `count` times within a minute."""

    type: Literal["note_tries"] = "note_tries"
    who: Name
    role: Role
    what: Text
    count: Annotated[int, Field(ge=1)]


class NoteErased(Frozen):
    """A person was erased from the accounts at `erased_t` (s, UTC)."""

    type: Literal["note_erased"] = "note_erased"
    person: Name
    erased_t: Finite


class NoteRemoved(Frozen):
    """Pictures kept as evidence were removed: of checks by their record's path, of workers by their SHA-256.

    `why`: older than the cell keeps them, more than it keeps, or asked for at the command line. All were taken before
    `before_t` (s, UTC).
    """

    type: Literal["note_removed"] = "note_removed"
    why: Literal["age", "count", "asked"]
    before_t: Finite
    checks: tuple[Name, ...] = ()
    photos: tuple[Name, ...] = ()


class ReportPart(Frozen):
    """A part instance changed hands. `to` is a holder: gripper, place:front, a cell frame, or a part instance."""

    type: Literal["report_part"] = "report_part"
    effect: Name
    part: Name
    kind: Name
    what: Literal["grasped", "released", "placed", "lost", "consumed"]
    to: Name
    frame: str = ""
    pose: FinitePose | None = None
    bin: str = ""
    slot: Annotated[int, Field(ge=0)] | None = None
    lay: FinitePose | None = None  # where it lay in its bin, in the world


Command = Annotated[
    StoreOrder
    | ChangeOrder
    | ChangeCell
    | SetMode
    | SetAutonomy
    | Pause
    | Resume
    | JoinPlace
    | LeavePlace
    | StartStep
    | StartUnit
    | StartLook
    | ConfirmStep
    | KeepPhoto
    | ReportProblem
    | CallHelp
    | AnswerHelp
    | WithdrawHelp
    | Choose
    | GiveStep
    | TakeStep
    | ClearPlace
    | UndoStep
    | Rewind
    | ConfirmUndo
    | StopRewind
    | RefillBin
    | TakePart
    | SettlePart
    | Acknowledge
    | ApproveMotion
    | RefuseMotion
    | ReleaseStep
    | SetBreakpoint
    | ClearBreakpoint
    | MoveGripper
    | Retreat
    | StopRetreat
    | StartJog
    | StartDrive
    | TeachFrame
    | ReportGrip
    | ReportUnasked
    | StartUndo
    | VoidRelease
    | NoteOverdue
    | EndManual
    | SettleCell
    | ReportLull
    | ExpirePause
    | ReportRestart
    | ReportSafety
    | ReportDevice
    | ProposeMotion
    | ReportZones
    | ReportEquipment
    | NoteTrail
    | EndRetreat
    | EndMotion
    | EndSkill
    | EndHome
    | LookForRemains
    | EndRemainsLook
    | EndCheck
    | NoteTries
    | NoteErased
    | NoteRemoved
    | ReportPart,
    Field(discriminator="type"),
]


def _shown(command: Choose | ClearPlace | Acknowledge | Rewind) -> Choose | ClearPlace | Acknowledge | Rewind:
    """Refuse an answer from outside that does not say to which question, to which time of asking, or what it undoes."""
    name, what = {
        "choose": ("answers", "the question"),
        "clear_place": ("n", "the place"),
        "acknowledge": ("n", "the cell's button"),
        "rewind": ("todo", "the preview"),
    }[command.type]
    if not getattr(command, name):
        words = "'{name}' is missing: send the one that came with {what}, or look again"
        raise PydanticCustomError("not_shown", words, {"name": name, "what": what})
    return command


ShownAcknowledge = Annotated[Acknowledge, AfterValidator(_shown)]

# What may come from outside; the rest is the engine's own. Orders come in through REST, which compiles the variant.
# Texts from there are refused what a terminal obeys; the engine's own may quote whatever a machine has said.
Outside = Annotated[
    ChangeOrder
    | ChangeCell
    | SetMode
    | SetAutonomy
    | Pause
    | Resume
    | JoinPlace
    | LeavePlace
    | ConfirmStep
    | ReportProblem
    | CallHelp
    | AnswerHelp
    | WithdrawHelp
    | Annotated[Choose, AfterValidator(_shown)]
    | GiveStep
    | TakeStep
    | Annotated[ClearPlace, AfterValidator(_shown)]
    | UndoStep
    | Annotated[Rewind, AfterValidator(_shown)]
    | ConfirmUndo
    | StopRewind
    | RefillBin
    | TakePart
    | SettlePart
    | ShownAcknowledge
    | ApproveMotion
    | RefuseMotion
    | ReleaseStep
    | SetBreakpoint
    | ClearBreakpoint
    | MoveGripper
    | Retreat
    | StopRetreat,
    Field(discriminator="type"),
    AfterValidator(printable),
]


class Kept(Frozen):
    """A device kept this command while it had no line: whose word it is, and when they gave it (s, UTC)."""

    operator: Name
    t: Finite


class Request(Frozen):
    """A command with its UUID, who asks, and when it was asked (s, UTC). The same id twice has one effect.

    `kept`: it is not asked now but handed in later; few commands are taken so.
    """

    id: Name
    by: Who
    t: Finite
    command: Command
    kept: Kept | None = None


OUTSIDE: TypeAdapter[Any] = TypeAdapter(Outside)
