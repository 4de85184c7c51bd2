"""Whether the robot's arm, or what it holds, stands between a camera and a result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.core.sight import hidden, points_in, solid_of
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.ports import Robot, Solid
    from orchestrator.core.state import State
    from orchestrator.core.variant import PartSpec

AROUND_M = 0.01  # of a part that must be seen with it
HIDES = 0.05  # share of a part and what is around it, from which on the arm is in the way


class ArmInView:
    """One robot's arm as cameras see it."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot

    def hides(self, state: State, eye: Vector, part: str, spec: PartSpec, pose: Pose) -> bool:
        """Tell whether the arm hides a part at a pose (its mesh's, world) from a camera at `eye` (m, world).

        It does not hide what the gripper holds: there it belongs. What the camera is mounted in is not in its way.
        """
        chain = [*state.world.chain(part)]
        if chain and chain[-1].holder == GRIPPER:
            return False
        (left, front, bottom), (right, back, top) = spec.low_m, spec.high_m
        low = (left - AROUND_M, front - AROUND_M, bottom - AROUND_M)
        high = (right + AROUND_M, back + AROUND_M, top + AROUND_M)
        return self.covers(state, eye, low, high, pose)

    def covers(self, state: State, eye: Vector, low: Vector, high: Vector, pose: Pose) -> bool:
        """Tell whether the arm, or what it holds, hides a box with these corners (m) at a pose from a camera."""
        points = points_in(low, high, pose)
        solids = [solid for solid in (*self._arm(), *self._held(state)) if not hidden(eye, np.array([eye]), [solid])]
        return hidden(eye, points, solids) >= HIDES

    def _arm(self) -> list[Solid]:
        links = self._robot.state.value.links
        body = self._robot.capabilities.body
        return [replace(solid, pose=links[link] @ solid.pose) for link, solid in body if link < len(links)]

    def _held(self, state: State) -> list[Solid]:
        held = state.world.held()
        if held is None:
            return []
        out = []
        for fact in (held, *state.world.on(held.part)):
            spec = state.part_spec(fact.unit, fact.kind)
            pose = state.world.pose(fact.part, self._robot.state.value.tcp)
            if spec is not None and spec.mesh and pose is not None:
                out.append(solid_of(spec.low_m, spec.high_m, pose))
        return out
