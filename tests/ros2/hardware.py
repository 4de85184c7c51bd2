"""What stands behind the ROS 2 interfaces in tests: an arm under a trajectory controller, fingers, a wrist that feels.

The controller does what ros2_controllers' joint_trajectory_controller does (read of its source, 2026): a new
trajectory takes over from the current state at once, by quintic splines between waypoints, straight to one without
speeds; it counts from its stamp, where it has one; a trajectory on the topic leaves the goal under way alone, which
then ends with the topic's. With interpolate_from_desired_state it takes over from what was commanded last, as if that
were a cycle older. With allow_trajectory_replacement one that takes over begins where the arm is told to be, and a
stamp that is past counts for nothing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.contact import between_fingers
from orchestrator.adapters.sim.feeler import Feeler
from orchestrator.adapters.sim.kinematics import Kinematics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.contact import Fit
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose, Vector

MEASURED_S = 0.002  # over which a speed can be told
CYCLE_S = 0.008  # of the controller
FINE_S = 0.002  # between two places of an arm that lags
LONG_S = 1e9
PUSH_N = 15.0  # what the wrist feels once something is touched: the fingers' compliance gives way at this force


@dataclass(frozen=True)
class Point:
    """A waypoint: when (s from the start), where, how fast, with which acceleration."""

    t: float
    q: tuple[float, ...]
    v: tuple[float, ...]
    a: tuple[float, ...]


class Surroundings(Protocol):
    """What the arm may meet."""

    def moved(self, tcp: Pose, opening_m: float) -> None:
        """Hear where the tool is."""

    def between(self) -> float | None:
        """Return the opening (m) at which the fingers meet something, closing; None for nothing."""

    def grasp(self) -> None:
        """Take what is between the fingers."""

    def drop(self) -> None:
        """Let go."""

    def set_out(self, direction: Vector, reach_m: float) -> None:
        """Hear that the tool sets out on a straight way."""

    def touches(self) -> bool:
        """Whether something was met on that way, by where the tool is now."""


class InWorld:
    """A simulated world around the arm."""

    def __init__(self, world: World, fits: Sequence[Fit] = (), seed: int = 1) -> None:
        self._world, self._fits = world, tuple(fits)
        self._random = np.random.default_rng(seed)
        self._opening_m = UR5E.gripper.stroke_m
        self._feeler: Feeler | None = None

    def moved(self, tcp: Pose, opening_m: float) -> None:
        self._world.tcp, self._opening_m = tcp, opening_m

    def between(self) -> float | None:
        if self._world.held is not None:
            return self._opening_m
        found = between_fingers(self._world, UR5E.gripper, self._opening_m)
        return found[1] if found else None

    def grasp(self) -> None:
        if self._world.held is None and (found := between_fingers(self._world, UR5E.gripper, self._opening_m)):
            self._world.grasp(found[0])

    def drop(self) -> None:
        self._world.drop()

    def set_out(self, direction: Vector, reach_m: float) -> None:
        if self._feeler is not None:
            self._feeler.close()
        self._feeler = Feeler(
            self._world,
            UR5E.gripper,
            self._opening_m,
            direction,
            reach_m,
            self._fits,
            random=self._random,
        )

    def touches(self) -> bool:
        if self._feeler is None:
            return False
        contact = self._feeler.look()
        return contact is not None and self._feeler.depth_m >= contact.after_m - 1e-6


class Nothing:
    """Nothing around the arm."""

    def moved(self, tcp: Pose, opening_m: float) -> None: ...

    def between(self) -> float | None:
        return None

    def grasp(self) -> None: ...

    def drop(self) -> None: ...

    def set_out(self, direction: Vector, reach_m: float) -> None: ...

    def touches(self) -> bool:
        return False


class Arm:
    """Joints under a trajectory controller, which are where it wants them, unless told to lag.

    `lag_s` is a first-order lag, `delay_s` how long a place is under way to them. A speed slider slows the joints, too.
    """

    def __init__(self, around: Surroundings, base: Pose) -> None:
        self._kinematics = Kinematics(UR5E, base)
        self._around = around
        self.q = UR5E.home_rad
        self.v = self.a = (0.0,) * 6
        self.told = self.q  # where the controller wants them
        self.lag_s = self.delay_s = 0.0
        self.replaces = False  # allow_trajectory_replacement
        self.from_desired = False  # interpolate_from_desired_state
        self._line: deque[tuple[float, tuple[float, ...]]] = deque([(-LONG_S, self.q)])  # what is under way to them
        self._points: list[Point] = []
        self._begun_s = 0.0
        self.opening_m = UR5E.gripper.stroke_m
        self._fingers: float | None = None  # where they go
        self.stalled = False  # something keeps the fingers from getting there
        self.fastest_m_s = 0.0  # that the TCP has ever been
        self.speed = 1.0  # of the trajectory's time, as a speed slider or a stopped program scales it
        self._way_s = 0.0
        self._now_s = 0.0
        self._at = self.tcp
        around.moved(self._at, self.opening_m)

    @property
    def tcp(self) -> Pose:
        return self._kinematics.flange(self.q) @ UR5E.gripper.tcp

    @property
    def under_way(self) -> bool:
        return bool(self._points)

    @property
    def push_N(self) -> float:  # noqa: N802 - the newton's symbol
        return PUSH_N if self._around.touches() else 0.0

    def take(self, points: Sequence[Point], now_s: float, begins_s: float | None = None) -> None:
        """Follow these from here on, as if since `begins_s`, or from now on; not those that are over by then."""
        self.step(now_s)
        gone_s = 0.0 if begins_s is None else now_s - begins_s
        if points[-1].t < gone_s:
            return
        replaces = self.replaces and self.under_way
        gone_s = min(gone_s, 0.0) if replaces else gone_s
        begin = self.told if replaces or self.from_desired else self.q
        begun_s = gone_s - CYCLE_S if self.from_desired and not replaces else gone_s
        here = [Point(begun_s, begin, self.v, (0.0,) * 6)] if points[0].t > gone_s else []
        self._points = [*here, *points]
        self._way_s = gone_s
        here, there = self.tcp, self._kinematics.flange(points[-1].q) @ UR5E.gripper.tcp
        length = math.dist(here.p, there.p)
        if length > 1e-4:
            x, y, z = ((b - a) / length for a, b in zip(here.p, there.p, strict=True))
            self._around.set_out((x, y, z), length + 0.001)

    def hold(self) -> None:
        """Stand where it is, at once."""
        self._points = []
        self.told = self.q
        self._line = deque([(-LONG_S, self.q)])
        self.v = self.a = (0.0,) * 6

    def move_fingers(self, opening_m: float) -> None:
        self._fingers, self.stalled = opening_m, False
        if opening_m > self.opening_m:
            self._around.drop()

    def hold_fingers(self) -> None:
        self._fingers = None

    @property
    def fingers_under_way(self) -> bool:
        return self._fingers is not None

    def step(self, now_s: float) -> None:
        """Let time pass until `now_s`."""
        dt, self._now_s = max(0.0, now_s - self._now_s), max(now_s, self._now_s)
        fine = max(1, math.ceil(dt / FINE_S)) if self.lag_s or self.delay_s else 1
        for k in range(fine):
            self._step_joints(dt / fine, self._now_s - dt + (k + 1) * dt / fine)
        if self._fingers is not None:
            self._step_fingers(dt)
        before, self._at = self._at, self.tcp
        if dt > MEASURED_S:
            self.fastest_m_s = max(self.fastest_m_s, math.dist(before.p, self._at.p) / dt)
        self._around.moved(self._at, self.opening_m)

    def _step_joints(self, dt: float, now_s: float) -> None:
        ideal = not (self.lag_s or self.delay_s)
        if self._points:
            self._way_s += dt * self.speed
            self.told, v, a = _sample(self._points, self._way_s)
            if ideal:
                self.q = self.told
                self.v, self.a = tuple(self.speed * x for x in v), tuple(self.speed**2 * x for x in a)
            if self._way_s >= self._points[-1].t:
                self._points, self.v, self.a = [], (0.0,) * 6, (0.0,) * 6
        if ideal:
            return
        self._line.append((now_s, self.told))
        while len(self._line) > 2 and self._line[1][0] <= now_s - self.delay_s:
            self._line.popleft()
        (s, before), (t, after) = self._line[0], self._line[1]
        part = min(max((now_s - self.delay_s - s) / max(t - s, 1e-9), 0.0), 1.0)
        comes = tuple(p + part * (q - p) for p, q in zip(before, after, strict=True))
        share = 1.0 if self.lag_s == 0.0 else 1.0 - math.exp(-dt * self.speed / self.lag_s)
        went = tuple(share * (there - q) for q, there in zip(self.q, comes, strict=True))
        self.q = tuple(q + step for q, step in zip(self.q, went, strict=True))
        self.v, self.a = tuple(step / dt if dt > 0 else 0.0 for step in went), (0.0,) * 6

    def _step_fingers(self, dt: float) -> None:
        assert self._fingers is not None
        target = self._fingers
        closing = target < self.opening_m
        met = self._around.between() if closing else None
        end = max(target, met) if met is not None else target
        step = UR5E.gripper.speed_m_s * dt
        left = end - self.opening_m
        if abs(left) <= step:
            self.opening_m = end
            self._fingers = None
            self.stalled = met is not None and end > target
            if self.stalled:
                self._around.grasp()
        else:
            self.opening_m += math.copysign(step, left)


def _sample(points: list[Point], t: float) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return positions, speeds and accelerations at `t` on quintic splines."""
    if t >= points[-1].t:
        still = (0.0,) * len(points[-1].q)
        return points[-1].q, points[-1].v or still, points[-1].a or still
    low, high = 0, len(points) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if points[middle].t <= t else (low, middle)
    a, b = points[low], points[low + 1]
    span, x = b.t - a.t, t - a.t
    if not (a.v and b.v):
        v = tuple((q1 - q0) / span for q0, q1 in zip(a.q, b.q, strict=True))
        return tuple(q0 + x * v0 for q0, v0 in zip(a.q, v, strict=True)), v, (0.0,) * len(v)
    out = []
    for p0, v0, a0, p1, v1, a1 in zip(a.q, a.v, a.a, b.q, b.v, b.a, strict=True):
        c3 = (20 * (p1 - p0) - (8 * v1 + 12 * v0) * span - (3 * a0 - a1) * span**2) / (2 * span**3)
        c4 = (30 * (p0 - p1) + (14 * v1 + 16 * v0) * span + (3 * a0 - 2 * a1) * span**2) / (2 * span**4)
        c5 = (12 * (p1 - p0) - (6 * v1 + 6 * v0) * span - (a0 - a1) * span**2) / (2 * span**5)
        out.append(
            (
                p0 + x * (v0 + x * (a0 / 2 + x * (c3 + x * (c4 + x * c5)))),
                v0 + x * (a0 + x * (3 * c3 + x * (4 * c4 + x * 5 * c5))),
                a0 + x * (6 * c3 + x * (12 * c4 + x * 20 * c5)),
            )
        )
    return tuple(o[0] for o in out), tuple(o[1] for o in out), tuple(o[2] for o in out)
