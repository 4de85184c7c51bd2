"""The versioned messages between the orchestrator and its screens (subprotocol `tandem.v1`).

State messages are reliable and ordered: each carries `epoch` and `seq`. The state is a map of topics; `put` replaces
one topic's value, `drop` removes it. A client that says hello with the last epoch and seq it saw gets the missed
messages, else a snapshot. Pose messages are lossy: the latest value per topic, never replayed.

Topics: `cell`, `order/<id>`, `unit/<id>`, `step/<unit>/<step>`, `lane/<actor>`, `card/<place>`,
`question/<unit>/<step>`, `part/<id>`, `bin/<name>`, `trouble/<kind>[/<about>]`,
`recovery` while there is something to recover from.
Pose topics: `robot` (poses of links and TCP, joints), `parts` (poses of parts that move), `look/<unit>/<step>` (what a
live look saw last, while a screen follows that part).
Lengths are metres, angles radians, times seconds (UTC); poses are in the cell's world frame.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from orchestrator.core.commands import Kept, Name, Outside
from orchestrator.core.geometry import Pose, Vector
from orchestrator.core.variant import Frozen, ValueSpec

SUBPROTOCOL = "tandem.v1"
SLOW_CLIENT = 4008  # close code: the client could not keep up and should come back
SIGNED_OUT = 4401  # close code: who is at the client was signed out, or the device was sent away

Texts = dict[str, str]  # language -> text


class Button(Frozen):
    """A command that is legal now, ready to be sent back with an id; `label` is a key of the screen's own words.

    `needs_shown`: whoever presses it says what shows that a result is right (field `shown`).
    `about`: what it is about has this name; {} where the command's own ids say enough.
    `not_by`: who would be refused, by pseudonym; to them it is not offered.
    """

    label: str
    command: dict[str, Any]
    needs_reason: bool = False
    needs_shown: bool = False
    danger: bool = False
    about: Texts = Field(default_factory=dict)
    not_by: tuple[str, ...] = ()


class PauseView(Frozen):
    """What is paused, since when, and when that becomes a hold (None: it does not). `robot`: it keeps the robot still.

    `target` is `cell`, `lane/` and whose, or `order/` and which.
    """

    target: str
    text: Texts
    by: str
    reason: str = ""
    since_t: float
    until_t: float | None = None
    robot: bool = False


class Reason(Frozen):
    """Why the robot does not move: a code with its parameters for a screen's own words, and the words of the cell.

    Codes: cell {state}, suspended, mode {mode}, safety {safety}, acknowledge, by_hand {who}, approval {motion, more},
    zone {zone, who, unit, step}, unclear {zone, place}, single_step and breakpoint {unit, step},
    device {device, unit, step}, screen {place, unit, step}, paused {what, name}; "" where there is none.
    """

    code: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    text: Texts


class Condition(Frozen):
    """Why the cell stands or waits: what its transient state waits for, the first reason, what went wrong since.

    `not_moving` is the cell's `reasons`, to be said in the reader's language.
    """

    waits: Texts = Field(default_factory=dict)
    reason: Texts = Field(default_factory=dict)
    trouble: tuple[Texts, ...] = ()
    not_moving: tuple[Reason, ...] = ()
    pauses: tuple[PauseView, ...] = ()


class Said(Frozen):
    """What one source says of a part."""

    source: Literal["ledger", "gripper", "camera", "person"]
    text: Texts


class Contradiction(Frozen):
    """A part of which the sources say otherwise ("" where it has no name), and how that is settled."""

    part: str
    title: Texts
    says: tuple[Said, ...]
    settle: Texts
    since_t: float
    buttons: tuple[Button, ...] = ()


class RetreatView(Frozen):
    """How a retreat of the arm stands in a held or stopped cell; its way is the robot's `intent`.

    `refused` says why it may not be asked for now; `outcome`, `code` and `ended` how the last one ended, and why.
    """

    status: Literal["none", "planning", "previewed", "moving", "stopping", "ended"]
    by: str = ""
    motion: str = ""
    text: Texts = Field(default_factory=dict)
    refused: tuple[Reason, ...] = ()
    outcome: str = ""
    code: str = ""
    ended: Texts = Field(default_factory=dict)
    buttons: tuple[Button, ...] = ()


class CellView(Frozen):
    """The cell at a glance. `reasons` says in words why the robot does not move; empty when it may.

    `manual_reasons` says the same of moving it by hand, `manual_by` who does so now; taught poses by name. `approvals`:
    how many people must approve a motion that is asked for. `rehearsal`: the arm is not simulated, all else is.
    `supervised`: nobody tells the robot's safety state, so `safety` says only that it is heard of.
    """

    name: str
    state: str
    mode: str
    safety: str
    autonomy: str
    reason: str = ""
    reasons: tuple[str, ...] = ()
    condition: Condition = Condition()
    simulated: bool = True
    acknowledged: bool = True
    buttons: tuple[Button, ...] = ()
    places: tuple[str, ...] = ()
    robots: tuple[str, ...] = ()
    manual_reasons: tuple[str, ...] = ()
    manual_by: str = ""
    taught: tuple[str, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    retreat: RetreatView | None = None
    approvals: int = 1
    four_eyes: bool = False
    rehearsal: bool = False
    supervised: bool = False


class OrderView(Frozen):
    """An order and how far it is; `breakpoints` are steps that wait for a word in every unit of it."""

    id: str
    product: str
    options: dict[str, Any]
    quantity: int
    started: int
    done: int
    scrapped: int
    state: str
    due_t: float | None = None
    buttons: tuple[Button, ...] = ()
    breakpoints: tuple[str, ...] = ()


class Rewinding(Frozen):
    """A unit that goes back to before step `to`: how many results are still to be taken back, and why nobody does."""

    to: str
    left: int
    text: Texts
    waits: Texts = Field(default_factory=dict)
    buttons: tuple[Button, ...] = ()


class UnitView(Frozen):
    """A unit in work: how many of its steps are done, and its own breakpoints."""

    id: str
    order: str
    n: int
    nest: str = ""
    steps: int
    done: int
    started_t: float
    breakpoints: tuple[str, ...] = ()
    rewinding: Rewinding | None = None
    left_s: float | None = (
        None  # how long it still takes, as of its last step's begin or end; None while that is untold
    )


class StepView(Frozen):
    """One step of a unit in work."""

    unit: str
    id: str
    group: str
    k: int
    n: int
    index: int  # place in the procedure
    title: Texts
    status: str
    who: tuple[Literal["robot", "human"], ...]
    together: bool = False  # both at once; else either of `who`
    actors: tuple[str, ...] = ()
    attempt: int = 0
    after: tuple[str, ...] = ()
    started_t: float | None = None
    ended_t: float | None = None
    expected_s: float | None = None
    offset_mm: Vector | None = None
    verdict: str = ""
    waived: bool = False
    breakpoint: bool = False
    buttons: tuple[Button, ...] = ()
    overdue: Literal["", "remind", "offer", "ask"] = ""  # how far its waiting for a person has climbed
    photo: str = ""  # where the picture that a person took of it lies, below the evidence folder


class Intent(Frozen):
    """What the robot is about to do or does: the TCP's way and its end, and how long it takes.

    The arm begins at `begins_t` (s, the cell's time; None while that is not known) and stands at the end as the drawn
    links in `end`, ordered as the scene's. While it is `proposed` it waits for `needs` different people; `approved_by`
    have said yes. `supervised` is the skill's reason for asking, "" where the level of autonomy asks; `released_by` who
    let its step begin, where the cell wants another person to approve.
    """

    motion: str
    text: Texts
    preview: tuple[Pose, ...]
    duration_s: float
    started_t: float
    proposed: bool = False
    buttons: tuple[Button, ...] = ()
    needs: int = 0
    approved_by: tuple[str, ...] = ()
    supervised: str = ""
    released_by: str = ""
    begins_t: float | None = None
    end: tuple[Pose, ...] = ()


class HelpView(Frozen):
    """Whether the person at a place calls for help: since when, and who is coming ("" where nobody knows who).

    `own` is what may be said at that place, `others` what anybody else may say.
    """

    since_t: float | None = None
    coming: str = ""
    coming_t: float | None = None
    own: tuple[Button, ...] = ()
    others: tuple[Button, ...] = ()


class Planned(Frozen):
    """A step that has not begun: from when until when (s, UTC) a lane is at it, if everybody keeps to their times."""

    unit: str
    step: str
    from_t: float
    to_t: float


class LaneView(Frozen):
    """What one actor does now; with a button where its next step waits for a person to say next.

    `ahead` is what comes next for it, as of the last step that began or ended; none while the cell or the unit stands.
    """

    actor: str
    kind: Literal["robot", "human"]
    operator: str = ""
    status: Literal["away", "idle", "working", "checking", "waiting", "attention"]
    text: Texts
    unit: str = ""
    step: str = ""
    started_t: float | None = None
    expected_s: float | None = None
    paused_t: float | None = None  # since when its step's time stands still
    paused_s: float = 0.0  # how long it stood before that
    pausing: tuple[Button, ...] = ()  # what pauses the lane, or lets it go on
    intent: Intent | None = None
    help: HelpView | None = None  # of a place where somebody is
    buttons: tuple[Button, ...] = ()
    ahead: tuple[Planned, ...] = ()


class StepWords(Frozen):
    """The words of a step in one language."""

    title: str
    do: str = ""
    more: str = ""
    ask: Texts = Field(default_factory=dict)  # value -> question
    hazards: Texts = Field(default_factory=dict)
    media: Texts = Field(default_factory=dict)  # file -> alternative text
    captions: Texts = Field(default_factory=dict)  # film -> file of its captions (WebVTT), named by their language


class Ghost(Frozen):
    """The part to place: its mesh flies from the bin to the seat. Poses in the world frame."""

    part: str
    kind: str
    mesh: str
    start: Pose | None = None
    end: Pose


class Ask(Frozen):
    """A value that the person gives."""

    value: str
    spec: ValueSpec


class Card(Frozen):
    """What a person at a place sees and may do now."""

    place: str
    status: Literal["away", "idle", "step", "checking", "attention", "blocked", "done"]
    note: Texts = Field(default_factory=dict)  # why there is nothing to do, or what the last check found
    unit: str = ""
    unit_n: int = 0
    order: str = ""
    quantity: int = 0
    step: str = ""
    attempt: int = 0
    k: int = 1
    n: int = 1
    words: dict[str, StepWords] = Field(default_factory=dict)
    hazards: dict[str, Literal["danger", "warning", "caution", "notice"]] = Field(default_factory=dict)
    asks: tuple[Ask, ...] = ()
    lots: tuple[str, ...] = ()  # part references whose lot or serial is entered
    photo: bool = False  # the next word needs a picture of the result
    tool: str = ""
    bin: str = ""
    part_name: Texts = Field(default_factory=dict)
    qty: float = 1
    ghost: Ghost | None = None
    focus: Pose | None = None  # where to look when there is no ghost
    offset_mm: Vector | None = None  # how far beside its seat the last check measured the part, in the axes of `focus`
    live: bool = False  # a camera can say how far off the part is while it is moved (`Follow`)
    together: bool = False
    paused_t: float | None = None  # since when its time stands still
    paused_s: float = 0.0  # how long it stood before that
    started_t: float | None = None
    expected_s: float | None = None
    overdue: Literal["", "remind", "offer", "ask"] = ""
    buttons: tuple[Button, ...] = ()
    upcoming: tuple[Texts, ...] = ()


class Question(Frozen):
    """A step that needs a person's decision."""

    unit: str
    step: str
    attempt: int
    title: Texts
    reason: Texts
    remedy: Texts = Field(default_factory=dict)
    offset_mm: Vector | None = None
    evidence: str = ""
    since_t: float
    buttons: tuple[Button, ...] = ()


class PartView(Frozen):
    """A part instance as the ledger knows it. `pose` is in the world; parts in a gripper follow the pose stream."""

    id: str
    kind: str
    mesh: str
    pose: Pose
    holder: str
    certainty: str
    source: str


class BinLevel(Frozen):
    """How many pieces a counted bin holds. A grid is emptied from its first slot on."""

    name: str
    count: int
    capacity: int
    low: bool


class HeldView(Frozen):
    """What the gripper holds; not `certain` where ledger and gripper don't agree."""

    part: str
    unit: str
    name: Texts = Field(default_factory=dict)
    certain: bool


class LookedView(Frozen):
    """A result that was interrupted, as the camera saw it afterwards; `verdict` is "" while it looks.

    `waits`: the arm must move first, out of the way or with the camera, which it does once the cell goes on.
    """

    unit: str
    step: str
    title: Texts
    verdict: str = ""
    waits: bool = False
    offset_mm: Vector | None = None
    evidence: str = ""


class RecoveryView(Frozen):
    """What there is to recover from: since when the robot stands, what is held, what was seen since."""

    since_t: float
    held: HeldView | None = None
    looked: tuple[LookedView, ...] = ()


class TroubleView(Frozen):
    """A part of the system that is dead or lies; `about` names which (a camera, a place), `detail` is its own words."""

    kind: Literal["journal", "camera", "evidence", "world", "clock", "device", "skill", "motion", "schedule", "signing"]
    about: str = ""
    detail: str
    since_t: float


TopicValue = (
    CellView
    | OrderView
    | UnitView
    | StepView
    | LaneView
    | Card
    | Question
    | PartView
    | BinLevel
    | TroubleView
    | RecoveryView
)

# What a topic's value is, by the topic's name up to and with its first slash.
TOPICS: dict[str, type[Frozen]] = {
    "cell": CellView,
    "order/": OrderView,
    "unit/": UnitView,
    "step/": StepView,
    "lane/": LaneView,
    "card/": Card,
    "question/": Question,
    "part/": PartView,
    "bin/": BinLevel,
    "trouble/": TroubleView,
    "recovery": RecoveryView,
}


class Put(Frozen):
    """A topic has this value from now on."""

    topic: str
    value: TopicValue


class Drop(Frozen):
    """A topic is no more."""

    topic: str


class Happened(Frozen):
    """One line of the event list."""

    seq: int
    t: float
    type: str
    subject: str
    text: str
    says: Texts = Field(default_factory=dict)  # what stands after the colon of `text`, where other languages know it


class Snapshot(Frozen):
    """Everything, for a client that is new or was away too long."""

    topics: dict[str, TopicValue]
    log: tuple[Happened, ...] = ()


class Answer(Frozen):
    """What became of a command."""

    id: str
    ok: bool
    code: str = ""
    message: str = ""
    remedy: str = ""
    says: Texts = Field(default_factory=dict)  # `message` by language, of those that know it
    helps: Texts = Field(default_factory=dict)  # `remedy` likewise


class LiveLook(Frozen):
    """How far off a part is while a person moves it, as a camera has just seen it. No check: that decides.

    `verdict` is "" until there is one. `paused`: a look that counts comes first. `offset_mm` is in the axes of the
    card's `focus`; `turn_deg`, about the same axes, is there where it is turned too far. `text` says what is seen
    instead, or what keeps it from being seen.
    """

    unit: str
    step: str
    attempt: int
    verdict: Literal["", "ok", "displaced", "missing", "flipped", "wrong", "cannot_see"] = ""
    paused: bool = False
    offset_mm: Vector | None = None
    turn_deg: Vector | None = None
    text: Texts = Field(default_factory=dict)


class PoseFrame(Frozen):
    """Latest poses of one topic, by link or part name; of the robot also its TCP, its joints and its fingers.

    A topic that begins with `look/` has a live look in place of poses; it is the whole of it, and ends unsaid.
    """

    topic: str
    t: float
    poses: dict[str, Pose]
    joints_rad: tuple[float, ...] = ()
    opening_m: float = 0.0
    look: LiveLook | None = None


class Message(Frozen):
    """The envelope of what a server sends. `epoch` and `seq` count for `snapshot`, `put`, `drop` and `happened`.

    A `pong` carries them too: they say up to where the client has been served.
    """

    v: Literal[1] = 1
    epoch: str = ""
    seq: int = 0
    t: float = 0.0


class SnapshotMessage(Message):
    """Forget what you had: this is everything."""

    type: Literal["snapshot"] = "snapshot"
    payload: Snapshot


class PutMessage(Message):
    """A topic has a new value."""

    type: Literal["put"] = "put"
    payload: Put


class DropMessage(Message):
    """A topic is no more."""

    type: Literal["drop"] = "drop"
    payload: Drop


class HappenedMessage(Message):
    """A new line of the event list."""

    type: Literal["happened"] = "happened"
    payload: Happened


class PoseMessage(Message):
    """Poses that changed since the last such message of this topic; none at all: everything stands still."""

    type: Literal["pose"] = "pose"
    payload: PoseFrame


class AnswerMessage(Message):
    """What became of this client's command."""

    type: Literal["answer"] = "answer"
    payload: Answer


class RefusedMessage(Message):
    """A message of this client could not be understood; nothing was changed. `payload.id` is "" where none was read."""

    type: Literal["refused"] = "refused"
    payload: Answer


class PongMessage(Message):
    """The server is there: the answer to a ping, and the end of a catch-up."""

    type: Literal["pong"] = "pong"
    payload: None = None


ServerMessage = Annotated[
    SnapshotMessage
    | PutMessage
    | DropMessage
    | HappenedMessage
    | PoseMessage
    | AnswerMessage
    | RefusedMessage
    | PongMessage,
    Field(discriminator="type"),
]
SERVER: TypeAdapter[Any] = TypeAdapter(ServerMessage)


class Hello(Frozen):
    """A client introduces itself, with what it saw last."""

    type: Literal["hello"] = "hello"
    v: Literal[1] = 1
    epoch: Annotated[str, Field(max_length=64)] = ""
    seq: int = 0
    poses: bool = True  # whether it wants the pose class
    place: Annotated[str, Field(max_length=120)] = ""  # the worker place that it is the screen of, if any
    device: Annotated[str, Field(max_length=64)] = ""  # the same after a reload: what tells it from who looks on


class CommandMessage(Frozen):
    """A client asks for a command; who asks is the server's to say.

    `kept`: the client kept it while it had no line, and hands it in now.
    """

    type: Literal["command"] = "command"
    v: Literal[1] = 1
    id: Name
    command: Outside
    kept: Kept | None = None


class Follow(Frozen):
    """A client wants live looks at the part that somebody at a place corrects in an attempt, and asks so every 4 s.

    They end 10 s after the last such message, with the step, and where `step` is "".
    """

    type: Literal["follow"] = "follow"
    v: Literal[1] = 1
    place: Annotated[str, Field(max_length=120)] = ""
    unit: Annotated[str, Field(max_length=120)] = ""
    step: Annotated[str, Field(max_length=120)] = ""
    attempt: int = 0


class Ping(Frozen):
    """A client asks whether the server is there."""

    type: Literal["ping"] = "ping"
    v: Literal[1] = 1


ClientMessage = Annotated[Hello | CommandMessage | Follow | Ping, Field(discriminator="type")]
CLIENT: TypeAdapter[Any] = TypeAdapter(ClientMessage)


# ---- going back to before a step, GET /api/v1/rewind -----------------------------------------------------------


class UndoView(Frozen):
    """One result that must be taken back: by a person, or by nobody where it is only measured again."""

    step: str
    title: Texts
    text: Texts
    by: Literal["person", "nobody"]
    instruction: str = ""
    needs: tuple[str, ...] = ()  # qualifications
    once: bool = False  # its part is not used again
    never: bool = False  # it can't be taken back


class RewindView(Frozen):
    """What going back to before a step means, last built first; `refused`, in each language `why`: it can't be done."""

    unit: str
    to: str
    refused: str = ""
    why: Texts = Field(default_factory=dict)
    undo: tuple[UndoView, ...] = ()


# ---- the static scene, GET /api/v1/scene -----------------------------------------------------------------------


class Primitive(Frozen):
    """A drawable body, in its link's frame.

    `size_m` holds a box's edges, a cylinder's radius and length along z, or a sphere's radius.
    """

    shape: Literal["box", "cylinder", "sphere"]
    size_m: Vector
    pose: Pose
    role: str = "arm"  # arm, joint, gripper, finger: the page chooses the material


class LinkView(Frozen):
    """A link of the robot; its pose comes in the pose stream under its name."""

    name: str
    bodies: tuple[Primitive, ...]


class BinView(Frozen):
    """A supply bin: the part kinds in it and the slots' poses (one, the bin's own, when it has no grid).

    One whose parts lie loose, for a camera to find, has its corners in place of slots.
    """

    name: str
    parts: tuple[str, ...]
    meshes: tuple[str, ...]
    slots: tuple[Pose, ...]
    grid: bool
    loose: bool = False


class BoardView(Frozen):
    """A fixed ChArUco board that a screen's camera may look at: what is printed, and its middle's pose, z out of it."""

    name: str
    squares: tuple[int, int]  # columns, rows
    square_m: float
    marker_m: float
    dictionary: str
    pose: Pose


class RegistrationView(Frozen):
    """How a screen finds the real cell: points to touch by name, a board to look at; and how exactly it must know."""

    max_off_m: float = 0.003
    max_age_s: float = 28_800.0
    touch: dict[str, Vector] = Field(default_factory=dict)
    board: BoardView | None = None


class SceneView(Frozen):
    """What stands still in the cell."""

    cell: str
    links: tuple[LinkView, ...]
    frames: dict[str, Pose]
    nests: dict[str, tuple[str, ...]]
    zones: dict[str, tuple[Vector, Vector]]
    bins: tuple[BinView, ...]
    cameras: dict[str, Pose]
    places: dict[str, Pose]
    registration: RegistrationView = RegistrationView()
    names: dict[str, Texts] = Field(default_factory=dict)  # what the files of cell and products name, for people
