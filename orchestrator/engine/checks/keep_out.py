"""Keep-out zones of a cell file: what the robot is to reach must not stand in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.errors import Problem
    from orchestrator.core.geometry import Vector
    from orchestrator.engine.yaml_source import Source

WHY = ": the robot can't reach it."
REMEDY = "Move it out, or make the zone smaller."


def kept_out(source: Source, cell: CellSpec) -> list[Problem]:
    """Return the robot's base, frames, nests and bins that stand in a keep-out zone.

    A nest and a bin in a grid are the robot's own, so there it is an error; other frames and loose bins may be a
    person's, which only deserves a warning.
    """
    found: dict[tuple[str, str], tuple[tuple[str, ...], bool]] = {}  # of a bin one corner is enough
    for name, zone in cell.keep_out.items():
        for path, what, point, reached in _things(cell):
            if zone.contains(point):
                found.setdefault((what, name), (path, reached))
    return [
        source.problem(path, f"{what} stands in keep-out zone '{zone}'{WHY}", REMEDY, warning=not reached)
        for (what, zone), (path, reached) in found.items()
    ]


def _things(cell: CellSpec) -> Iterator[tuple[tuple[str, ...], str, Vector, bool]]:
    """Yield everything with a place: its path in the file, its name in words, where (m), whether the robot needs it."""
    nests = {frame: role for role, frames in cell.nests.items() for frame in frames}
    yield ("robot", "at"), "The robot's base", cell.robot.at.p, True
    for name, pose in cell.frames.items():
        if name in nests:
            yield ("frames", name), f"Frame '{name}' of nest '{nests[name]}'", pose.p, True
        else:
            yield ("frames", name), f"Frame '{name}'", pose.p, False
    for name, spec in cell.supply.items():
        if spec.size_m is not None:
            for corner in spec.corners:
                yield ("supply", name, "at"), f"Bin '{name}'", corner.p, True
            continue
        if spec.grid is None:
            yield ("supply", name), f"Bin '{name}'", spec.at.p, False
            continue
        last = spec.grid[0] * spec.grid[1] - 1
        for point in dict.fromkeys(spec.slot(i).p for i in (0, spec.grid[1] - 1, last - spec.grid[1] + 1, last)):
            yield ("supply", name, "at"), f"Bin '{name}'", point, spec.for_robot
