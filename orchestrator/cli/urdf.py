"""`tandem urdf`: a cell's arm for ROS 2's own tools."""

from __future__ import annotations

from pathlib import Path

import typer

from orchestrator.app import arm_of, shared
from orchestrator.cli.places import cell_file
from orchestrator.core.errors import TandemError
from orchestrator.engine.library import read_cell


def urdf(
    cell: str = typer.Argument("demo", help="A cell: a YAML file or a name."),
    out: Path | None = typer.Option(None, help="Write it there instead of on the screen."),
    gripper: bool = typer.Option(True, help="With the gripper, as two fingers that slide."),
    hardware: str = typer.Option("", help="With what ros2_control needs to move it: as mock hardware, or in gazebo."),
    controllers: Path | None = typer.Option(None, help="In Gazebo: what the controller manager reads."),
) -> None:
    """Print a cell's arm as URDF, where it stands: ROS 2's tools see the arm that plans are made for."""
    from orchestrator.adapters.sim import urdf_told
    from orchestrator.adapters.sim.urdf_control import PLUGINS

    moved_by = next((known for known in PLUGINS if known == hardware), None)
    if hardware and moved_by is None:
        raise TandemError(f"There is no hardware '{hardware}'.", remedy=f"Take one of: {', '.join(PLUGINS)}.")
    read = controllers if controllers is not None else shared("launch") / "controllers.yaml"
    path = cell_file(cell)
    spec = read_cell(path)
    ros2 = spec.adapters.robot_ros2
    text = urdf_told.urdf(
        arm_of(path, spec.robot),
        name=spec.name,
        base=spec.robot.at,
        joints=ros2.joints if ros2 is not None else None,
        gripper=gripper,
        hardware=moved_by,
        controllers=str(read.absolute()),
    )
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
