"""A simulated person who brings a marker board before a camera, and takes it away again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.adapters.camera_sim import SimCamera
    from orchestrator.adapters.sim.boards import SimBoards
    from orchestrator.core.calibration import BoardSpec
    from orchestrator.core.geometry import Pose


class BoardHands:
    """Implements `Hands` of the calibrator: the board is in the cell for one picture, a fixed one back in its place."""

    def __init__(self, boards: SimBoards, cameras: Mapping[str, SimCamera]) -> None:
        self._boards = boards
        self._cameras = cameras

    @contextmanager
    def show(self, camera: str, name: str, board: BoardSpec, at: Pose | None) -> Iterator[None]:
        """Have a board at a pose (world) for the length of the context; None leaves it where it is."""
        if (seen := self._cameras.get(camera)) is None:
            yield  # a real camera: people hold the board
            return
        seen.in_grey = True
        try:
            if at is None:
                yield
                return
            self._boards.specs.setdefault(name, board)
            try:
                before = self._boards.where(name)
            except NotFound:
                before = None
            self._boards.hold(name, at)
            try:
                yield
            finally:
                self._boards.take_away(name)
                if before is not None:
                    self._boards.hold(name, before)
        finally:
            seen.in_grey = False
