"""The embedded cell as the stage of a calibration: a simulated person holds the board, or lays it down."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from orchestrator.adapters.calibration.places import for_lens, frames_in_view
from orchestrator.adapters.clock_virtual import VirtualClock
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.app import embedded
from orchestrator.core.errors import SetupError, VisionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestrator.adapters.calibration.session import Session
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.app import EmbeddedCell
    from orchestrator.core.calibration import CalibrationCheck, Method
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Clock, Shot
    from orchestrator.core.settings import Settings

PLACES = 6  # frames of the cell that the board is laid on
EACH = 3  # pictures of it at each


class Stage:
    """Fills a session with pictures from the embedded cell; `tell` prints what is done.

    In a real cell a person does what is printed here, and gives the pictures in a folder.
    """

    def __init__(
        self, base: Settings, store: CalibrationStore, session: Session, board: str, tell: Callable[[str], None]
    ) -> None:
        self._base = base
        self._store = store
        self._session = session
        self._board = board
        self._tell = tell

    async def run(self, method: Method) -> None:
        """Take the pictures that a method needs. Raises TandemError where too few can be taken at all."""
        clock = VirtualClock(asyncio.get_running_loop())
        async with _cell(self._base, self._store, clock) as cell:
            cell.boards.specs.setdefault(self._board, self._session.board)
            cell.cameras[self._session.camera].in_grey = True
            if method == "intrinsics":
                await self._lens(cell)
            else:
                await self._place(cell)

    async def _lens(self, cell: EmbeddedCell) -> None:
        camera = (await self._shot(cell)).pose
        for number, (words, place) in enumerate(for_lens(self._session.board, self._session.lens), start=1):
            cell.boards.hold(self._board, camera @ place)
            self._add(f"{number}. Board at the {words}", await self._shot(cell))

    async def _place(self, cell: EmbeddedCell) -> None:
        frames = cell.runner.state.spec.frames
        at = self._session.board.at
        lens = self._session.lens
        taken = {board.at for board in cell.runner.state.spec.boards.values()}
        free = {name: pose for name, pose in frames.items() if name not in taken}
        names = [at] if at is not None else frames_in_view(self._session.board, self._session.pose, lens, free)
        if not names:
            raise SetupError(
                f"No frame of the cell lies in {self._session.camera}'s picture with room for the board.",
                remedy="Add a frame there, or fix a board: boards: {fixture: {at: frame}}.",
            )
        for name in names[:PLACES]:
            if at is None:
                cell.boards.hold(self._board, frames[name])
            for _ in range(EACH if at is None else 2 * EACH):
                self._add(f"Board at {name}", await self._shot(cell), frames[name])

    async def _shot(self, cell: EmbeddedCell) -> Shot:
        return await cell.calibrated[self._session.camera].calibrated()

    def _add(self, words: str, shot: Shot, place: Pose | None = None) -> bool:
        try:
            self._tell(f"{words}: {self._session.add(shot.colour, place)}")
        except VisionError as error:
            self._tell(f"{words}: left out. {error}")
            return False
        return True


async def check(base: Settings, store: CalibrationStore, camera: str, by: str) -> CalibrationCheck:
    """Check a camera by the fixed board, in the embedded cell and by the wall's clock; see `CalibratedCamera.check`."""
    async with _cell(base, store, WallClock()) as cell:
        return await cell.calibrated[camera].check(by)


@asynccontextmanager
async def _cell(base: Settings, store: CalibrationStore, clock: Clock) -> AsyncIterator[EmbeddedCell]:
    vision = VisionOpen3D(base.instructions)  # not the cell's own, which loads Open3D whether it is needed or not
    try:
        async with embedded(base, clock, vision=vision, calibrations=store) as cell:
            yield cell
    finally:
        await vision.close()
