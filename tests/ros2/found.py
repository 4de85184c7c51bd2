"""Whether there is a ROS 2 to test with, and why not."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

OPT = Path("/opt/ros")


def setups() -> list[Path]:
    """Return the setup files of installations that are not sourced: TANDEM_ROS names one, others are in /opt/ros."""
    named = [Path(os.environ["TANDEM_ROS"])] if "TANDEM_ROS" in os.environ else []
    return [path for path in (*named, *sorted(OPT.glob("*/setup.bash"), reverse=True)) if path.is_file()]


def sourced() -> bool:
    """Whether rclpy can be imported here."""
    return importlib.util.find_spec("rclpy") is not None


def usable(setup: Path) -> bool:
    """Whether this Python can import rclpy once a setup file was sourced."""
    script = f'source "{setup}" && exec "{sys.executable}" -c "import rclpy"'
    return subprocess.run(["bash", "-c", script], capture_output=True, check=False).returncode == 0


def why_not() -> str:
    """Return why tests that need ROS 2 can't run in this process, "" where they can."""
    if sourced():
        return ""
    found = setups()
    if not found:
        return "no ROS 2 was found: none is sourced, none named by TANDEM_ROS, none under /opt/ros"
    return f"ROS 2 is not sourced here; test_sourced.py runs this with {found[0]}"
