"""The tests of this folder in a shell that has sourced the ROS 2 that was found, where this one has not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ros2.found import setups, sourced, usable


def test_everything_in_a_shell_with_ros_2():
    if sourced():
        pytest.skip("ROS 2 is sourced: the tests run in this process")
    found = setups()
    if not found:
        pytest.skip("no ROS 2 was found: none is sourced, none named by TANDEM_ROS, none under /opt/ros")
    setup = next((path for path in found if usable(path)), None)
    if setup is None:
        pytest.skip(f"{found[0]} was built for another Python than {sys.version.split()[0]}")
    script = f'source "{setup}" && exec "{sys.executable}" -m pytest -q -m ros2 tests/ros2'
    root = Path(__file__).parents[2]
    done = subprocess.run(["bash", "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]
    print(done.stdout.splitlines()[-1])
