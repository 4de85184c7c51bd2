"""A session as a page sees it: its pictures, where the board goes next, what is still missing, what was found."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from orchestrator.adapters.calibration import extrinsics, hand_eye, intrinsics
from orchestrator.adapters.calibration.fit import apart, project
from orchestrator.adapters.calibration.places import for_lens, frames_in_view, looks_at
from orchestrator.core.errors import SetupError, TandemError, VisionError, known
from orchestrator.core.geometry import Pose
from orchestrator.engine.calibrating import Figure, Found, LiveView, SessionView, Spot, Taken, Want

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.calibration.session import Session
    from orchestrator.core.calibration import Calibration
    from orchestrator.core.cell import CellSpec
    from orchestrator.engine.calibrating import Led, Pixel

PLACES = 6  # frames of the cell that the board is laid at, at most
GOOD_PLACES = 3  # different ones make a camera's place much surer
GOOD_POSES = 9  # of the arm
MOST_PICTURES = 40
BESIDE = 0.2  # share of the picture's width or height: farther from its middle, the board is at a side
QUALITY = 88  # of JPEG


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the board goes: `pose` in the camera's frame (intrinsics), or in the world at the frame `place`.

    With hand_eye the camera goes to `pose` (world), and the board stays at `place`.
    """

    number: int
    pose: Pose
    place: str = ""


@dataclass(frozen=True, slots=True)
class _Picture:
    aim: Aim
    taken: Taken
    jpeg: bytes


class UnderWay:
    """A session with its pictures. `limits` are mm and degrees that the camera may be off.

    Raises SetupError where no frame of the cell is in the picture with room for the board (extrinsics).
    """

    def __init__(
        self,
        number: str,
        session: Session,
        method: Led,
        board: str,
        by: str,
        spec: CellSpec,
        limits: tuple[float, float],
        simulated: bool,
    ) -> None:
        self.id = number
        self.session = session
        self.method = method
        self.board = board
        self.by = by
        self.found: Calibration | None = None
        self._limits = limits
        self._simulated = simulated
        self._count = 0
        self._pictures: list[_Picture] = []
        self._given_up: set[int] = set()
        self.rests = Pose()  # where the board stays (hand_eye), world
        if method == "hand_eye":
            place = session.board.at if session.board.at is not None else next(iter(spec.frames), None)
            if place is None:
                raise SetupError("The cell has no frame to lay the board on.", remedy="Add one to frames.")
            self.rests = spec.frames[place]
            looks = looks_at(session.board, self.rests, session.lens)
            self._aims = [Aim(i, pose, place) for i, pose in enumerate(looks)]
        elif method == "intrinsics":
            self._aims = [Aim(i, pose) for i, (_, pose) in enumerate(for_lens(session.board, session.lens))]
        else:
            self._aims = [Aim(i, spec.frames[name], name) for i, name in enumerate(self._frames(spec))]

    @property
    def camera(self) -> str:
        """The camera that is calibrated."""
        return self.session.camera

    def spot(self, place: str) -> Aim:
        """Return where the board goes for the next picture: at a frame, or "" where it is wanted most."""
        if not place or self.method == "hand_eye":
            return min(self._aims, key=lambda aim: (aim.number in self._given_up, self._uses(aim)))
        by_name = {aim.place: aim for aim in self._aims if aim.place}
        if place not in by_name:
            raise known("place of the board", place, by_name)
        return by_name[place]

    def give_up(self, aim: Aim) -> None:
        """Offer other poses of the arm first: this one can't be reached."""
        self._given_up.add(aim.number)

    def add(self, colour: npt.NDArray[np.uint8] | None, aim: Aim, flange: Pose | None = None) -> None:
        """Take a picture in; with hand_eye `flange` is where that was (world).

        Raises VisionError where no board is in it, TandemError where there are enough.
        """
        if len(self._pictures) >= MOST_PICTURES:
            raise TandemError(
                f"{MOST_PICTURES} pictures are enough.", remedy="Compute, or drop some.", code="enough_pictures"
            )
        seen = self.session.add(colour, aim.pose if self.method == "extrinsics" else flange)
        assert colour is not None
        self._count += 1
        self.found = None
        taken = Taken(
            number=self._count,
            place=aim.place,
            corners_px=_pixels(self.session.views[-1].pixels),
            of=seen.of,
            far_mm=round(1000 * seen.far_m, 1),
            tilt_deg=round(seen.tilt_deg, 1),
            rms_px=round(seen.rms_px, 3),
        )
        self._pictures.append(_Picture(aim, taken, _jpeg(colour)))

    def look(self, colour: npt.NDArray[np.uint8] | None) -> LiveView:
        """Return a picture and the board's corners in it, or why it could not be taken in."""
        corners: tuple[Pixel, ...] = ()
        trouble: VisionError | None = None
        try:
            corners = _pixels(self.session.see(colour).pixels)
        except VisionError as error:
            trouble = error
        jpeg = b"" if colour is None else _jpeg(colour)
        return live(base64.b64encode(jpeg).decode("ascii"), corners, self.session.board.corners, trouble)

    def drop(self, number: int) -> None:
        """Leave a picture out. Raises NotFound."""
        index = self._index(number)
        self.session.drop(index)
        del self._pictures[index]
        self.found = None

    def picture(self, number: int) -> bytes:
        """Return a picture as JPEG. Raises NotFound."""
        return self._pictures[self._index(number)].jpeg

    def solve(self, t: float, by: str) -> None:
        """Compute. Raises VisionError where the pictures don't tell enough."""
        self.found = None
        self.found = self.session.solve(self.method, t=t, by=by)

    def view(self) -> SessionView:
        """Return the session as a page shows it."""
        lens, views = self.session.lens, self.session.views
        return SessionView(
            id=self.id,
            camera=self.camera,
            method=self.method,
            board=self.board,
            by=self.by,
            size_px=(lens.width, lens.height),
            simulated=self._simulated,
            taken=tuple(picture.taken for picture in self._pictures),
            covered=round(intrinsics.covered(views), 3),
            cells=tuple(tuple(int(n) for n in row) for row in intrinsics.coverage(views)),
            places=tuple(dict.fromkeys(aim.place for aim in self._aims if aim.place)),
            next=self._next() if len(self._pictures) < MOST_PICTURES else None,
            wants=self._wants(),
            found=self._result(self.found) if self.found is not None else None,
        )

    def _frames(self, spec: CellSpec) -> list[str]:
        session = self.session
        if session.board.at is not None:
            return [session.board.at]
        fixed = {board.at for board in spec.boards.values()}
        free = {name: pose for name, pose in spec.frames.items() if name not in fixed}
        names = frames_in_view(session.board, session.pose, session.lens, free)[:PLACES]
        if not names:
            raise SetupError(
                f"No frame of the cell lies in {session.camera}'s picture with room for the board.",
                remedy="Add a frame there, or fix a board: boards: {fixture: {at: frame}}.",
            )
        return names

    def _uses(self, aim: Aim) -> int:
        return sum(picture.aim.number == aim.number for picture in self._pictures)

    def _index(self, number: int) -> int:
        by_number = {picture.taken.number: index for index, picture in enumerate(self._pictures)}
        if number not in by_number:
            raise known("picture", str(number), map(str, by_number))
        return by_number[number]

    def _next(self) -> Spot:
        aim, lens = self.spot(""), self.session.lens
        if self.method == "hand_eye":
            at = aim.pose.inverse() @ self.rests
        else:
            at = aim.pose if self.method == "intrinsics" else self.session.pose.inverse() @ aim.pose
        half = [side / 2 for side in self.session.board.size_m]
        outline = np.array([(x * half[0], y * half[1], 0.0) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
        across = at.p[0] / at.p[2] * lens.fx / lens.width
        down = at.p[1] / at.p[2] * lens.fy / lens.height
        return Spot(
            side="left" if across < -BESIDE else "right" if across > BESIDE else "middle",
            level="upper" if down < -BESIDE else "lower" if down > BESIDE else "middle",
            far_mm=round(1000 * at.p[2]),
            tilt_deg=round(float(np.degrees(np.arccos(min(1.0, abs(float(at.matrix()[2, 2]))))))),
            place=aim.place,
            outline_px=_pixels(project(outline, at.matrix(), lens)),
        )

    def _wants(self) -> tuple[Want, ...]:
        if self.method == "hand_eye":
            taken = len(self._pictures)
            must = hand_eye.LEAST_PICTURES - taken
            return (Want(what="pictures", more=must),) if must > 0 else _better(GOOD_POSES - taken)
        return self._lens_wants() if self.method == "intrinsics" else self._place_wants()

    def _lens_wants(self) -> tuple[Want, ...]:
        views = self.session.views
        wants = [Want(what="pictures", more=intrinsics.LEAST_PICTURES - len(views))]
        tilted = sum(picture.taken.tilt_deg >= intrinsics.LEAST_TILT_DEG for picture in self._pictures)
        wants.append(Want(what="tilt", more=intrinsics.LEAST_TILTED - tilted))
        out = [want for want in wants if want.more > 0]
        if intrinsics.covered(views) < intrinsics.LEAST_COVERED:
            out.append(Want(what="coverage", where=intrinsics.emptiest(views)))
        return tuple(out)

    def _place_wants(self) -> tuple[Want, ...]:
        used = sum(self._uses(aim) > 0 for aim in self._aims)
        wants = (
            Want(what="pictures", more=extrinsics.LEAST_PICTURES - len(self._pictures)),
            Want(what="places", more=min(GOOD_PLACES, len(self._aims)) - used, must=False),
        )
        return tuple(want for want in wants if want.more > 0)

    def _result(self, found: Calibration) -> Found:
        left, lens = found.residuals, found.intrinsics
        if self.method == "intrinsics":
            before = self.session.lens
            figures: tuple[Figure, ...] = (
                Figure(name="rms_px", value=left["rms_px"], most=intrinsics.MOST_RMS_PX),
                Figure(name="worst_px", value=left["worst_px"]),
                Figure(name="bend_px", value=left["bend_px"], most=intrinsics.MOST_BEND_PX),
                Figure(name="focal_sigma_percent", value=100 * left["focal_sigma"]),
                Figure(name="focal_change_percent", value=100 * (lens.fx / before.fx - 1)),
                Figure(name="centre_shift_px", value=float(np.hypot(lens.cx - before.cx, lens.cy - before.cy))),
            )
        else:
            most_mm, most_deg = self._limits
            figures = (
                Figure(name="rms_px", value=left["rms_px"], most=extrinsics.MOST_RMS_PX),
                Figure(name="worst_px", value=left["worst_px"]),
                *(Figure(name=name, value=left[name]) for name in ("off_mm", "off_deg") if name in left),
                Figure(name="uncertainty_mm", value=found.uncertainty_mm, most=most_mm),
                Figure(name="uncertainty_deg", value=found.uncertainty_deg, most=most_deg),
            )
        moved_mm, moved_deg = apart(self.session.pose, found.pose)
        return Found(
            id=found.id,
            figures=tuple(figure.model_copy(update={"value": round(figure.value, 5)}) for figure in figures),
            moved_mm=round(moved_mm, 3),
            moved_deg=round(moved_deg, 4),
        )


def _better(more: int) -> tuple[Want, ...]:
    return (Want(what="pictures", more=more, must=False),) if more > 0 else ()


def live(jpeg: str, corners: tuple[Pixel, ...], of: int, trouble: VisionError | None) -> LiveView:
    """Return a look with what is wrong with it, if anything is."""
    code, why, remedy = ("", "", "") if trouble is None else (trouble.code, trouble.message, trouble.remedy)
    return LiveView(jpeg=jpeg, corners_px=corners, of=of, code=code, why=why, remedy=remedy)


def _jpeg(picture: npt.NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format="JPEG", quality=QUALITY)
    return out.getvalue()


def _pixels(points: npt.NDArray[np.float64]) -> tuple[Pixel, ...]:
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)
