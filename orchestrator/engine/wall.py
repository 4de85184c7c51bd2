"""Seconds of the wall, for a loop that runs faster: a simulated cell can be hurried, networks and browsers can't."""

from __future__ import annotations

import asyncio


def wall_s(seconds: float) -> float:
    """Return how many seconds of the running loop pass in so many of the wall; outside of a loop they are the same."""
    try:
        return seconds * float(getattr(asyncio.get_running_loop(), "speed", 1.0))
    except RuntimeError:
        return seconds
