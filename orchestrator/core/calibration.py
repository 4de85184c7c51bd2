"""Calibration as records: boards, what a cell demands of its cameras, and what was found out about one."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestrator.core.errors import known
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.parts import Positive, as_number, wrong
from orchestrator.core.ports import Intrinsics
from orchestrator.core.variant import Frozen

DICTIONARIES = {"4x4_50": 50, "4x4_100": 100, "5x5_100": 100, "5x5_250": 250, "6x6_250": 250}  # markers that each has
Method = Literal["intrinsics", "extrinsics", "hand_eye"]


def _squares(value: Any) -> tuple[int, int]:
    if (
        not isinstance(value, list | tuple)
        or len(value) != 2
        or any(type(n) is not int or not 3 <= n <= 40 for n in value)
    ):
        raise wrong("squares is [columns, rows], each 3 to 40.", "Count the squares of the printed pattern: [9, 6].")
    return (value[0], value[1])


def _dictionary(value: str) -> str:
    if value not in DICTIONARIES:
        raise wrong(f"There is no dictionary '{value}'.", known("dictionary", value, DICTIONARIES).remedy)
    return value


class BoardSpec(Frozen):
    """A ChArUco board: a chessboard, dark at its top left corner, with a marker in every light square. Metres.

    Its frame has its origin in the middle of the pattern, x to the right and y up as printed, z out of the paper.
    `at` is the frame of the cell in which a fixed one sits; without it the board is moved about.
    """

    AUTHORED: ClassVar[dict[str, str]] = {"square_m": "square_mm", "marker_m": "marker_mm"}

    squares: Annotated[tuple[int, int], BeforeValidator(_squares)] = (9, 6)
    square_m: Positive = 0.025
    marker_m: Positive = 0.018
    dictionary: Annotated[str, AfterValidator(_dictionary)] = "5x5_100"
    at: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _metres(cls, data: Any) -> Any:
        for old, new in (("square_mm", "square_m"), ("marker_mm", "marker_m")):
            if isinstance(data, dict) and old in data:
                data = {**{k: v for k, v in data.items() if k != old}, new: as_number(data[old]) / 1000}
        return data

    @model_validator(mode="after")
    def _fits(self) -> BoardSpec:
        if not 0.4 * self.square_m <= self.marker_m <= 0.9 * self.square_m:
            raise wrong("A marker is 0.4 to 0.9 of its square.", "Take three quarters: square_mm 20, marker_mm 15.")
        needed, has = self.squares[0] * self.squares[1] // 2, DICTIONARIES[self.dictionary]
        if needed > has:
            raise wrong(
                f"The board needs {needed} markers, the dictionary has {has}.", "Take 5x5_250, or fewer squares."
            )
        return self

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the pattern."""
        return (self.squares[0] * self.square_m, self.squares[1] * self.square_m)

    @property
    def corners(self) -> int:
        """How many inner corners it has."""
        return (self.squares[0] - 1) * (self.squares[1] - 1)


class CalibrationRules(Frozen):
    """What a camera must keep for its checks to count: how old its calibration or last check may be, how far off.

    `board` names the fixed board that the check looks at; without it the only one.
    """

    AUTHORED: ClassVar[dict[str, str]] = {}

    max_age_h: Positive = 8.0
    max_off_mm: Positive = 0.5
    max_off_deg: Positive = 0.2
    board: str | None = None


class Calibration(Frozen):
    """What is known of one camera. `pose` is in the world, or in the flange's frame for a camera on the flange.

    `residuals` carry their unit in their name; `uncertainty_mm`, `uncertainty_deg` are one sigma of the pose, from
    leaving out each picture in turn. `parts` says what has been measured, the rest being as it was believed before.
    """

    camera: str
    parts: tuple[Method, ...]
    intrinsics: Intrinsics
    pose: Pose = IDENTITY
    residuals: dict[str, float] = Field(default_factory=dict)
    uncertainty_mm: float = 0.0
    uncertainty_deg: float = 0.0
    pictures: int = 0
    board: BoardSpec = BoardSpec()
    made_t: float = 0.0  # UTC s
    by: str = ""

    @property
    def id(self) -> str:
        """The digest of its content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class CalibrationCheck(Frozen):
    """A look at a fixed board: how far it seems from its place through this calibration, UTC s."""

    camera: str
    calibration: str
    t: float
    off_mm: float
    off_deg: float
    rms_px: float
    pictures: int
    ok: bool
    by: str = ""
