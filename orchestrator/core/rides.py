"""Looks that the arm must move for: to bring its camera there, or to go out of the way. Robot work like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.camera import aside
from orchestrator.core.interlock import why_not
from orchestrator.core.readiness import Blocker, grip_blockers, unclear
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from orchestrator.core.state import State, StepState
    from orchestrator.core.variant import Step


def needs_ride(state: State, step: Step) -> bool:
    """Tell whether a result is looked at by a camera that the arm must bring there."""
    camera = state.spec.cameras.get(step.look.camera) if step.look is not None else None
    return camera is not None and not camera.fixed


def free_view(state: State, unit: str, step: Step) -> bool:
    """Tell whether a result can be looked at without moving: by a camera that stands still and has it in its picture.

    Of a step that names no camera on the flange whoever asks finds out.
    """
    pose = state.result_pose(unit, step)
    cameras = state.spec.fixed_cameras.values()
    return not needs_ride(state, step) or (
        pose is not None and any(not aside(camera.intrinsics, camera.at, pose.p)[0] for camera in cameras)
    )


def ride_blockers(state: State, current: StepState) -> list[Blocker]:
    """Return every reason why the arm can't set out to a look now; empty when it can."""
    if current.ride != "wanted":
        return [Blocker("not_wanted", "Nobody wants the arm to move for a look there.")]
    return arm_blockers(state)


def arm_blockers(state: State) -> list[Blocker]:
    """Return every reason why the arm can't move for any look now; empty when it can."""
    out = [Blocker("interlock", reason) for reason in why_not(state)]
    out += [Blocker("ending", f"The robot has not come to a stand after {effect}.") for effect in state.ending]
    out += grip_blockers(state)
    if (held := state.world.held()) is not None:
        out.append(Blocker("gripper", f"The gripper holds {held.part}."))
    if (doing := state.doing(ROBOT)) is not None:
        out.append(Blocker("lane", f"{ROBOT} is at {doing[0].id} {doing[1]}."))
    return out + unclear(state, None)


def makes_way(state: State) -> bool:
    """Tell whether an arm that hides a result goes home by itself, at once or as soon as people let the cell go on."""
    return all(blocker.code == "interlock" for blocker in arm_blockers(state))
