"""The beginning of a session: which board, and what is believed of the camera so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.calibration.session import Session
from orchestrator.core.calibration import BoardSpec
from orchestrator.core.errors import known

if TYPE_CHECKING:
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.core.cell import CellSpec

USUAL = "chart"  # the board of a cell that names none


def board_for(spec: CellSpec, name: str | None, *, still: bool = False) -> tuple[str, BoardSpec]:
    """Return the board that is named, else the first of `boards_for`. Raises NotFound."""
    boards = boards_for(spec, still=still)
    if name is not None and name not in boards:
        raise known("board", name, boards)
    chosen = name or next(iter(boards))
    return chosen, boards[chosen]


def boards_for(spec: CellSpec, *, still: bool = False) -> dict[str, BoardSpec]:
    """Return the boards of a cell, loose ones first, or with `still` fixed ones; the usual chart where it has none."""
    order = sorted(spec.boards, key=lambda name: (spec.boards[name].at is None) == still)
    return {name: spec.boards[name] for name in order} or {USUAL: BoardSpec()}


def session_for(spec: CellSpec, store: CalibrationStore, camera: str, board: BoardSpec) -> Session:
    """Return an empty session that begins at what counts, else at what the cell file says."""
    seen, counts = spec.cameras[camera], store.current(camera)
    lens, pose = (counts.intrinsics, counts.pose) if counts is not None else (seen.intrinsics, seen.at)
    return Session(camera, not seen.fixed, board, lens, pose, counts.parts if counts is not None else ())
