"""Robots under test: how each is made, how its time passes, and the hands that a test needs at its hardware."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.physics import Physics
from orchestrator.adapters.sim.world import World
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Safety
from tests.unit.own_arms import own_arm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orchestrator.core.ports import Box, Clock, Motion, Robot


class Rig(Protocol):
    """A robot under test, its clock, and hands at its hardware. Made anew for each test, not ready yet."""

    robot: Robot
    clock: Clock
    span_s: float  # over how long a speed can be told from states and their stamps; 0: from one to the next
    creep_rad: float  # how far a joint of the arm may turn in half a second while it stands
    lag: float  # the share by which its time may go more slowly than `clock` does
    late_s: float  # how long it may press on after what it met should have stopped it; mostly two thirds of that

    def trip(self, safety: Safety = Safety.PROTECTIVE_STOP) -> None:
        """Let the rated hardware stop the arm and report this state; NORMAL is the release of an emergency stop."""

    def lose_safety(self) -> None:
        """Let no more safety data come, until they count as stale."""

    def regain_safety(self) -> None:
        """Let safety data come again, all well."""

    def deafen(self, motion: Motion) -> None:
        """Let the controller not answer the cancel of this motion."""

    def put(self, kind: str, shape: Box, pose: Pose) -> str:
        """Put a real body into the cell, which the robot knows nothing of; returns its id."""

    def take(self, body: str) -> None:
        """Take a real body out of the cell, which the robot hears nothing of."""

    async def close(self) -> None:
        """End the robot and all that belongs to it."""


class RigKind(Protocol):
    """An adapter under test."""

    def run(self, main: Callable[[], Awaitable[Any]]) -> Any:
        """Run a coroutine in this adapter's time."""

    def make(self, folder: Path) -> Rig:
        """Make a rig. Called inside `run`; `folder` is empty and for the test alone."""


class EmbeddedRig:
    """The simulated robot under virtual time."""

    span_s = creep_rad = lag = late_s = 0.0

    def __init__(self, folder: Path, options: Callable[[World], dict[str, Any]]) -> None:
        self.clock = VirtualClock(asyncio.get_running_loop())
        self._world = World(MeshStore(folder))
        self._sim = SimRobot(self._world, self.clock, **{"seed": 1, **options(self._world)})
        self.robot: Robot = self._sim
        self.trip = self._sim.trip
        self.close = self._sim.close

    def lose_safety(self) -> None:
        """The simulated hardware says itself that it does not know."""
        self._sim.trip(Safety.UNKNOWN)

    def regain_safety(self) -> None:
        """As after a network that was gone."""
        self._sim.trip(Safety.NORMAL)

    def deafen(self, motion: Any) -> None:
        """Let what asks for a cancellation go nowhere; stops still reach it."""
        ask = motion.ask_stop
        motion.ask_stop = lambda outcome: None if outcome.kind == "canceled" else ask(outcome)

    def put(self, kind: str, shape: Box, pose: Pose) -> str:
        """Add a body to the true world, on a rack: under physics, too, it stays in the air until it is touched."""
        return self._world.add(kind, shape, pose, source="rack")

    def take(self, body: str) -> None:
        """Remove a body from the true world."""
        self._world.remove(body)


class Embedded:
    """The embedded cell's robot, with further arguments of `SimRobot` for a world."""

    def __init__(self, options: Callable[[World], dict[str, Any]] = lambda world: {}) -> None:
        self._options = options

    def run(self, main: Callable[[], Any]) -> Any:
        """Run it under virtual time."""
        return run_virtual(main)

    def make(self, folder: Path) -> Rig:
        """Make a robot in an empty world."""
        return EmbeddedRig(folder, self._options)


ROBOTS: dict[str, RigKind] = {
    "embedded": Embedded(),
    "embedded_500hz": Embedded(lambda world: {"rate_hz": 500}),
    "embedded_urdf": Embedded(lambda world: {"arm": own_arm("six_axis")}),
    "embedded_physics": Embedded(lambda world: {"physics": Physics(world, UR5E, Pose())}),
}


def others_at_work() -> tuple[frozenset[threading.Thread], frozenset[int | None]]:
    """Return the threads and child processes that there are now."""
    return frozenset(threading.enumerate()), frozenset(child.pid for child in multiprocessing.active_children())


def tasks() -> set[asyncio.Task[Any]]:
    """Return every task but the one that asks."""
    current = asyncio.current_task()
    return {task for task in asyncio.all_tasks() if task is not current}
