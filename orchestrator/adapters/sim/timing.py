"""Jerk-limited motion along a path, whose speed can be scaled at any time and which can be stopped anywhere."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import ruckig

from orchestrator.core.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.core.ports import Joints

    Floats = npt.NDArray[np.float64]

SHARE = 0.5  # of a joint's acceleration and jerk kept for speeding up; the rest is for following the curve


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A smooth piece of path through joint space, q(s) for s from 0 to `length`.

    A piecewise cubic: between two `knots`, `pieces` give each joint's four coefficients, constant term first. Whoever
    follows it with path speed, acceleration and jerk below `speed`, `acceleration` and `jerk` keeps the joints' limits.
    """

    knots: tuple[float, ...]
    pieces: tuple[tuple[tuple[float, float, float, float], ...], ...]
    speed: float
    acceleration: float
    jerk: float

    @property
    def length(self) -> float:
        """The path parameter at the end."""
        return self.knots[-1]

    def at(self, s: float) -> Joints:
        """Return the joints (rad) at path parameter `s`, held at the ends."""
        s = min(max(s, 0.0), self.length)
        index = min(max(bisect_right(self.knots, s) - 1, 0), len(self.pieces) - 1)
        x = s - self.knots[index]
        return tuple(a + x * (b + x * (c + x * d)) for a, b, c, d in self.pieces[index])

    def slopes(self, s: float) -> tuple[Joints, Joints]:
        """Return q'(s) and q''(s), rad per unit of the path parameter and its square."""
        s = min(max(s, 0.0), self.length)
        index = min(max(bisect_right(self.knots, s) - 1, 0), len(self.pieces) - 1)
        x = s - self.knots[index]
        piece = self.pieces[index]
        return (
            tuple(b + x * (2 * c + x * 3 * d) for _, b, c, d in piece),
            tuple(2 * c + x * 6 * d for _, _, c, d in piece),
        )


def straight(start: Joints, end: Joints, arm: ArmModel, speed: float = math.inf) -> Curve:
    """Return the straight joint-space curve from `start` to `end`; `speed` caps its path speed (1/s, length 1)."""
    delta = np.subtract(end, start)
    moved = np.maximum(np.abs(delta), 1e-12)
    return Curve(
        (0.0, 1.0),
        (tuple((float(a), float(d), 0.0, 0.0) for a, d in zip(start, delta, strict=True)),),
        min(speed, float((np.array(arm.velocity_rad_s) / moved).min())),
        float((np.array(arm.acceleration_rad_s2) / moved).min()),
        float((np.array(arm.jerk_rad_s3) / moved).min()),
    )


def through(points: Sequence[Joints], distances: Sequence[float], arm: ArmModel, speed: float = math.inf) -> Curve:
    """Return the cubic spline through close `points` at increasing path `distances`.

    `speed` caps its path speed, in the distances' unit per second. By the chain rule a joint's acceleration is at most
    |q''| v² + |q'| a and its jerk at most |q'''| v³ + 3 |q''| v a + |q'| j; the path speed v is the highest that
    leaves a share of acceleration and jerk for a and j. Raises PlanError where the curve is too sharp to follow.
    """
    knots = np.asarray(distances, dtype=np.float64)
    coefficients = _spline(knots, np.asarray(points, dtype=np.float64))
    steps = np.diff(knots)[:, None]
    b, c, d = coefficients[:, 1], coefficients[:, 2], coefficients[:, 3]
    # On each piece q'' is linear and q' a parabola, so q' is bounded by its control values.
    slope = np.maximum.reduce([np.abs(b), np.abs(b + c * steps), np.abs(b + 2 * c * steps + 3 * d * steps**2)])
    bend = np.maximum(np.abs(2 * c), np.abs(2 * c + 6 * d * steps))
    twist = np.abs(6 * d)
    q1, q2, q3 = (np.maximum(values.max(axis=0), 1e-12) for values in (slope, bend, twist))
    limit_v, limit_a, limit_j = (
        np.array(limits) for limits in (arm.velocity_rad_s, arm.acceleration_rad_s2, arm.jerk_rad_s3)
    )
    acceleration = float((SHARE * limit_a / q1).min())
    jerk = float((SHARE * limit_j / q1).min())
    v = min(
        speed,
        float((limit_v / q1).min()),
        float(np.sqrt((1 - SHARE) * limit_a / q2).min()),
    )
    spare = (1 - SHARE) * limit_j
    while v > 1e-9 and bool(np.any(q3 * v**3 + 3 * q2 * v * acceleration > spare)):
        v *= 0.9
    if v <= 1e-9:
        raise PlanError("The path is too sharp to follow.", remedy="Move to its start by another way.")
    pieces = tuple(tuple((p[0], p[1], p[2], p[3]) for p in piece) for piece in coefficients.transpose(0, 2, 1).tolist())
    return Curve(tuple(knots.tolist()), pieces, v, acceleration, jerk)


def _spline(knots: Floats, values: Floats) -> Floats:
    """Return the cubic spline's coefficients, (pieces, 4, joints), constant term first.

    Its end pieces go on as the pieces beside them do (not-a-knot): with no bend at the ends, as a natural spline has
    it, the TCP would leave its line there and be 2 % too fast.
    """
    from scipy.interpolate import CubicSpline

    pieces = CubicSpline(knots, values, bc_type="not-a-knot").c
    return np.ascontiguousarray(pieces[::-1].transpose(1, 0, 2))


class Ride:
    """A ride along a curve, tick by tick. Speed factor and stop take effect at once, within the curve's limits.

    It begins at rest at the curve's start, unless `state` tells the path parameter, its speed and acceleration.
    """

    def __init__(self, curve: Curve, factor: float = 1.0, state: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        self.curve = curve
        self._solver = ruckig.Ruckig(1)
        self._state = state
        self._elapsed = 0.0
        self._halting = False
        self._braking = False  # to its end, which is too near for anything else
        self._factor = factor
        self._end = curve.length
        self._replan()

    @property
    def s(self) -> float:
        """Where on the path it is."""
        return self._state[0]

    @property
    def speed(self) -> float:
        """How fast the path parameter grows now, 1/s."""
        return self._state[1]

    @property
    def state(self) -> tuple[float, float, float]:
        """The path parameter, its speed (1/s) and acceleration (1/s²)."""
        return self._state

    @property
    def share(self) -> float:
        """The share of the path done, 0 to 1."""
        return min(1.0, self._state[0] / self._end) if self._end > 0 else 1.0

    @property
    def standing(self) -> bool:
        """Whether it stands, at its end, stopped or paused."""
        return self._elapsed >= float(self._trajectory.duration)

    @property
    def arrived(self) -> bool:
        """Whether it has come to its end."""
        return self.standing and not self._halting and self._factor > 0

    @property
    def remaining_s(self) -> float:
        """Seconds until it stands at its end or stop, as things are now."""
        return max(0.0, float(self._trajectory.duration) - self._elapsed)

    def scale(self, factor: float) -> None:
        """Set the speed factor, 0 to 1; 0 pauses in place."""
        if factor != self._factor:
            self._factor = factor
            if not self._halting:
                self._replan()

    def halt(self) -> None:
        """Stop as fast as the limits allow, for good."""
        if not self._halting:
            self._halting = True
            self._replan()

    def end_at(self, s: float) -> float:
        """Let it end at path parameter `s`, or, when that is nearer than it can stop, as soon as the limits allow.

        Returns where it will come to its end. It may be farther than before, as far as the curve goes.
        """
        stop = self._planned(stop=True)
        nearest = float(stop.at_time(stop.duration)[0][0])
        self._braking = s < nearest
        self._end = min(max(s, nearest), self.curve.length)
        if not self._halting:
            self._replan()
        return self._end

    def advance(self, dt_s: float) -> Joints:
        """Let time pass and return the joints (rad)."""
        self._elapsed += dt_s
        position, speed, acceleration = self._trajectory.at_time(min(self._elapsed, self._trajectory.duration))
        if self.standing:
            speed, acceleration = [0.0], [0.0]
        self._state = (position[0], speed[0], acceleration[0])
        return self.curve.at(position[0])

    def _replan(self) -> None:
        self._trajectory = self._planned(stop=self._halting or self._braking or self._factor <= 0)
        self._elapsed = 0.0

    def _planned(self, *, stop: bool) -> ruckig.Trajectory:
        """Return the timing from here on: to a stand wherever that is soonest, or else to the end."""
        curve = self.curve
        ask = ruckig.InputParameter(1)
        ask.current_position, ask.current_velocity, ask.current_acceleration = ([value] for value in self._state)
        ask.max_acceleration, ask.max_jerk = [curve.acceleration], [curve.jerk]
        ask.target_velocity, ask.target_acceleration = [0.0], [0.0]
        if stop:
            ask.control_interface = ruckig.ControlInterface.Velocity
            ask.max_velocity = [curve.speed]
        else:
            ask.target_position = [self._end]
            ask.max_velocity = [curve.speed * self._factor]
        trajectory = ruckig.Trajectory(1)
        result = self._solver.calculate(ask, trajectory)
        if result not in (ruckig.Result.Working, ruckig.Result.Finished):
            raise PlanError(f"No timing along the path ({result}).", remedy="Report it with the journal: it is a bug.")
        return trajectory
