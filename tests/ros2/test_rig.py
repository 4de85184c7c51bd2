"""The rig of these tests itself, where its servers don't come up: no ROS 2 is needed for that."""

from __future__ import annotations

import pytest

from tests.ros2.rig import ServerProcess


def test_servers_that_end_as_they_start_are_named_instead_of_waited_for():
    with pytest.raises(AssertionError, match=r"tests\.ros2\.nowhere ended as it started, with code 1"):
        ServerProcess(module="tests.ros2.nowhere").start()
