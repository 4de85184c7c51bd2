"""A ROS 2 robot whose safety state nobody tells is for supervised use only, and its cell file says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.errors import Problem
    from orchestrator.engine.yaml_source import Source


def supervised_only(source: Source, cell: CellSpec) -> list[Problem]:
    """Return a warning for a cell in which nobody tells the robot's safety state."""
    settings = cell.adapters.robot_ros2
    if settings is None or settings.safety.source != "none" or settings.safety.supervised:
        return []
    return [
        source.problem(
            ("adapters", "robot_ros2", "safety"),
            "Nobody tells this robot's safety state: the cell is for supervised use only.",
            "Name a topic that does: safety: {source: topic, state: /safety_state}; or write supervised: true there.",
            warning=True,
        )
    ]
