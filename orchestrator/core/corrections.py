"""Which part a person may be moving into its place while a camera can say how far off it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from orchestrator.core.camera import aside
from orchestrator.core.machine import StepStatus
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.state import State


class Correction(NamedTuple):
    """A part that a person at a place brings to where an attempt at a step wants it."""

    place: str
    unit: str
    step: str
    attempt: int


def under_way(state: State, of: Correction) -> bool:
    """Tell whether an attempt is still one that `correctable` allows."""
    found = state.step(of.unit, of.step)
    return found is not None and found[1].attempt == of.attempt and correctable(state, of.place, of.unit, of.step)


def correctable(state: State, place: str, unit: str, step: str) -> bool:
    """Tell whether somebody at a place may be correcting a step's part, and a camera that stands still could see it.

    That is while they are at the step, or while it asks what is to be done; not while the gripper holds the part.
    """
    found = state.step(unit, step)
    if found is None or place not in state.places:
        return False
    authored, current = found
    mine = current.status == StepStatus.ACTIVE and place in current.actors and "confirm" in current.wants
    if not mine and current.status != StepStatus.ATTENTION:
        return False
    spec = state.part_spec(unit, authored.result.kind or "")
    pose = state.result_pose(unit, authored)
    if "camera" not in authored.check or spec is None or not spec.mesh or spec.flexible or pose is None:
        return False
    if any(fact.holder == GRIPPER for fact in state.world.chain(f"{unit}/{authored.result.part}")):
        return False
    return any(not aside(camera.intrinsics, camera.at, pose.p)[0] for camera in state.spec.fixed_cameras.values())
