"""By what screens find the real cell: points to touch that there are, not in a line, and a board that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.engine.findings import hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.errors import Problem
    from orchestrator.engine.yaml_source import Source

NARROW_M = 0.1  # points nearer to a line than this leave a turn about it open


def problems(source: Source, cell: CellSpec) -> Iterator[Problem]:
    """Yield what is wrong with a cell file's `registration`."""
    rules = cell.registration
    known = [name for name in rules.touch if name in cell.frames]
    for name in rules.touch:
        if name not in cell.frames:
            text = f"Point '{name}' of registration is no frame."
            yield source.problem(("registration", "touch"), text, hint(name, cell.frames))
    if rules.touch and len(known) == len(rules.touch) and _spread(cell, known) < NARROW_M:
        text = "The points to touch lie nearly in a line."
        yield source.problem(("registration", "touch"), text, "Add a frame that lies aside, 100 mm or more.")
    fixed = {name for name, board in cell.boards.items() if board.at is not None}
    if rules.board is not None and rules.board not in fixed:
        text = f"Screens are to look at board '{rules.board}', which is no fixed board."
        yield source.problem(("registration", "board"), text, hint(rules.board, fixed) or "Give the board a frame: at.")


def _spread(cell: CellSpec, names: list[str]) -> float:
    """Return how far (m) the points reach aside of the line along which they reach farthest."""
    points = np.array([cell.frames[name].p for name in names])
    _, _, axes = np.linalg.svd(points - points.mean(axis=0))
    aside = (points - points.mean(axis=0)) @ axes[1]
    return float(np.ptp(aside))
