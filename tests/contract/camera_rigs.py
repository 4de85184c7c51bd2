"""Cameras under test: how each is made, how its time passes, and hands for what it sees."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orchestrator.core.ports import Camera, Clock

LENS = intrinsics_for(320, 240, 50.0)
ABOVE = Pose.from_rpy((0.45, 0.0, 0.8), (math.pi, 0.0, 0.0))
BOX = Box((0.1, 0.1, 0.06))
UNDER = Pose((0.45, 0.0, 0.03))  # where a box stands below the middle of the picture


class CameraRig(Protocol):
    """A camera called top under test, above an empty table, and its clock."""

    camera: Camera
    clock: Clock

    def put(self, shape: Box) -> None:
        """Put a box under the camera."""

    def clear(self) -> None:
        """Take everything away."""

    def blind(self) -> None:
        """Let no picture come any more."""

    def see(self) -> None:
        """Let pictures come again."""

    async def close(self) -> None:
        """End the camera and all that belongs to it."""


class CameraKind(Protocol):
    """An adapter under test."""

    def run(self, main: Callable[[], Awaitable[Any]]) -> Any:
        """Run a coroutine in this adapter's time."""

    def make(self, folder: Path) -> CameraRig:
        """Make a rig. Called inside `run`; `folder` is for the test alone."""


class EmbeddedRig:
    """The simulated camera under virtual time."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(asyncio.get_running_loop())
        self._world = World(MeshStore(folder))
        self._sim = SimCamera(CameraSetup("top", ABOVE, LENS), self._world, self.clock, robot=None, seed=1)
        self.camera = self._sim

    def put(self, shape: Box) -> None:
        """Add a body to the true world."""
        self._world.add("box", shape, UNDER, source="rack")

    def clear(self) -> None:
        """Empty the true world."""
        for body in tuple(self._world):
            self._world.remove(body.id)

    def blind(self) -> None:
        """Pull its cable."""
        self._sim.blacked_out = True

    def see(self) -> None:
        """Plug it in again."""
        self._sim.blacked_out = False

    async def close(self) -> None:
        """There is nothing to end."""


class Embedded:
    """The embedded cell's camera."""

    def run(self, main: Callable[[], Any]) -> Any:
        """Run it under virtual time."""
        return run_virtual(main)

    def make(self, folder: Path) -> CameraRig:
        """Make a camera in an empty world."""
        return EmbeddedRig(folder)
