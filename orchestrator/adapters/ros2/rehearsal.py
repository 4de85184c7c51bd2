"""A rehearsal: a real controller moves an arm (or a mock of one) among parts that are simulated.

What lies in the cell, what the fingers meet and what the wrist feels is the simulated world's; where the arm is, is
the controller's. Fingers that close where a simulated part lies are sent to its width only, as if it were there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.contact import between_fingers
from orchestrator.adapters.sim.feeler import SAME_M, Feeler
from orchestrator.adapters.sim.guarded import STIFF_N_M
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from orchestrator.adapters.ros2.course import Waypoint
    from orchestrator.adapters.ros2.link import Ended, Goal, Heard, JointReading, Link, Server
    from orchestrator.adapters.ros2.readings import Readings
    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.contact import Fit
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Safety

LONG_M = 0.1  # a way that feels for contact is shorter than this


class Rehearsal:
    """A link to a controller's arm, with hands and a sense of touch in a simulated world.

    `readings` translate the gripper's joint.
    """

    def __init__(
        self,
        link: Link,
        world: World,
        readings: Readings,
        *,
        arm: ArmModel,
        base: Pose,
        fits: Callable[[], Sequence[Fit]] = tuple,
        seed: int = 0,
    ) -> None:
        self._link, self._world, self._readings = link, world, readings
        self._arm = arm
        self._kinematics = Kinematics(arm, base)
        self._fits = fits
        self._random = np.random.default_rng((seed, 1))
        self._feeler: Feeler | None = None
        self._way: Vector = (0.0, 0.0, 1.0)  # along which it feels
        self._reflex: Callable[[Vector], bool] | None = None
        self._goal: Goal | None = None
        self._opening_m = arm.gripper.stroke_m
        self._heard: Heard

    # ---- what is heard -----------------------------------------------------------------------------------------

    def open(self, heard: Heard) -> None:
        """Begin to listen."""
        self._heard = heard
        self._link.open(self)

    def joints(self, reading: JointReading) -> None:
        """Hear where the arm is: the tool, and what it holds, is there in the simulated world."""
        if (read := self._readings.hear(reading)) is not None:
            self._opening_m = read.opening_m
            force = (self._world.pull_N, 0.0, self._pressed(self._tcp(read.joints)))
            if self._reflex is not None and self._reflex(force) and self._goal is not None:
                self._goal.drop()
            self._heard.wrench(force, reading.came_s)
        self._heard.joints(reading)

    def wrench(self, force_N: Vector, felt_s: float) -> None:  # noqa: N803 - the newton's symbol
        """Hear a real sensor, which feels none of what is simulated."""

    def safety_told(self, safety: Safety, told_s: float) -> None:
        """Hear the safety state."""
        self._heard.safety_told(safety, told_s)

    def scaled(self, share: float) -> None:
        """Hear to which share the robot itself slows what moves it."""
        self._heard.scaled(share)

    def program(self, *, running: bool) -> None:
        """Hear whether the robot's program runs."""
        self._heard.program(running=running)

    def _pressed(self, tcp: Pose) -> float:
        """Take the simulated tool to where the arm's is, or to where it meets something; return the push, N.

        What is met does not yield: arm, fingers and part do, so that a part which is let go of lies in its seat.
        """
        self._world.tcp = tcp
        if self._feeler is None or (contact := self._feeler.look()) is None:
            return 0.0
        past_m = self._feeler.depth_m - contact.after_m
        if past_m < 0.0:
            return 0.0
        x, y, z = (a - past_m * b for a, b in zip(tcp.p, self._way, strict=True))
        self._world.tcp = Pose((x, y, z), tcp.q)
        return STIFF_N_M * past_m

    def _tcp(self, joints: Sequence[float]) -> Pose:
        return self._kinematics.flange(joints) @ self._arm.gripper.tcp

    # ---- what is asked -----------------------------------------------------------------------------------------

    async def wait_for(self, server: Literal["gripper", "moveit"], limit_s: float) -> bool:
        """Tell whether an action server is there, waiting for one at most `limit_s`."""
        return await self._link.wait_for(server, limit_s)

    async def choose(self, limit_s: float) -> tuple[str, str]:
        """Use the first active controller of those that are named."""
        return await self._link.choose(limit_s)

    async def doubt(self) -> str:
        """Return what is said of the controller in use where it is not active."""
        return await self._link.doubt()

    def follow(self, waypoints: Sequence[Waypoint], by: Server = "controller") -> Goal:
        """Give the controller, or MoveIt, a trajectory, and feel ahead where that is a short way."""
        here, there = self._world.tcp, self._tcp(waypoints[-1].positions)
        length = math.dist(here.p, there.p)
        self._numb()
        if SAME_M < length < LONG_M:
            x, y, z = ((b - a) / length for a, b in zip(here.p, there.p, strict=True))
            self._way = (x, y, z)
            self._feeler = Feeler(
                self._world,
                self._arm.gripper,
                self._opening_m,
                (x, y, z),
                length,
                self._fits(),
                random=self._random,
            )
        self._goal = self._link.follow(waypoints, by)
        return self._goal

    def steer(self, waypoints: Sequence[Waypoint], stamp_s: float | None = None) -> bool:
        """Publish a trajectory on the controller's topic."""
        return self._link.steer(waypoints, stamp_s)

    def calm(self) -> None:
        """Cancel every goal of the controller, whoever gave it."""
        self._link.calm()

    def feel(self, reflex: Callable[[Vector], bool] | None) -> None:
        """Ask `reflex` at each simulated force, and cancel the controller's goal where it says so."""
        self._reflex = reflex

    @property
    def holding(self) -> bool | None:
        """What is held is told by the simulated world, through the gripper's joint."""
        return None

    def grip(self, position: float, effort: float, *, closes: bool) -> Goal:
        """Move the fingers: closing, to what is simulated between them, which they hold then; opening, they let go."""
        opening = self._readings.opening(position)
        grasps = opening < self._opening_m - SAME_M or self._world.held is not None
        if opening > self._opening_m + SAME_M:
            self._world.drop()
            return self._link.grip(position, effort, closes=closes)
        met = None if self._world.held else between_fingers(self._world, self._arm.gripper, self._opening_m)
        stops_m = self._opening_m if self._world.held else met[1] if met is not None else opening
        goal = self._link.grip(self._readings.position(max(opening, stops_m)), effort, closes=closes)
        if grasps and met is not None:
            body = met[0]

            def take(ended: Ended) -> None:
                if ended.status == "succeeded" and self._world.held is None:
                    self._world.grasp(body)

            goal.ended.add_done_callback(lambda done: take(done.result()))
        return goal

    async def prepare(self) -> str:
        """Have the robot made ready."""
        return await self._link.prepare()

    async def release(self) -> str:
        """Have a protective stop released."""
        return await self._link.release()

    async def close(self) -> None:
        """End the link."""
        self._numb()
        await self._link.close()

    def _numb(self) -> None:
        if self._feeler is not None:
            self._feeler.close()
            self._feeler = None
