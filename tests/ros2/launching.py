"""A launch file run as `ros2 launch` runs it, with Tandem as an installed package."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *said = sys.argv[1:]
arguments = [tuple(pair.split(":=")) for pair in said]
service = LaunchService()
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=arguments)])
)
sys.exit(service.run())
"""


def prefix(folder: Path) -> Path:
    """Make an installed package as colcon does: a marker in the index, and the command."""
    marker = folder / "share" / "ament_index" / "resource_index" / "packages" / "tandem_cell"
    command = folder / "lib" / "tandem_cell" / "tandem"
    for path in (marker, command):
        path.parent.mkdir(parents=True)
    marker.touch()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m orchestrator "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def launched(folder: Path, file: str, *said: str, out: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a file of `launch/`; `folder` is for the package alone, `out` is where everything that is said goes."""
    index = f"{prefix(folder)}:{os.environ['AMENT_PREFIX_PATH']}"
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(ROOT / "launch" / file), *said],
        cwd=ROOT,
        env={**os.environ, "AMENT_PREFIX_PATH": index},
        stdout=out,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # which has a terminal's Ctrl+C to itself
    )


def signalled(launched: subprocess.Popen[str], number: int) -> None:
    """Send a signal to the launch and to all that it started, as a terminal sends Ctrl+C."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(launched.pid, number)
