"""Moves until contact: what is met on the way, and what the robot makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.sim.contact import Contact, Fit, ahead, tips_ahead
from orchestrator.core.ports import GuardedMove, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from orchestrator.adapters.sim.arm import ParallelGripper
    from orchestrator.adapters.sim.world import World


def met(
    world: World,
    gripper: ParallelGripper,
    opening_m: float,
    command: GuardedMove,
    fits: Sequence[Fit],
    random: np.random.Generator,
) -> Contact | None:
    """Return what the held body, or else the finger tips, truly meet within the command's distance."""
    held = world.held
    if held is not None:
        return ahead(world, held, command.direction, command.distance_m, fits, random)
    return tips_ahead(world, gripper, opening_m, command.direction, command.distance_m)


def judged(command: GuardedMove, depth_m: float, *, contact: bool) -> Outcome:
    """Return how a guarded move ended that came to rest at a depth; the robot feels force, not what it met."""
    low, high = command.window_m
    force = command.force_N if contact else 0.0
    window = f"the window from {1000 * low:.1f} to {1000 * high:.1f} mm"
    if contact and low <= depth_m <= high:
        return Outcome("succeeded", depth_m=depth_m, force_N=force)
    if contact and depth_m < low:
        message = f"Stopped on {force:g} N at {1000 * depth_m:.1f} mm, before {window}."
        remedy = "Retreat, look where part and seat are, and try again."
        return Outcome("aborted", "jammed", message, remedy, depth_m, force)
    message = f"Nothing was met within {1000 * depth_m:.1f} mm" if not contact else f"Met at {1000 * depth_m:.1f} mm"
    return Outcome(
        "aborted", "no_contact", f"{message}; expected was {window}.", "Look whether the part is there.", depth_m, force
    )
