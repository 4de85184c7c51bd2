"""Calibration as a page leads through it: what it shows, and the port that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from orchestrator.core.calibration import CalibrationCheck, Method
from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from orchestrator.core.commands import Who

Pixel = tuple[float, float]  # right, down
Led = Literal["intrinsics", "extrinsics", "hand_eye"]  # the methods that a page leads through


class CalibratedView(Frozen):
    """A camera and what is known of it. `why` says why none of its checks count now, "" where they do."""

    camera: str
    fixed: bool
    calibration: str  # id, "" where the cell file's words count
    parts: tuple[Method, ...]
    made_t: float  # UTC s
    by: str
    max_age_h: float | None  # what its checks demand; None: nothing
    age_h: float | None  # since calibration or last check, whichever is younger
    last_check: CalibrationCheck | None
    checked_by: str  # the fixed board that a shift check looks at, "" where there is none
    boards: tuple[str, ...]  # that it can be calibrated with, the usual one first
    why: str


class Taken(Frozen):
    """A picture of a session with the board in it, and where its corners are."""

    number: int
    place: str  # the frame that the board lay at (extrinsics)
    corners_px: tuple[Pixel, ...]
    of: int  # corners that the board has
    far_mm: float
    tilt_deg: float
    rms_px: float


class Spot(Frozen):
    """Where to bring the board for the next picture: in the picture (intrinsics) or at a frame (extrinsics).

    With hand_eye it stays at the frame, and the arm goes where the camera sees it so.
    """

    side: Literal["left", "middle", "right"] = "middle"
    level: Literal["upper", "middle", "lower"] = "middle"
    far_mm: float = 0.0
    tilt_deg: float = 0.0
    place: str = ""
    outline_px: tuple[Pixel, ...]  # of the pattern, as it should look


class Want(Frozen):
    """What is still missing: `more` pictures, tilted ones or other places; or corners `where` none were seen."""

    what: Literal["pictures", "coverage", "tilt", "places"]
    more: int = 0
    where: Literal["", "left", "right", "top", "bottom"] = ""
    must: bool = True  # nothing can be computed before; otherwise it only makes the result better


class Figure(Frozen):
    """A figure of a result, its unit in its name; `most` is what it may be at most, None where nothing is demanded."""

    name: str
    value: float
    most: float | None = None


class Found(Frozen):
    """A calibration that was computed and does not count yet."""

    id: str
    figures: tuple[Figure, ...]
    moved_mm: float
    moved_deg: float


class SessionView(Frozen):
    """A calibration under way."""

    id: str
    camera: str
    method: Led
    board: str
    by: str
    size_px: tuple[int, int]
    simulated: bool  # the simulation brings the board to its spot
    taken: tuple[Taken, ...]
    covered: float  # share of the picture
    cells: tuple[tuple[int, ...], ...]  # rows of the map of coverage: corners in each cell
    places: tuple[str, ...]  # frames that the board may lie at (extrinsics)
    next: Spot | None
    wants: tuple[Want, ...]
    found: Found | None


class DriveView(Frozen):
    """What has become of a press that brings the arm to its next pose: it moves, is there, or is over, and why."""

    state: Literal["moving", "arrived", "over"]
    code: str = ""
    message: str = ""
    remedy: str = ""


class LiveView(Frozen):
    """What a camera sees now: nothing of it is taken in. `why` says why it could not be, "" where it could.

    `jpeg` is base64, "" where no picture came.
    """

    jpeg: str
    corners_px: tuple[Pixel, ...]
    of: int  # corners that the board has
    code: str
    why: str
    remedy: str


class Calibrating(Protocol):
    """Calibrates the cameras of a cell, one at a time, and checks them.

    Every method may raise TandemError with a remedy: not_found for a name or a session that is over, forbidden for who
    may not, session_open, working while the cell works, setup where nothing is kept.
    """

    def cameras(self) -> tuple[CalibratedView, ...]:
        """Return every camera with the state of its calibration."""

    def session(self) -> SessionView | None:
        """Return the session that is open."""

    async def begin(self, camera: str, method: Led, board: str, by: Who) -> SessionView:
        """Open a session; board "" takes the usual one."""

    async def look(self, session: str, place: str, by: Who) -> LiveView:
        """Take a picture to aim by; `place` as for `take`. Trouble with the picture is told in it."""

    async def take(self, session: str, place: str, by: Who) -> SessionView:
        """Take a picture; `place` is the frame that the board lies at (extrinsics), "" the next one that is wanted.

        Raises VisionError where no picture comes or no board is in it: then nothing was taken.
        """

    async def drive(self, session: str, press: str, by: Who) -> DriveView:
        """Bring the arm to its next pose for as long as this is renewed every 100 ms (hand_eye, manual mode)."""

    async def release(self, session: str, press: str, by: Who) -> DriveView:
        """Let go: the arm comes to a stand."""

    async def drop(self, session: str, number: int, by: Who) -> SessionView:
        """Leave a picture out."""

    async def compute(self, session: str, by: Who) -> SessionView:
        """Compute from the pictures; the result is in `found`. Raises VisionError where they don't tell enough."""

    async def accept(self, session: str, by: Who) -> CalibratedView:
        """Let what was found count from now on, and close the session."""

    async def discard(self, session: str, by: Who) -> None:
        """Close a session; what was found does not count."""

    async def check(self, camera: str, by: Who) -> CalibratedView:
        """Look at the fixed board: the check of a shift. Raises VisionError where it is not seen."""

    async def picture(self, session: str, number: int) -> bytes:
        """Return a taken picture as JPEG."""

    async def sheet(self, board: str) -> bytes:
        """Return a board's sheet to print, as PDF."""
