"""The cell as one file describes it: robot, places, cameras, tools, frames, nests, zones and supply. SI inside."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from orchestrator.core.calibration import BoardSpec, CalibrationRules
from orchestrator.core.camera import MODELS, MOUNTS, CameraErrors, Size, ViewDeg, intrinsics_for
from orchestrator.core.devices_spec import DeviceSpec, PrinterSpec
from orchestrator.core.errors import known
from orchestrator.core.geometry import Pose, Vector
from orchestrator.core.parts import AuthoredFrame, Positive, as_number, wrong
from orchestrator.core.patience import PatienceSpec
from orchestrator.core.registration import RegistrationRules
from orchestrator.core.ros2_camera import Ros2CameraSpec
from orchestrator.core.ros2_spec import Ros2Settings
from orchestrator.core.separation import SeparationSpec
from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.ports import Intrinsics


def _pose(value: Any) -> Any:
    if isinstance(value, Pose) or (isinstance(value, dict) and "p" in value):
        return value
    frame = AuthoredFrame.model_validate(value)
    if frame.n is not None or frame.grid is not None:
        raise wrong("One pose is needed here, not a pattern.", "Keep xyz_mm and rpy_deg.")
    return frame.pose


def _metres(value: Any) -> Any:
    return tuple(as_number(v) / 1000 for v in value) if isinstance(value, list | tuple) else value


def _range(value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise wrong("A range is [low, high].", "Write the smallest and the largest number that the tool gives.")
    low, high = (as_number(v) for v in value)
    if low > high:
        raise wrong(f"The range [{low:g}, {high:g}] is upside down.", "Write the smaller number first.")
    return (low, high)


def _actors(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _renamed(data: Any, old: str, new: str) -> Any:
    """Turn an authored key in millimetres into the record's in metres."""
    if not isinstance(data, dict) or old not in data:
        return data
    return {**{k: v for k, v in data.items() if k != old}, new: _metres(data[old])}


def _radians(data: Any, keys: tuple[str, ...]) -> Any:
    """Turn authored keys in degrees (one number for all joints, or a list) into the record's in radians."""
    for old in keys:
        if isinstance(data, dict) and old in data:
            values = data[old] if isinstance(data[old], list | tuple) else [data[old]]
            new = old.replace("_deg", "_rad")
            data = {
                **{k: v for k, v in data.items() if k != old},
                new: tuple(math.radians(as_number(v)) for v in values),
            }
    return data


def _model(value: str) -> str:
    if not value.endswith(URDF) and value not in ROBOTS:
        remedy = f"{known('robot', value, ROBOTS).remedy} Or name a {URDF} file, counted from the cell file."
        raise wrong(f"There is no robot '{value}'.", remedy)
    return value


def _one_of(what: str, names: tuple[str, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in names:
            raise wrong(f"There is no {what} '{value}'.", known(what, value, names).remedy)
        return value

    return check


TINY_M = 1e-9
FIXTURE_M = 0.1  # a frame higher than this above the table hangs in the air
ROBOTS = ("ur5e",)  # what the adapters know
URDF = ".urdf"
GRIPPERS = ("parallel_85",)
ADAPTERS = ("sim", "ros2")
CellPose = Annotated[Pose, BeforeValidator(_pose)]
Actor = Literal["robot", "human"]


class Box(Frozen):
    """An upright box in the cell's world frame; corners in metres."""

    AUTHORED: ClassVar[dict[str, str]] = {"low": "box_mm", "high": "box_mm"}

    low: Vector
    high: Vector

    @model_validator(mode="before")
    @classmethod
    def _corners(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "box_mm" not in data:
            return data
        corners = data["box_mm"]
        if not isinstance(corners, list) or len(corners) != 2 or any(len(_list(c)) != 3 for c in corners):
            raise wrong("box_mm is two corners.", "Write [[x, y, z], [x, y, z]].")
        rest = {key: value for key, value in data.items() if key != "box_mm"}
        return {**rest, "low": _metres(corners[0]), "high": _metres(corners[1])}

    @model_validator(mode="after")
    def _ordered(self) -> Box:
        if any(a >= b for a, b in zip(self.low, self.high, strict=True)):
            raise wrong("A box's first corner must be below its second on every axis.", "Sort the numbers per axis.")
        return self

    def contains(self, p: Vector) -> bool:
        """Tell whether a point (m) is inside or on the box."""
        return all(a <= v <= b for a, v, b in zip(self.low, p, self.high, strict=True))

    def meets(self, way: Sequence[Vector], beside_m: float = 0.0) -> bool:
        """Tell whether a way through points (m), straight from each to the next, comes into the box or this near it.

        Slabs: T. L. Kay and J. T. Kajiya, "Ray tracing complex scenes", 1986.
        """
        low, high = (tuple(v + s * beside_m for v in corner) for corner, s in ((self.low, -1), (self.high, 1)))
        for a, b in itertools.pairwise([way[0], *way] if way else []):
            enter, leave = 0.0, 1.0
            for p, q, least, most in zip(a, b, low, high, strict=True):
                if abs(q - p) < TINY_M:
                    enter = enter if least <= p <= most else 2.0
                    continue
                first, last = sorted(((least - p) / (q - p), (most - p) / (q - p)))
                enter, leave = max(enter, first), min(leave, last)
            if enter <= leave:
                return True
        return False


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


class RobotSpec(Frozen):
    """The robot: its model, where its base stands, its gripper, what it may lift with the gripper on.

    A model that ends in .urdf is a file of the integrator's own, counted from the cell file. Then `base` and `tip` name
    the links at the ends of the arm, where they are not plain, and the rest is what a URDF doesn't say: where the arm
    is out of everybody's way, and how smoothly its joints move (one value for all, or one each).
    `adapter` is what moves it: sim, or ros2 as `adapters: {robot_ros2: ...}` says.
    """

    AUTHORED: ClassVar[dict[str, str]] = {
        "home_rad": "home_deg",
        "acceleration_rad_s2": "acceleration_deg_s2",
        "jerk_rad_s3": "jerk_deg_s3",
    }

    model: Annotated[str, AfterValidator(_model)]
    adapter: Annotated[str, AfterValidator(_one_of("robot adapter", ADAPTERS))] = ADAPTERS[0]
    at: CellPose = Pose()
    gripper: Annotated[str, AfterValidator(_one_of("gripper", GRIPPERS))] = GRIPPERS[0]
    payload_kg: Positive
    base: str | None = None
    tip: str | None = None
    home_rad: tuple[float, ...] | None = None
    acceleration_rad_s2: tuple[Positive, ...] | None = None
    jerk_rad_s3: tuple[Positive, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_degrees(cls, data: Any) -> Any:
        return _radians(data, ("home_deg", "acceleration_deg_s2", "jerk_deg_s3"))

    @model_validator(mode="after")
    def _own_arm_alone(self) -> RobotSpec:
        own = (self.base, self.tip, self.home_rad, self.acceleration_rad_s2, self.jerk_rad_s3)
        if not self.model.endswith(URDF) and any(value is not None for value in own):
            raise wrong(
                f"base, tip, home_deg, acceleration_deg_s2 and jerk_deg_s3 don't go with {self.model}.",
                "Leave them out; they complete an arm from a URDF file.",
            )
        return self


class CameraSpec(Frozen):
    """A camera: its kind, what it sees, and where its optical frame (z along the view, x right) is believed to sit.

    `at` is in the world, or in the flange's frame for a camera that is `on` the flange. Without `ros2` it is simulated.
    """

    on: Annotated[str, AfterValidator(_one_of("mount", MOUNTS))] = "cell"
    at: CellPose
    model: Annotated[str, AfterValidator(_one_of("camera model", MODELS))]
    size_px: Size = (1280, 720)
    view_deg: ViewDeg = 60.0  # horizontal field of view
    calibration: CalibrationRules | None = None  # what its checks demand; None: nothing
    ros2: Ros2CameraSpec | None = None  # where its pictures come from

    @model_validator(mode="after")
    def _placed(self) -> CameraSpec:
        if self.ros2 is not None and self.ros2.tf is not None and not self.fixed:
            raise wrong(
                "A camera on the flange sits where the arm's joints and `at` have it.",
                "Leave tf out, and write into `at` where the camera sits in the flange's frame.",
            )
        return self

    @property
    def fixed(self) -> bool:
        """Whether it stands still, so that it sees its places whenever the arm is out of the way."""
        return self.on == "cell"

    @property
    def intrinsics(self) -> Intrinsics:
        """Its lens as everybody believes it to be."""
        return intrinsics_for(*self.size_px, self.view_deg)


class PlaceSpec(Frozen):
    """A worker place: where the person stands, what they may lift, how much effort an hour may hold (Borg CR-10)."""

    at: CellPose
    lift_kg: Positive | None = None
    effort_per_h: Positive | None = None


class ToolSpec(Frozen):
    """A tool: who may use it, the values that it gives with their range in the value's unit, its calibration date."""

    model_config = ConfigDict(populate_by_name=True)

    for_: Annotated[tuple[Actor, ...], BeforeValidator(_actors)] = Field(alias="for")
    gives: dict[str, Annotated[tuple[float, float], BeforeValidator(_range)]] = Field(default_factory=dict)
    due: dt.date | None = None

    def overdue(self, today: dt.date) -> bool:
        """Tell whether its calibration date has passed."""
        return self.due is not None and today > self.due


class ApprovalsSpec(Frozen):
    """How many different people must approve a motion that is previewed, wherever approval is asked for.

    With `four_eyes` none of them is who let its step begin (`release_step`): nobody approves their own release.
    """

    motions: Annotated[int, Field(ge=1, le=9)] = 1
    four_eyes: bool = False


class EvidenceSpec(Frozen):
    """How long pictures of checks and of workers are kept after their unit has left: at most so old, at most so many.

    Verdicts and hashes stay for good. None: until somebody prunes them.
    """

    keep_days: Annotated[float, Field(gt=0)] | None = None
    most: Annotated[int, Field(ge=1)] | None = None


class SimSettings(Frozen):
    """The embedded cell's own settings: `seed` decides everything that is random in it, `rate_hz` is the arm's tick.

    With `physics` the arm and what it lets go of move by dynamics, instead of standing exactly where they should.
    """

    seed: int | None = None
    rate_hz: Annotated[float, Field(ge=20, le=1000)] = 125
    physics: bool = False


class AdapterSettings(Frozen):
    """Settings of single adapters; every adapter that reads some has a field here."""

    robot_sim: SimSettings = SimSettings()
    robot_ros2: Ros2Settings | None = None
    camera_sim: dict[str, CameraErrors] = Field(default_factory=dict)  # by camera: how wrong its calibration is


class BinSpec(Frozen):
    """A bin. One kind in a grid, or found by a camera, is for the robot; other loose and mixed bins are for people.

    With `locate` the parts lie anyhow on a floor of `size_m` (x, y) around `at`, whose z points up out of it, and that
    camera finds them.
    """

    AUTHORED: ClassVar[dict[str, str]] = {"pitch_m": "pitch_mm", "size_m": "size_mm"}

    parts: tuple[str, ...]
    at: CellPose
    grid: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None  # rows, columns
    pitch_m: tuple[float, float] | None = None  # from row to row along x, from column to column along y
    locate: str | None = None  # the camera that finds the parts
    size_m: tuple[Positive, Positive] | None = None
    holds: Annotated[int, Field(ge=1)] | None = None
    min: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="before")
    @classmethod
    def _metres(cls, data: Any) -> Any:
        return _renamed(_renamed(data, "pitch_mm", "pitch_m"), "size_mm", "size_m")

    @model_validator(mode="after")
    def _whole(self) -> BinSpec:
        if not self.parts:
            raise wrong("A bin needs parts.", "Name the kinds that it holds.")
        if (self.grid is None) != (self.pitch_m is None):
            raise wrong("A grid needs grid and pitch_mm.", "Write both, or neither.")
        if self.locate is not None and (self.grid is not None or len(self.parts) != 1):
            raise wrong("A camera finds parts of one kind that lie loose.", "Leave out grid, and name one kind.")
        if (self.locate is None) != (self.size_m is None) or (self.locate is not None and self.holds is None):
            raise wrong(
                "A bin with locate needs size_mm and holds.", "Write locate, size_mm and holds, or holds alone."
            )
        if self.capacity is not None and self.min > self.capacity:
            raise wrong(f"min {self.min} is more than the bin holds ({self.capacity}).", "Lower min.")
        return self

    @property
    def capacity(self) -> int | None:
        """How many parts it holds; None where nobody counts."""
        return self.holds if self.grid is None else self.grid[0] * self.grid[1]

    @property
    def for_robot(self) -> bool:
        """Whether the robot can take from it: one kind, each in its own slot or found by a camera."""
        return (self.grid is not None or self.locate is not None) and len(self.parts) == 1

    @property
    def corners(self) -> tuple[Pose, ...]:
        """The corners of a floor on which parts lie loose; none of other bins."""
        if self.size_m is None:
            return ()
        x, y = (v / 2 for v in self.size_m)
        return tuple(self.at @ Pose((a, b, 0.0)) for a, b in ((-x, -y), (x, -y), (x, y), (-x, y)))

    def slot(self, i: int) -> Pose:
        """Return where the part's mesh frame sits in slot `i`, from 0, in the cell's world (m).

        Slot 0 is at `at`; slots run row by row, rows along x and columns along y of `at`.

        Raises:
            IndexError: the bin has no such slot.
        """
        if self.grid is None or self.pitch_m is None or not 0 <= i < self.grid[0] * self.grid[1]:
            raise IndexError(f"bin has no slot {i}")
        row, column = divmod(i, self.grid[1])
        return self.at.shifted(row * self.pitch_m[0], column * self.pitch_m[1])


def _frames(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for name, entry in value.items():
        if isinstance(entry, Pose) or (isinstance(entry, dict) and "p" in entry):
            out[name] = entry
        else:
            out.update(AuthoredFrame.model_validate(entry).expand(name))
    return out


class CellSpec(Frozen):
    """One cell file, in metres, in the cell's world frame."""

    AUTHORED: ClassVar[dict[str, str]] = {"name": "", "sha256": ""}  # the file's own

    name: str
    robot: RobotSpec
    frames: Annotated[dict[str, Pose], BeforeValidator(_frames)] = Field(default_factory=dict)
    nests: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # role -> interchangeable frames
    zones: dict[str, Box] = Field(default_factory=dict)
    keep_out: dict[str, Box] = Field(default_factory=dict)  # the arm never enters these
    cameras: dict[str, CameraSpec] = Field(default_factory=dict)
    places: dict[str, PlaceSpec] = Field(default_factory=dict)
    tools: dict[str, ToolSpec] = Field(default_factory=dict)
    supply: dict[str, BinSpec] = Field(default_factory=dict)
    devices: dict[str, DeviceSpec] = Field(default_factory=dict)
    separation: SeparationSpec = SeparationSpec()
    approvals: ApprovalsSpec = ApprovalsSpec()
    patience: PatienceSpec = PatienceSpec()
    evidence: EvidenceSpec = EvidenceSpec()
    pause_s: Annotated[float, Field(gt=0, le=3600)] = 120.0  # how long the robot may be paused before that is a hold
    lead_s: Annotated[float, Field(ge=0, le=30)] = 1.0  # how long a motion is shown to people before it begins
    retreat_mm_s: Annotated[float, Field(gt=0, le=250)] = 100.0  # of the whole arm; 250 is ISO 10218-1's reduced speed
    adapters: AdapterSettings = AdapterSettings()
    boards: dict[str, BoardSpec] = Field(default_factory=dict)  # marker boards, fixed where they have a frame
    registration: RegistrationRules = RegistrationRules()
    names: dict[str, dict[str, str]] = Field(default_factory=dict)  # what it calls so -> language -> what people read
    sha256: str = ""

    @model_validator(mode="after")
    def _reachable(self) -> CellSpec:
        ros2 = self.adapters.robot_ros2
        if self.robot.adapter == "ros2" and ros2 is None:
            raise wrong(
                "A ros2 robot needs adapters: {robot_ros2: {safety: ...}}.",
                "Write it; launch/README.md has its keys.",
            )
        if self.robot.adapter != "ros2" and ros2 is not None:
            raise wrong("robot_ros2 has settings, but the robot's adapter is not ros2.", "Write adapter: ros2.")
        over = {name for name, camera in self.cameras.items() if camera.ros2 is not None}
        if over and ros2 is None:
            words = f"The pictures of {min(over)} come over ROS 2, but the robot's adapter is not ros2."
            raise wrong(words, "Leave ros2 out of its settings, or write adapter: ros2 for the robot.")
        if erring := sorted(over & self.adapters.camera_sim.keys()):
            words = f"camera_sim says how wrong {erring[0]} is simulated, but it is a real camera."
            raise wrong(words, "Leave it out of camera_sim, or leave out its ros2.")
        return self

    @property
    def supervised(self) -> bool:
        """Whether nobody tells the robot's safety state."""
        ros2 = self.adapters.robot_ros2
        return ros2 is not None and ros2.safety.source == "none"

    @property
    def rehearsal(self) -> bool:
        """Whether an arm over ROS 2 moves among simulated parts."""
        ros2 = self.adapters.robot_ros2
        return ros2 is not None and ros2.rehearsal

    @property
    def real(self) -> bool:
        """Whether nothing around the robot is simulated."""
        return self.adapters.robot_ros2 is not None and not self.rehearsal

    @property
    def pretended(self) -> tuple[str, ...]:
        """What would be simulated around a robot that is real: cameras, devices, tools of the robot's."""
        if not self.real:
            return ()
        cameras = (name for name, camera in self.cameras.items() if camera.ros2 is None)
        tools = (name for name, tool in self.tools.items() if "robot" in tool.for_)
        return (*cameras, *self.devices, *tools)

    @property
    def fixed_cameras(self) -> dict[str, CameraSpec]:
        """The cameras that stand still."""
        return {name: camera for name, camera in self.cameras.items() if camera.fixed}

    @property
    def fixtures(self) -> dict[str, Pose]:
        """The frames that are the top of a fixture that stands there: those a little above the table (z = 0)."""
        return {name: pose for name, pose in self.frames.items() if 0.0 < pose.p[2] <= FIXTURE_M}

    @property
    def registration_board(self) -> str | None:
        """The fixed marker board that screens look at; None where there is none, or several and none is named."""
        fixed = [name for name, board in self.boards.items() if board.at is not None]
        return self.registration.board or (fixed[0] if len(fixed) == 1 else None)

    def zone_of(self, p: Vector) -> str | None:
        """Return the zone that a point (m, world) lies in, the smallest where zones overlap."""
        inside = [(math.prod(b - a for a, b in zip(z.low, z.high, strict=True)), n) for n, z in self.zones.items()]
        return next((name for _, name in sorted(inside) if self.zones[name].contains(p)), None)

    def bins_for(self, kind: str, actor: Actor) -> tuple[str, ...]:
        """Return the bins that an actor may take a kind of part from, a person's loose bins first."""
        mine = [name for name, spec in self.supply.items() if kind in spec.parts]
        if actor == "robot":
            return tuple(name for name in mine if self.supply[name].for_robot)
        return tuple(sorted(mine, key=lambda name: self.supply[name].for_robot))

    def places_named(self) -> tuple[str, ...]:
        """Return every name that a bare `at` may use: frames, and roles of nests."""
        return (*self.frames, *self.nests)

    def is_nest(self, frame: str) -> bool:
        """Tell whether a bare `at` means a nest: its role, or one of its frames."""
        return frame in self.nests or any(frame in frames for frames in self.nests.values())

    def gives(self, tool: str | None) -> frozenset[str] | None:
        """Return the values that a tool or device measures, by its name; None where there is no such one."""
        if tool in self.tools:
            return frozenset(self.tools[tool].gives)
        return frozenset(self.devices[tool].gives) if tool in self.devices else None

    def prints(self, kind: str | None, frame: str) -> bool:
        """Tell whether a kind of part comes out of a printer at a frame."""
        printers = (spec for spec in self.devices.values() if isinstance(spec, PrinterSpec))
        return any((spec.prints, spec.at) == (kind, frame) for spec in printers)
