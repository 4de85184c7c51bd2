"""How a simulated robot misbehaves, for faults: switches that the robot reads, all off where nobody set one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Quirks:
    """What is wrong with one robot now."""

    stale: bool = False  # no reading comes any more: its stamp stops
    silent: bool = False  # motions never reach a terminal state, and cancels are not answered
    deaf: bool = False  # while silent, a stop is not answered either
    holding: bool | None = None  # what the gripper's sensor says, whatever is between the fingers
