"""What the orchestrator asks of robots, cameras, vision, devices and journals.

An adapter implements one protocol; `tests/contract` holds it to the promises written here. All lengths are
metres, angles radians, forces newtons, times seconds; poses are in the cell's world frame unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from orchestrator.core.geometry import IDENTITY, Deviation, Pose, Vector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from orchestrator.core.locating import Located, LocateRequest

T = TypeVar("T")
Joints = tuple[float, ...]
ALL = slice(None)


class Latest(Generic[T]):
    """The newest value of something that changes, and who wants to hear of it."""

    def __init__(self, value: T) -> None:
        self._value = value
        self._listeners: list[Callable[[T], None]] = []

    @property
    def value(self) -> T:
        """The newest value."""
        return self._value

    def put(self, value: T) -> None:
        """Replace the value and tell every listener, in the order of their joining."""
        self._value = value
        for listener in tuple(self._listeners):
            listener(value)

    def listen(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Call `listener` at each change, on the event loop; the returned function ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


# ---- robot -----------------------------------------------------------------------------------------------------


class Safety(StrEnum):
    """Safety as the robot reports it. Stale data counts as unknown, and in unknown no motion starts."""

    NORMAL = "normal"
    REDUCED = "reduced"
    PROTECTIVE_STOP = "protective_stop"
    SAFEGUARD_STOP = "safeguard_stop"
    EMERGENCY_STOP = "emergency_stop"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Solid:
    """A cylinder (radius, length along z), a sphere (radius) or a box (full edge lengths), m, centred at its pose."""

    shape: Literal["cylinder", "sphere", "box"]
    size_m: tuple[float, ...]
    pose: Pose


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this robot can do beyond point-to-point motion."""

    lines: bool = True
    guarded: Literal["controller", "supervised", "none"] = "controller"
    speed_scaling: bool = True
    home: Joints = ()  # rad; where the arm is out of everybody's way and sight
    body: tuple[tuple[int, Solid], ...] = ()  # what it is made of: each in the frame of a link of `RobotState.links`


@dataclass(frozen=True, slots=True)
class RobotState:
    """One reading of the arm: joints in rad, TCP pose in the cell's frame, opening in m, stamp in s (UTC)."""

    joints: Joints
    tcp: Pose
    opening_m: float
    holding: bool  # what the gripper's own sensor says: something is between the fingers
    speed_factor: float
    program_running: bool
    moving: bool
    stamp: float
    links: tuple[Pose, ...] = ()  # pose of each drawn link
    pull_N: float = 0.0  # noqa: N815 - what is felt to pull at the held part, beyond its weight
    since: float = 0.0  # s (UTC): when it came to a stand, or began to move where it is `moving`


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the given full edge lengths, centred at its pose."""

    size_m: Vector


@dataclass(frozen=True, slots=True)
class Mesh:
    """A GLB below instructions/, in metres."""

    path: str


@dataclass(frozen=True, slots=True)
class SceneObject:
    """Something that the arm must not hit: its id, shape and pose."""

    id: str
    shape: Box | Mesh
    pose: Pose


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything around the arm. `attached` moves with the TCP, its pose is in the TCP's frame."""

    objects: tuple[SceneObject, ...] = ()
    attached: tuple[SceneObject, ...] = ()
    allowed: frozenset[frozenset[str]] = frozenset()  # pairs of ids that may touch; "gripper" and "arm" are ids too


SceneVersion = str


@dataclass(frozen=True, slots=True)
class Tool:
    """What is mounted: TCP in the flange's frame, mass in kg, centre of gravity in the flange's frame."""

    name: str
    tcp: Pose = IDENTITY
    mass_kg: float = 0.0
    cog_m: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Move:
    """Bring the TCP to a pose: along a straight line where `line`, else point to point around obstacles."""

    to: Pose
    line: bool = False
    speed_m_s: float | None = None  # of the TCP; None: the robot's own limit
    touching: frozenset[str] = frozenset()  # ids that gripper or held part may touch at this segment
    everywhere: bool = False  # of a line: its speed holds for every point of the arm, as a Retrace's does


@dataclass(frozen=True, slots=True)
class MoveJoints:
    """Bring the joints to these angles, around obstacles."""

    joints: Joints


@dataclass(frozen=True, slots=True)
class Retrace:
    """Bring the joints through these angles (rad), one set after the other: a way that the arm has come along, back.

    No other way is looked for. `speed_m_s` is the highest of any point of the arm, from its shoulder to the TCP;
    `touching` are ids that gripper or held part may touch on the way.
    """

    through: tuple[Joints, ...]
    speed_m_s: float
    touching: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grip:
    """Open or close the gripper. `attach` names what it will hold (closing), at `pose_in_tcp`, `mass_kg` heavy.

    The scene objects named in `takes` leave the scene and move with the gripper from then on.
    """

    close: bool
    opening_m: float
    force_N: float = 40.0  # noqa: N815 - the newton's symbol is a capital
    attach: str | None = None
    takes: tuple[str, ...] = ()
    mass_kg: float = 0.0


Segment = Move | MoveJoints | Retrace | Grip


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole motion, retreat included, bound to what it assumed. `path` is the adapter's own; screens draw `preview`.

    `steps` counts the segments, so that `execute(plan, slice(0, 1))` runs the first alone.
    """

    id: str  # digest of everything below
    segments: tuple[Segment, ...]
    start: Joints
    scene: SceneVersion
    tool: str
    duration_s: float
    preview: tuple[Pose, ...]  # TCP poses along the way, at most 50
    rests: tuple[tuple[Pose, ...], ...] = ()  # pose of each drawn link at the end of each segment
    path: Any = field(default=None, compare=False, repr=False)

    @property
    def steps(self) -> int:
        """The number of segments."""
        return len(self.segments)


@dataclass(frozen=True, slots=True)
class GuardedMove:
    """Move the TCP along `direction` (unit vector, world) until contact.

    It succeeds when contact brings it to rest at a depth inside `window_m`; it stops at `force_N`, or after
    `distance_m`.
    `touching` names the scene objects that the gripper or the held part may meet.
    """

    direction: Vector
    distance_m: float
    speed_m_s: float
    force_N: float  # noqa: N815 - the newton's symbol is a capital
    window_m: tuple[float, float]
    touching: frozenset[str] = frozenset()


JOG_M_S = 0.25  # of TCP and flange; ISO 10218-1:2011, 5.6.2 reduced speed (edition of 2025: 5.5.3)
JOG_RENEW_S = 0.3  # a jog that is not renewed for this long comes to a stand


@dataclass(frozen=True, slots=True)
class Twist:
    """How to jog: TCP velocities along and about the axes of `frame`, or in the frame "joint" each joint's own.

    "base" has the axes of the robot's base, "tool" those of the TCP as it turns; either way the turn is about the
    TCP. All zero asks the jog to end.
    """

    linear_m_s: Vector = (0.0, 0.0, 0.0)
    angular_rad_s: Vector = (0.0, 0.0, 0.0)
    frame: Literal["base", "tool", "joint"] = "base"
    joints_rad_s: Joints = ()

    @property
    def zero(self) -> bool:
        """Whether it asks for a stand."""
        return not any((*self.linear_m_s, *self.angular_rad_s, *self.joints_rad_s))


@dataclass(frozen=True, slots=True)
class Progress:
    """Feedback of a motion: share of the path done (0 to 1)."""

    share: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a motion ended. `code`, `message` and `remedy` say why when it did not succeed."""

    kind: Literal["succeeded", "canceled", "rejected", "aborted", "unknown"]
    code: str = ""
    message: str = ""
    remedy: str = ""
    depth_m: float = 0.0
    force_N: float = 0.0  # noqa: N815 - the newton's symbol is a capital

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.kind == "succeeded"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A person's word that the cell is clear."""

    by: str
    t: float


class Motion(Protocol):
    """A motion under way; mirrors a ROS 2 action goal."""

    async def accepted(self) -> bool:
        """Tell whether the robot took the goal."""

    def feedback(self) -> AsyncIterator[Progress]:
        """Yield progress until the motion ends."""

    async def result(self) -> Outcome:
        """Wait for the terminal state. Cancelling the waiter does not cancel the motion."""

    async def cancel(self) -> Outcome:
        """Stop within limits and return at the terminal state, when the arm stands. Idempotent."""


class Robot(Protocol):
    """An arm with a gripper."""

    capabilities: Capabilities
    state: Latest[RobotState]
    safety: Latest[Safety]

    async def ready(self) -> None:
        """Power on, release brakes, start the program. Raises RobotError with a remedy."""

    async def sync_scene(self, scene: Scene) -> SceneVersion:
        """Make this the scene that plans avoid; the version changes exactly when the scene does."""

    async def select_tool(self, tool: Tool) -> None:
        """Set TCP, payload and centre of gravity."""

    async def plan(self, sequence: Sequence[Segment], *, start: Joints | None = None) -> Plan:
        """Plan the whole sequence from `start` (default: where the arm is). Raises PlanError, moves nothing."""

    def execute(self, plan: Plan, part: slice = ALL) -> Motion:
        """Run a plan or a slice of it.

        Rejected when start, scene or tool have changed other than by the plan's own grips and moves
        (codes: stale_start, stale_scene, stale_tool), or when safety does not allow motion (code: unsafe).
        """

    def grip(self, command: Grip) -> Motion:
        """Open or close outside a plan; updates attachment and payload together."""

    def guarded_move(self, command: GuardedMove) -> Motion:
        """Move until contact with what is there when the arm gets there; the outcome carries depth and force.

        Where something comes nearer than the arm can stop, it stops as soon as its limits allow: depth and force tell.
        """

    def jog(self, twist: Twist) -> Motion:
        """Move by hand, in manual mode alone: slow, without a plan, and only while it is renewed.

        TCP and flange stay below `JOG_M_S`; a faster twist is slowed as a whole, and so do named caps slow it. Start,
        change and stop are limited in jerk. Another call while one jogs renews it: the same motion goes on, and
        another twist replaces its velocity smoothly. A twist of zero ends it (succeeded); without a renewal within
        `JOG_RENEW_S` it ends by itself (aborted, not_renewed). It stops before it would harm (aborted): joint_limit
        and singularity name the joint, collision the bodies, which may have been too close already: then only a way
        apart is taken. What stops for good (a cancel, a limit) is not revived by a renewal.

        Rejected while another motion runs (busy), when safety does not allow motion (unsafe), before ready()
        (not_ready), and for a twist that can't be (bad_input).
        """

    async def cap_speed(self, who: str, factor: float) -> float:
        """Cap the speed (0 to 1) under a name; returns the lowest of all named caps, which counts."""

    async def stop(self) -> None:
        """Stop whatever moves, now; returns when the arm stands."""

    async def recover(self, ack: Acknowledgement) -> Safety:
        """After a protective stop: release it, on a person's word. Returns the safety state reached."""


# ---- camera and vision -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A pinhole camera: size in pixels, focal lengths and principal point in pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One depth image: `depth_m` is (height, width) float32, z along the optical axis, 0 where nothing was seen.

    `pose` is the camera at exposure: x right, y down, z into the scene. `stamp` is s (UTC).
    """

    camera: str
    depth_m: npt.NDArray[np.float32]
    intrinsics: Intrinsics
    pose: Pose
    stamp: float
    colour: npt.NDArray[np.uint8] | None = None  # RGB (height, width, 3), or grey (height, width)
    calibration: str = ""  # id of the calibration that intrinsics and pose are from, "" for the cell file's


class Camera(Protocol):
    """A depth camera."""

    async def shoot(self) -> Shot:
        """Take one picture. Raises VisionError when there is none."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A part where it should be (or is known to be): mesh below instructions/, pose in the world.

    `sigma` is for a datum whose pose the camera that looks now has measured itself before, and so with the same error
    of its calibration: what that left unknown, one sigma per axis of the part (x, y, z, about x, y, z; m and rad).
    """

    id: str
    mesh: str
    pose: Pose
    symmetry_z: int | None = None
    sigma: tuple[float, float, float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Taught:
    """What shots of good units have taught of one result, as one camera measures it.

    `offset` is where it finds good ones, in the result's frame: deviations are counted from there. `least_m` and
    `least_rad` are the least uncertainty per axis that is believed, one sigma. `id` names the lesson.
    """

    id: str
    offset: Deviation
    least_m: Vector
    least_rad: Vector


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Does `part` sit where it should? `around` is what else is there, `look_alikes` what may stand in its place.

    `datum` are parts that the pose is relative to, because they carry the part, nearest first: the camera's pose is
    corrected by those in the picture first, so that an error of its calibration cancels. Where none of them is seen it
    cancels all the same if this camera has measured each of them before (`Expected.sigma`). Empty: the world as
    calibrated.
    """

    effect: str
    part: Expected
    around: tuple[Expected, ...]
    within_m: Vector
    within_rad: Vector
    look_alikes: tuple[Expected, ...] = ()
    taken_from: tuple[Expected, ...] = ()
    datum: tuple[Expected, ...] = ()
    taught: Taught | None = None

    @property
    def target(self) -> Pose:
        """Where a part that is exactly right is found, world: its nominal pose, or what was taught instead."""
        return self.part.pose @ self.taught.offset.pose if self.taught is not None else self.part.pose


Verdict = Literal["ok", "displaced", "missing", "flipped", "wrong", "cannot_see"]


@dataclass(frozen=True, slots=True)
class Check:
    """The camera's answer. `deviation` is in the result's frame; `uncertainty_m` one sigma per axis; `visible` 0 to 1.

    `evidence` is a path below the evidence folder ("" when none was kept), `wrong_part` the look-alike seen.
    `uncertainty_rad` is one sigma per axis; `not_judged` names the axes ("about z") that the verdict leaves open, as
    the part is the same at any value or the view can't tell. `datum` are the parts that the pose is relative to, by id,
    `datum_offset` how far the picture was off there, which has been taken out.
    """

    verdict: Verdict
    deviation: Deviation | None = None
    uncertainty_m: Vector = (0.0, 0.0, 0.0)
    visible: float = 0.0
    reason: str = ""
    wrong_part: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    evidence: str = ""
    shot_stamp: float = 0.0
    uncertainty_rad: Vector = (0.0, 0.0, 0.0)
    not_judged: tuple[str, ...] = ()
    datum: tuple[str, ...] = ()
    datum_offset: Deviation | None = None


class Vision(Protocol):
    """Judges depth images."""

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        """Judge one result. Never guesses: `cannot_see` is an answer. Raises VisionError when it could not work."""

    async def locate(self, request: LocateRequest, shot: Shot) -> Located:
        """Say where parts of a kind lie. Never guesses: none, with a reason, is an answer. Raises VisionError."""

    async def close(self) -> None:
        """End its process."""


# ---- devices ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device measured, by value name in the author's unit, and its own status (ok or a code)."""

    values: Mapping[str, float | str | bool]
    status: str = "ok"
    message: str = ""


class Devices(Protocol):
    """Tools and instruments of the cell, by the names of the cell file.

    Every method raises NotFound for a name that is no device of the kind that it needs, naming those that are, and
    DeviceError with a remedy for what a device can't do (codes out_of_range, bad_setpoint) and when it does not
    answer (offline). A device that answered and failed says so in the status of its reading, which is ok otherwise.

    Cancelling the caller leaves the device safe, before the cancellation goes on: a tool stands, a clamp is as it
    was before, a label is out whole or not at all. Nothing goes on by itself afterwards.
    """

    async def use(self, tool: str, setpoints: Mapping[str, float], *, at: Pose | None = None) -> Reading:
        """Run a tool towards its setpoints ({"torque_Nm": 12.0}) at a pose in the world; z points back to the tool.

        The reading has a value for each setpoint, and may have more (a screwdriver's angle_deg). A screwdriver's
        statuses are no_screw, cross_threaded, stripped and slipped.
        """

    async def read(self, device: str) -> Reading:
        """Return what a device senses now, changing nothing.

        Clamp: clamped, part (bool). io: every signal (bool). Scanner: code (text; status no_read without one).
        Scale: mass_kg (settled; status overload). Counter: count_pcs. Printer: left (labels), waiting (one is out).
        """

    async def clamp(self, device: str, *, close: bool) -> Reading:
        """Close or open a clamp and return what it senses then; at once where it is so already.

        Status jammed: it did not get there, and is as it was before.
        """

    async def write(self, device: str, outputs: Mapping[str, bool]) -> Reading:
        """Set outputs of an io and return all signals as read back; status stuck where one did not follow."""

    async def wait(self, device: str, signal: str, *, value: bool) -> Reading:
        """Return all signals of an io as soon as one of them is `value`: at once where it is, else at the edge."""

    async def print_label(self, device: str, template: str, fields: Mapping[str, str]) -> Reading:
        """Print one label, whose scannable code is the field `code`; it lies at the printer's frame afterwards.

        Values: code, left. Statuses: empty, jammed, waiting (the label before has not been taken yet): none came out.
        """


# ---- journal ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """An event on its way into the journal: canonical JSON payload, and the command that caused it."""

    t: float  # s, UTC
    type: str
    subject: str  # the order or unit it is about, "" for the cell
    payload: bytes
    command: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """A durable event: an entry with its place in the chain. `sha256` is hex and covers the one before."""

    seq: int
    entry: Entry
    sha256: str


class Journal(Protocol):
    """An append-only, hash-chained log of one cell."""

    async def append(self, entries: Sequence[Entry]) -> Recorded:
        """Write all or nothing; when it returns, they are durable. Returns the last. Raises JournalError."""

    def read(
        self, *, after: int = 0, limit: int | None = None, kind: str | None = None, subject: str | None = None
    ) -> Iterator[Recorded]:
        """Yield events in order; `kind` is an event type. Raises JournalError naming where the chain breaks."""

    @property
    def head(self) -> tuple[int, str]:
        """The last sequence number and its hash; (0, 64 zeros) when empty."""

    async def close(self) -> None:
        """Flush and close."""


class Clock(Protocol):
    """What time it is: UTC seconds. Waiting always goes through the event loop."""

    def now(self) -> float:
        """Return seconds since 1970, UTC."""

    def not_before(self, t: float) -> None:
        """Never say less than `t` from now on: what a journal holds lies in the past."""
