"""Parts as their author writes them: millimetres, degrees, patterns of frames."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.core.geometry import Pose, Vector
from orchestrator.core.variant import Frozen, Grasp, Mate


def wrong(message: str, remedy: str = "") -> PydanticCustomError:
    """Make the error of an authored value; the remedy travels in its context."""
    text = message.replace("{", "(").replace("}", ")")
    return PydanticCustomError("authored", cast("Any", text), {"remedy": remedy})


def as_number(value: Any) -> float:
    """Return a number as float.

    Raises:
        PydanticCustomError: it is none; a decimal comma is named as such.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and value.replace(",", "", 1).isdigit() and "," in value:
        raise wrong(f"'{value}' has a decimal comma.", f"Write {value.replace(',', '.')}.")
    raise wrong(f"A number is needed, not {_shown(value)}.", "Write the number alone; its unit is in the key.")


def _shown(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else "nothing" if value is None else str(value)


def _positive(value: Any) -> float:
    number = as_number(value)
    if number <= 0:
        raise wrong(f"{number:g} must be more than 0.")
    return number


def _triple(value: Any) -> Vector:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise wrong("Three numbers [x, y, z] are needed.", "A decimal comma makes two numbers of one.")
    x, y, z = (as_number(v) for v in value)
    return (x, y, z)


Amount = Annotated[float, BeforeValidator(as_number)]
Positive = Annotated[float, BeforeValidator(_positive)]
Triple = Annotated[Vector, BeforeValidator(_triple)]


def pose_from_mm(xyz_mm: Vector, rpy_deg: Vector) -> Pose:
    """Make a pose (m) from authored millimetres and fixed-axis degrees."""
    x, y, z = (v / 1000 for v in xyz_mm)
    return Pose.from_rpy((x, y, z), [math.radians(v) for v in rpy_deg])


class AuthoredFrame(Frozen):
    """A pose, or a pattern of poses on top of it: `n` on a circle, or a `grid`."""

    xyz_mm: Triple = (0.0, 0.0, 0.0)
    rpy_deg: Triple = (0.0, 0.0, 0.0)
    n: Annotated[int, Field(ge=1, le=1000)] | None = None
    circle_mm: Positive | None = None  # diameter
    grid: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    pitch_mm: tuple[Amount, Amount] | None = None

    @model_validator(mode="after")
    def _whole(self) -> AuthoredFrame:
        if (self.n is None) != (self.circle_mm is None):
            raise wrong("A pattern on a circle needs n and circle_mm.", "Write both, or neither.")
        if (self.grid is None) != (self.pitch_mm is None):
            raise wrong("A grid needs grid and pitch_mm.", "Write both, or neither.")
        if self.n is not None and self.grid is not None:
            raise wrong("A frame is a circle or a grid, not both.")
        return self

    @property
    def pose(self) -> Pose:
        """The pose itself, in metres."""
        return pose_from_mm(self.xyz_mm, self.rpy_deg)

    def expand(self, name: str) -> dict[str, Pose]:
        """Return the frames that this entry stands for: `name`, or `name_1` to `name_n`.

        A circle runs counter-clockwise from +x; a grid runs row by row, rows along x, columns along y, from its
        first member.

        >>> sorted(AuthoredFrame(n=2, circle_mm=100).expand("hole"))
        ['hole_1', 'hole_2']
        """
        if self.n is not None and self.circle_mm is not None:
            radius = self.circle_mm / 2000
            turns = [math.tau * k / self.n for k in range(self.n)]
            spots = [(radius * math.cos(a), radius * math.sin(a)) for a in turns]
        elif self.grid is not None and self.pitch_mm is not None:
            rows, columns = self.grid
            dx, dy = (v / 1000 for v in self.pitch_mm)
            spots = [(row * dx, column * dy) for row in range(rows) for column in range(columns)]
        else:
            return {name: self.pose}
        return {f"{name}_{k}": self.pose.shifted(x, y) for k, (x, y) in enumerate(spots, start=1)}


class AuthoredGrasp(Frozen):
    """The tool centre point in the part's frame: z along the approach, fingers close along y."""

    xyz_mm: Triple = (0.0, 0.0, 0.0)
    rpy_deg: Triple = (180.0, 0.0, 0.0)
    opening_mm: Positive

    @property
    def grasp(self) -> Grasp:
        """The grasp in metres."""
        return Grasp(pose=pose_from_mm(self.xyz_mm, self.rpy_deg), opening_m=self.opening_mm / 1000)


class AuthoredMate(Frozen):
    """How a frame joins: the axis along which the part approaches, how deep, with what clearance."""

    axis: Triple = (0.0, 0.0, 1.0)
    depth_mm: Amount = 0.0
    clearance_mm: Amount = 0.0

    @model_validator(mode="after")
    def _axis(self) -> AuthoredMate:
        if math.hypot(*self.axis) < 1e-9:
            raise wrong("An axis can't be [0, 0, 0].", "Leave it out for the frame's z.")
        return self

    @property
    def mate(self) -> Mate:
        """The mate in metres, its axis of unit length."""
        length = math.hypot(*self.axis)
        x, y, z = (v / length for v in self.axis)
        return Mate(axis=(x, y, z), depth_m=self.depth_mm / 1000, clearance_m=self.clearance_mm / 1000)


def _symmetry(value: Any) -> int | None:
    if value == "any":
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise wrong(f"symmetry_z is a whole number or any, not {_shown(value)}.", "6 for a hexagon, any for a ring.")


class AuthoredPart(Frozen):
    """One entry of `parts`. What it leaves out is found from the mesh."""

    mesh: str | None = None  # default: the part's own name
    name: dict[str, str] = Field(default_factory=dict)
    mass_kg: Positive | None = None
    symmetry_z: Annotated[int, BeforeValidator(_symmetry)] | None = None  # 0 = any angle
    unit: str = "pcs"
    track: Literal["lot", "serial"] | None = None
    once: bool = False
    flexible: bool = False
    frames: dict[str, AuthoredFrame] = Field(default_factory=dict)
    grasps: dict[str, AuthoredGrasp] = Field(default_factory=dict)
    mates: dict[str, AuthoredMate] = Field(default_factory=dict)

    @property
    def bulk(self) -> bool:
        """Whether it is measured, not counted: an adhesive, a grease."""
        return self.unit != "pcs"

    def poses(self) -> dict[str, Pose]:
        """Return the authored frames with their patterns expanded, in the part's mesh frame."""
        return {name: pose for key, frame in self.frames.items() for name, pose in frame.expand(key).items()}
