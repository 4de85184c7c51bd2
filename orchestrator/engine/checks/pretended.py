"""A real robot is not run among simulated things: what of its cell would be, and how to begin nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.errors import Problem
    from orchestrator.engine.yaml_source import Source

REMEDY = (
    "Give cameras their ros2, and leave devices and the robot's tools out: Tandem has none over ROS 2 yet. "
    "To try the robot among simulated parts, write rehearsal: true in its robot_ros2 settings."
)


def words(cell: CellSpec) -> str:
    """Say what would be simulated around a real robot, "" for nothing."""
    if not cell.pretended:
        return ""
    return f"Around this cell's real robot {', '.join(cell.pretended)} would be simulated, so it does not start."


def pretended(source: Source, cell: CellSpec) -> list[Problem]:
    """Return a warning for a cell that does not start."""
    said = words(cell)
    return [source.problem(("adapters", "robot_ros2"), said, REMEDY, warning=True)] if said else []
