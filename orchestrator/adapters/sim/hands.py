"""What a person's hands do to the true parts when the person says that a part is placed."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.world import HANDS
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from orchestrator.adapters.sim.world import Body, World
    from orchestrator.core.ports import Box, Mesh

PULL_N = 20.0  # of a hand that takes a part out of the gripper
NOISE_M, NOISE_RAD = 0.0001, 0.001  # one sigma of careful hands; twice that at most
SLIP_M = 0.002
TRAY = "tray"  # the kind of what loose parts lie on


class Slip(StrEnum):
    """A mistake that a person makes without noticing."""

    OFF = "off"  # 2 mm beside
    UPSIDE_DOWN = "upside_down"
    WRONG_PART = "wrong_part"
    FORGOT = "forgot"


class SimHands:
    """Moves true parts as a person would. Works on the world alone and knows nothing of orders or steps."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = np.random.default_rng(seed)

    def place(
        self,
        kind: str,
        target_pose: Pose,
        *,
        shape: Box | Mesh | None = None,
        expected_from: Pose | None = None,
        slip: Slip | None = None,
        bin_name: str = "",
    ) -> str | None:
        """Put a part of a kind at a pose in the world (m) and return the body's id.

        Taken is what the hands hold, else the one nearest to `expected_from`, else one from supply, else a new one of
        `shape`; loose parts are taken from `bin_name` alone. None when the person forgot it, or when there is none and
        no shape to make one of.
        """
        if slip is Slip.FORGOT:
            return None
        body = self._wrong(kind) if slip is Slip.WRONG_PART else None
        if body is None:
            body = self._find(kind, target_pose, expected_from, bin_name)
        if body is None and shape is not None:
            body = self._world.body(self._world.add(kind, shape, target_pose))
        if body is None:
            return None
        pose = target_pose @ self._noise()
        if slip is Slip.OFF:
            angle = float(self._random.uniform(0, math.tau))
            pose = pose.shifted(SLIP_M * math.cos(angle), SLIP_M * math.sin(angle))
        if slip is Slip.UPSIDE_DOWN:
            low, high = self._world.triangles(body.id).bounds
            pose = pose @ Pose.from_rpy((0.0, 0.0, float(low[2] + high[2])), (math.pi, 0.0, 0.0))
        self._world.settle(body.id, pose)
        return body.id

    def take(self, body_id: str) -> None:
        """Take a body out of the cell, with all that sits on it."""
        self._world.take(body_id)

    def pull(self) -> None:
        """Take hold of what the gripper holds, and pull: it is the hand's once the fingers open."""
        self._world.pull(PULL_N)

    def let_go(self) -> None:
        """Let go of what the gripper still holds."""
        self._world.pull(0.0)

    def take_from_gripper(self) -> str | None:
        """Take what the gripper holds, as at a handover; returns its id, None when it holds nothing."""
        held = self._world.held
        if held is not None:
            self._world.take(held)
        return held

    def _find(self, kind: str, target: Pose, expected: Pose | None, bin_name: str) -> Body | None:
        bodies = [body for body in self._world if body.kind == kind]
        in_hand = [body for body in bodies if body.parent == HANDS]
        if in_hand:
            return in_hand[0]
        free = [body for body in bodies if body.id in self._world.visible()]
        if expected is not None:
            return min(free, key=lambda body: math.dist(self._world.pose(body.id).p, expected.p), default=None)
        supplied = [b for b in free if b.source and (b.source == bin_name or not self._world.loose(b.id))]
        return min(supplied, key=lambda body: math.dist(self._world.pose(body.id).p, target.p), default=None)

    def _wrong(self, kind: str) -> Body | None:
        others = [body for body in self._world if body.source and body.kind not in {kind, TRAY}]
        return others[int(self._random.integers(len(others)))] if others else None

    def _noise(self) -> Pose:
        x, y, yaw = np.clip(self._random.standard_normal(3), -2, 2).tolist()
        return Pose.from_rpy((NOISE_M * x, NOISE_M * y, 0.0), (0.0, 0.0, NOISE_RAD * yaw))
