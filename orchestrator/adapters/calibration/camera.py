"""A camera whose shots carry what its calibration found, and whose pose a fixed board in the picture corrects."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.calibration.board import corners
from orchestrator.adapters.calibration.detect import detect
from orchestrator.adapters.calibration.extrinsics import find_pose
from orchestrator.adapters.calibration.fit import apart, board_in_camera, project, refine, rms
from orchestrator.core.calibration import CalibrationCheck
from orchestrator.core.errors import NotFound, SetupError, VisionError, known
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from orchestrator.adapters.calibration.detect import Detection
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.core.calibration import BoardSpec
    from orchestrator.core.cell import CameraSpec
    from orchestrator.core.ports import Camera, Intrinsics, Shot

    Floats = npt.NDArray[np.float64]
    Boards = Mapping[str, tuple[BoardSpec, Pose]]

DATUM_OFF_MM, DATUM_OFF_DEG = 5.0, 1.0  # where the cell file demands nothing: farther, and the board has been moved
CORNER_PX = 0.05  # one sigma of a corner
PRIOR_M, PRIOR_RAD = 0.002, 0.002  # one sigma of a calibrated pose, for what a single board tells badly
CHECK_PICTURES = 5


@dataclass(frozen=True, slots=True)
class Datum:
    """A fixed board in a picture: how far it seemed from its place through the calibration, and what is left, px."""

    board: str
    off_mm: float
    off_deg: float
    rms_px: float


class CalibratedCamera:
    """`Camera` over the one of its name in `cameras`. `boards` are the cell's fixed boards with their places (world).

    `store` holds calibrations; None where nothing is kept, and then none is demanded. `now` is UTC seconds.
    """

    def __init__(
        self,
        name: str,
        cameras: Mapping[str, Camera],
        spec: CameraSpec,
        boards: Boards,
        *,
        store: CalibrationStore | None,
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.datum: Datum | None = None  # of the last shot with a board in it
        self._cameras = cameras
        self._spec = spec
        self._boards = dict(boards)
        self._store = store
        self._now = now

    @property
    def calibration_id(self) -> str:
        """The id of the calibration that counts, "" where what the cell file says does."""
        current = self._store.current(self.name) if self._store is not None else None
        return current.id if current is not None else ""

    async def shoot(self) -> Shot:
        """Take one picture; see `Camera.shoot`. A fixed board in it corrects its pose."""
        shot = await self.calibrated()
        self.datum = None
        if shot.colour is None or not self._boards:
            return shot
        pose, self.datum = await asyncio.get_running_loop().run_in_executor(None, self._corrected, shot)
        return replace(shot, pose=pose)

    async def calibrated(self) -> Shot:
        """Take one picture with the pose and lens that calibration found, whatever board is in it."""
        shot = await self._cameras[self.name].shoot()
        current = self._store.current(self.name) if self._store is not None else None
        if current is None:
            return shot
        pose = current.pose if self._spec.fixed else shot.pose @ self._spec.at.inverse() @ current.pose
        return replace(shot, intrinsics=current.intrinsics, pose=pose, calibration=current.id)

    def why_not(self) -> str:
        """Return why no check of this camera counts now, "" where they do. Ask after a shot: it may have seen why."""
        rules, call = self._spec.calibration, f"`tandem calibrate {self.name}"
        most_mm, most_deg = self.limits
        seen = self.datum
        if seen is not None and (seen.off_mm > most_mm or seen.off_deg > most_deg):
            return (
                f"The board {seen.board} seems {seen.off_mm:.1f} mm and {seen.off_deg:.2f}° from its place to "
                f"{self.name}: put it back, or run {call} extrinsics`."
            )
        if rules is None or self._store is None:
            return ""
        current = self._store.current(self.name)
        if current is None:
            return f"{self.name} is not calibrated: run {call} intrinsics`."
        last = self._store.last_check(self.name)
        if last is not None and not last.ok:
            return f"The calibration of {self.name} is {last.off_mm:.1f} mm off: run {call} extrinsics`."
        age_h = (self._now() - max(current.made_t, last.t if last is not None else 0.0)) / 3600
        if age_h > rules.max_age_h:
            return f"The calibration of {self.name} is {age_h:.0f} h old: run {call} check`."
        return ""

    async def check(self, by: str, pictures: int = CHECK_PICTURES) -> CalibrationCheck:
        """Look at the fixed board several times and note how far it seems from its place.

        Raises:
            SetupError: there is no fixed board to look at, or nothing is kept.
            VisionError: no picture, or no board in it.
        """
        name, (board, place) = self._own_board()
        if self._store is None:
            raise SetupError("Nothing is kept of this cell.", remedy="Give a folder with --data.")
        shots = [await self.calibrated() for _ in range(pictures)]
        run = asyncio.get_running_loop().run_in_executor
        views = await run(None, lambda: [(_seen(board, shot), place) for shot in shots])
        lens, believed = shots[0].intrinsics, shots[0].pose
        found = await run(None, lambda: find_pose(views, lens))
        off_mm, off_deg = apart(believed @ found.pose.inverse() @ place, place)
        most_mm, most_deg = self.limits
        noted = CalibrationCheck(
            camera=self.name,
            calibration=self.calibration_id,
            t=self._now(),
            off_mm=round(off_mm, 4),
            off_deg=round(off_deg, 4),
            rms_px=round(found.rms_px, 4),
            pictures=pictures,
            ok=off_mm <= most_mm and off_deg <= most_deg,
            by=by,
        )
        self._store.note(noted)
        self.datum = Datum(name, off_mm, off_deg, found.rms_px)
        return noted

    @property
    def checked_by(self) -> str:
        """The fixed board that `check` looks at, "" where there is none."""
        try:
            return self._own_board()[0]
        except (NotFound, SetupError):
            return ""

    @property
    def limits(self) -> tuple[float, float]:
        """How far it may be off, in mm and degrees."""
        rules = self._spec.calibration
        return (rules.max_off_mm, rules.max_off_deg) if rules is not None else (DATUM_OFF_MM, DATUM_OFF_DEG)

    def _own_board(self) -> tuple[str, tuple[BoardSpec, Pose]]:
        wanted = self._spec.calibration.board if self._spec.calibration is not None else None
        if wanted is not None and wanted not in self._boards:
            raise known("fixed board", wanted, self._boards)
        if wanted is None and len(self._boards) != 1:
            remedy = "Name it in the cell file: calibration: {board: name}." if self._boards else "Fix one: boards."
            raise SetupError(f"The cell has {len(self._boards)} fixed boards to check {self.name} by.", remedy=remedy)
        name = wanted or next(iter(self._boards))
        return name, self._boards[name]

    def _corrected(self, shot: Shot) -> tuple[Pose, Datum | None]:
        """Return the camera's pose as the best seen board has it, and how far that is from the calibrated one."""
        from scipy.spatial.transform import Rotation

        best: tuple[Detection, str, Pose] | None = None
        for name, (board, place) in self._boards.items():
            if not _in_view(board, shot.pose.inverse() @ place, shot.intrinsics):
                continue
            try:
                found = _seen(board, shot)
            except VisionError:
                continue  # hidden: this picture has no datum, and its pose stays as calibrated
            if best is None or len(found.ids) > len(best[0].ids):
                best = found, name, place
        if best is None:
            return shot.pose, None
        found, name, place = best
        seen, _ = board_in_camera(found, shot.intrinsics)
        off_mm, off_deg = apart(shot.pose @ seen, place)
        believed, at = shot.pose.inverse().matrix(), place.matrix()

        def residuals(poses: list[Floats]) -> Floats:
            moved = np.linalg.inv(believed) @ poses[0]
            turn = Rotation.from_matrix(moved[:3, :3]).as_rotvec() / PRIOR_RAD
            off = (project(found.points, poses[0] @ at, shot.intrinsics) - found.pixels).ravel() / CORNER_PX
            return np.concatenate([off, turn, (poses[0] - believed)[:3, 3] / PRIOR_M])

        (corrected,), left = refine([believed], residuals)
        pose = Pose.from_matrix(corrected).inverse()
        return pose, Datum(name, off_mm, off_deg, rms(left[: 2 * len(found.ids)]) * CORNER_PX)


def _seen(board: BoardSpec, shot: Shot) -> Detection:
    if shot.colour is None:
        raise VisionError(
            f"The camera {shot.camera} gives depth alone.",
            remedy="Calibration needs its grey picture.",
            code="no_picture",
        )
    return detect(board, shot.colour)


def _in_view(board: BoardSpec, at: Pose, lens: Intrinsics) -> bool:
    """Tell whether half of a board's corners should be in the picture."""
    points = corners(board) @ at.matrix()[:3, :3].T + np.array(at.p)
    if (points[:, 2] <= 0).any():
        return False
    pixels = project(corners(board), at.matrix(), lens)
    inside = ((pixels >= 0) & (pixels < [lens.width, lens.height])).all(axis=1)
    return bool(inside.mean() >= 0.5)
