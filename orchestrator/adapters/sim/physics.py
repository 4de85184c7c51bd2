"""Dynamics for those who want them: the arm as masses on a servo, parts that fall, rest, get knocked and are dropped.

The rest of the simulator stays as it is: the drive says where the joints shall be, physics answers where they are, and
writes into the world where bodies have come to. What sits in another body (a bearing in its bore) is one rigid assembly
with it, for hulls are solid. What the gripper holds is welded to it: friction grasps drift by millimetres.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from orchestrator.adapters.sim.drive import BLOCKED_RAD, TICK_S
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.physics_model import STEP_S, Bodies
from orchestrator.adapters.sim.world import GRIPPER, HANDS, OVERLAP
from orchestrator.core.geometry import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Joints

SERVO_RAD_S = 200.0  # how quick the servo is: critically damped, computed torque
MOST_RAD_S2 = 800.0  # what it asks for at most, so that a blocked arm pushes instead of exploding
STILL_M_S, STILL_RAD_S, STILL_S = 0.004, 0.04, 0.2  # a body slower than this for so long is at rest
STEADY_RAD, STEADY_RAD_S = 2e-7, 2e-5  # an arm this near to its target stands
SAME = 1e-6  # m and as quaternions: a body that is farther from where it was left has been moved


class Physics:
    """One MuJoCo model of arm and bodies, built anew when what is loose or held changes. Same orders, same motion.

    `plates` are frames that a fixture carries (z up, its top at the frame); `masses` gives kinds their mass in kg, the
    others are as heavy as water. `tick_s` is the drive's.
    """

    def __init__(
        self,
        world: World,
        arm: ArmModel,
        base: Pose,
        *,
        plates: Sequence[Pose] = (),
        masses: Mapping[str, float] = {},
        tick_s: float = TICK_S,
    ) -> None:
        self._world, self._arm, self._base = world, arm, base
        self._plates, self._masses = tuple(plates), dict(masses)
        self._kinematics = Kinematics(arm, base)
        self._tick_s = tick_s
        self._substeps = max(1, round(tick_s / STEP_S))
        self._target = arm.home_rad
        self._opening_m = arm.gripper.stroke_m
        self._tool = arm.gripper.tcp
        self._count = len(arm.steps) + 2
        self._q = np.array([*self._target, self._opening_m / 2, self._opening_m / 2])
        self._qd = np.zeros(self._count)
        self._known: dict[str, Pose] = {body.id: world.pose(body.id) for body in world}
        self._bodies: Bodies | None = None  # the model as it was built last
        self._since_s: dict[str, float] = {}  # when what is loose moved last
        self._awake: set[str] = set()
        self._held: str | None = None
        self._grip = IDENTITY  # of what is held, in the flange's frame, as it was when the fingers closed
        self._meant: frozenset[str] = frozenset()
        self._stale = True
        self._writing = False
        self._clock_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._driven = False
        self.told: Callable[[], None] = lambda: None  # called after a tick that nobody drove
        self._unlisten = world.listen(self._moved)

    # ---- what the drive asks -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Let time pass on the running loop from now on."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        self._nudge()

    def close(self) -> None:
        """Stop."""
        self._unlisten()
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stand_at(self, joints: Joints, opening_m: float) -> None:
        """Stand there from the beginning."""
        self._target, self._opening_m = joints, opening_m
        self._q = np.array([*joints, opening_m / 2, opening_m / 2])

    def follow(self, target: Joints, opening_m: float) -> Joints:
        """Let one tick pass while the servo goes to these joints and this opening; return where the joints are."""
        self._driven = True
        self._tick(target, opening_m)
        return self.joints

    def rest(self) -> None:
        """Hear that the drive asks no more for now; what still falls does so by itself."""
        self._driven = False
        if np.abs(self._q[:-2] - self._target).max() > BLOCKED_RAD:
            self._target = self.joints  # what has held it up must not let it spring on later
        self._nudge()

    @property
    def joints(self) -> Joints:
        """Where the joints are, rad."""
        return tuple(self._q[:-2].tolist())

    @property
    def steady(self) -> bool:
        """Whether the arm stands where it shall."""
        off = np.abs(self._q[:-2] - self._target).max()
        return bool(off < STEADY_RAD and np.abs(self._qd[:-2]).max() < STEADY_RAD_S)

    def use_tool(self, tcp: Pose) -> None:
        """Hear which tool centre point, in the flange's frame, the gripper's bodies are told in."""
        self._tool = tcp

    def expect(self, bodies: Collection[str]) -> None:
        """Name the bodies that the arm means to touch from now on: hulls are too coarse for fingers and bores."""
        meant = frozenset(bodies)
        if meant != self._meant:
            self._meant = meant
            if self._bodies is not None:
                self._bodies.colour(meant)

    # ---- time --------------------------------------------------------------------------------------------------

    def _nudge(self) -> None:
        if self._loop is None or self._timer is not None or self._driven:
            return
        if self._stale or self._awake or not self.steady:
            self._timer = self._loop.call_later(self._tick_s, self._fall)

    def _fall(self) -> None:
        """Let a tick pass while nobody drives the arm."""
        self._timer = None
        if not self._driven:
            self._tick(self._target, self._opening_m)
            self.told()
            self._nudge()

    def _tick(self, target: Joints, opening_m: float) -> None:
        bodies = self._built()
        begin, end = (
            [*joints, wide / 2, wide / 2] for joints, wide in ((self._target, self._opening_m), (target, opening_m))
        )
        wanted, rate = np.asarray(begin), np.subtract(end, begin) / self._tick_s
        model, data, n = bodies.model, bodies.data, self._count
        ask = np.zeros(model.nv)
        torque = np.zeros(model.nv)
        for _ in range(self._substeps):
            wanted = wanted + rate * model.opt.timestep
            mujoco.mj_step1(model, data)
            # Computed torque: R. M. Murray, Z. Li, S. S. Sastry, "A Mathematical Introduction to Robotic Manipulation",
            # 1994, section 4.5; the bias cancels gravity, the rate feeds the wanted velocity forward.
            pull = SERVO_RAD_S**2 * (wanted - data.qpos[:n]) + 2 * SERVO_RAD_S * (rate - data.qvel[:n])
            ask[:n] = np.clip(pull, -MOST_RAD_S2, MOST_RAD_S2)
            mujoco.mj_mulM(model, data, torque, ask)
            data.qfrc_applied[:n] = torque[:n] + data.qfrc_bias[:n]
            mujoco.mj_step2(model, data)
        self._target, self._opening_m = target, opening_m
        self._q, self._qd = data.qpos[:n].copy(), data.qvel[:n].copy()
        self._clock_s += self._tick_s
        if touched := bodies.touched():
            self._awake |= touched
            self._stale = True
        self._write(bodies)

    # ---- between the model and the world -----------------------------------------------------------------------

    def _write(self, bodies: Bodies) -> None:
        """Tell the world where things have come to, and lay to rest what rests."""
        poses: dict[str, Pose] = {}
        resting = []
        for name in bodies.moving:
            pose, speed = bodies.pose(name), np.abs(bodies.speed(name))
            if name == self._held:
                poses[name] = (self._kinematics.flange(self.joints) @ self._tool).inverse() @ pose
                continue
            poses[name] = self._known[name] = pose
            if speed[:3].max() > STILL_M_S or speed[3:].max() > STILL_RAD_S:
                self._since_s[name] = self._clock_s
            elif self._clock_s - self._since_s.setdefault(name, self._clock_s) > STILL_S:
                resting.append(name)
        self._writing = True
        self._world.put(poses)
        for name in resting:
            self._awake.discard(name)
            self._since_s.pop(name)
            self._world.settle(name)
            self._known[name] = self._world.pose(name)
            self._stale = True
        self._writing = False

    def _moved(self) -> None:
        """Hear that something else has moved a body: a hand, the gripper, a fault."""
        if not self._writing:
            self._stale = True
            self._nudge()

    def _assemblies(self) -> dict[str, list[str]]:
        """Return every assembly in the cell: its lowest body, and all that is in or on it."""
        world = self._world
        return {body.id: world.with_contents(body.id) for body in world if body.parent in {"", GRIPPER}}

    def _built(self) -> Bodies:
        """Return the model of how things are now, built anew when that has changed."""
        if self._bodies is not None and not self._stale:
            return self._bodies
        before = self._bodies
        thrown = self._look()
        bodies = self._bodies = Bodies(
            self._world,
            self._arm,
            self._base,
            plates=self._plates,
            masses=self._masses,
            assemblies=self._assemblies(),
            loose=self._awake,
            held=self._held,
            grip=self._grip,
        )
        bodies.model.opt.timestep = self._tick_s / self._substeps
        bodies.data.qpos[: self._count], bodies.data.qvel[: self._count] = self._q, self._qd
        for name in bodies.moving:
            if before is not None and name in before.moving and name not in thrown:
                bodies.speed(name)[:] = before.speed(name)
        bodies.colour(self._meant)
        self._since_s.pop(self._held or "", None)
        self._stale = False
        return bodies

    def _look(self) -> set[str]:
        """Take notice of what others did to the world since the last look; return what they have moved."""
        world, held = self._world, self._world.held
        there = {body.id for body in world}
        if self._held is not None and held != self._held and self._held in there:
            self._let_go(self._held, there)
        if held is not None and held != self._held:
            self._grip = self._kinematics.flange(self.joints).inverse() @ world.pose(held)
        self._held = held
        roots = self._assemblies()
        moved = {
            name
            for name in roots
            if name != held and not world.body(name).source and not _same(self._known.get(name), world.pose(name))
        }
        self._known = {body.id: world.pose(body.id) for body in world if body.parent != HANDS}
        self._awake = (self._awake | moved) & (roots.keys() - {held})
        return moved

    def _let_go(self, name: str, there: set[str]) -> None:
        """Let what was released fall, unless it sits in something by more than a touch."""
        world = self._world
        parent = world.body(name).parent
        if parent in there and world.bounds(parent)[1, 2] - world.bounds(name)[0, 2] < OVERLAP:
            self._writing = True
            world.loosen(name)
            self._writing = False
        if world.body(name).parent == "":
            self._awake.add(name)
            self._known[name] = world.pose(name)


def _same(before: Pose | None, now: Pose) -> bool:
    return (
        before is not None
        and math.dist(before.p, now.p) < SAME
        and all(abs(a - b) < SAME for a, b in zip(before.q, now.q, strict=True))
    )
