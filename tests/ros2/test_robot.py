"""What every robot adapter promises, held by the ROS 2 robot: the suite of `tests/contract`, unchanged."""

from __future__ import annotations

from tests.contract import test_robot as suite

# All but its own rigs: the fixture `on_rig` is this folder's.
globals().update(
    {name: value for name, value in vars(suite).items() if name.startswith("test_") or name == "no_orphans"}
)
