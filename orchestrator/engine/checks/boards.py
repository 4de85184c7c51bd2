"""Marker boards and what is demanded of cameras: boards without a place, cameras without a board."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from orchestrator.engine.findings import hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.errors import Problem
    from orchestrator.engine.yaml_source import Source


def problems(source: Source, cell: CellSpec) -> Iterator[Problem]:
    """Yield what contradicts itself about boards within one cell file."""
    for name, board in cell.boards.items():
        if board.at is not None and board.at not in cell.frames:
            text = f"Board '{name}' sits at '{board.at}', which is no frame."
            yield source.problem(("boards", name, "at"), text, hint(board.at, cell.frames))
    for one, other in itertools.combinations(cell.boards, 2):
        if cell.boards[one].dictionary == cell.boards[other].dictionary:
            text = f"Boards '{one}' and '{other}' carry the same markers: they are mistaken for each other."
            yield source.problem(("boards", other), text, "Give each another dictionary.")
    fixed = {name for name, board in cell.boards.items() if board.at is not None}
    for name, camera in cell.cameras.items():
        rules = camera.calibration
        path = ("cameras", name, "calibration")
        if rules is None:
            continue
        if rules.board is not None and rules.board not in fixed:
            text = f"Camera '{name}' is to be checked by '{rules.board}', which is no fixed board."
            yield source.problem((*path, "board"), text, hint(rules.board, fixed) or "Give the board a frame: at.")
        elif rules.board is None and len(fixed) != 1:
            text = f"Camera '{name}' has {len(fixed) or 'no'} fixed boards to be checked by."
            remedy = (
                "Name one: board."
                if fixed
                else "Add one to boards, with its frame; until then it must be calibrated anew."
            )
            yield source.problem(path, text, remedy, warning=not fixed)
