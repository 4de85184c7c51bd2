"""Which joints bring the flange to a pose: in closed form for arms of the UR's build, by iteration for all others."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ArmModel, DhRow
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Joints

    Floats = npt.NDArray[np.float64]

ALIGNED = 1e-7  # sine of joint 5 below which joints 4 and 6 turn about one axis
ROUNDING_M = 1e-9  # by which a wrist right over the shoulder may seem too near: what is yielded is verified anyhow
ROUNDING = 1e-8  # by which the elbow's cosine may exceed 1 where a stretched arm's wrist is nearly aligned: likewise
SEEDS = 30  # starting points besides the one given and home
STEPS = 30  # of the iteration; a start that has not arrived by then is given up
STRIDE_RAD = 0.4  # how far a joint may go in one step: the linear model holds no farther
ARRIVED = 3e-10  # m and rad, less than what a branch must reproduce
BIAS = 1e-9  # keeps the damping from vanishing where the arm is singular
APART_RAD = 0.01  # solutions closer than this are one


class Inverse(Protocol):
    """Inverse kinematics of one arm; targets are flange poses in the arm's base frame, angles rad."""

    def solve(self, target: Pose, seed: Joints | None) -> Iterable[Joints]:
        """Yield every way that it finds to a pose."""

    def near(self, target: Pose, seed: Joints) -> Joints | None:
        """Return the way that is met first from `seed`, within limits; None where only all ways together tell."""


class UrInverse:
    """All branches in closed form: three parallel axes in the middle, as the UR arms have them."""

    def __init__(self, dh: tuple[DhRow, ...]) -> None:
        self._dh = dh

    def near(self, target: Pose, seed: Joints) -> Joints | None:  # noqa: ARG002 - the port's names
        """Return None: all branches are had as quickly."""
        return None

    def solve(self, target: Pose, seed: Joints | None) -> Iterator[Joints]:
        """Yield up to 8 ways, not verified; where joints 4 and 6 turn about one axis, joint 6 stays as in `seed`.

        Solved joint by joint: K. P. Hawkins, "Analytic inverse kinematics for the Universal Robots UR-5/UR-10
        arms", Georgia Tech, 2013, carried over to the classic convention.
        """
        joint_6 = seed[5] if seed is not None else 0.0
        dh = self._dh
        d1, a2, a3, d4, d5, d6 = dh[0].d_m, dh[1].a_m, dh[2].a_m, dh[3].d_m, dh[4].d_m, dh[5].d_m
        m = target.matrix()
        (nx, ox, ax, px), (ny, oy, ay, py), (nz, oz, az, pz) = ([float(v) for v in row] for row in m[:3])
        wx, wy = px - d6 * ax, py - d6 * ay
        radius = math.hypot(wx, wy)
        if radius < abs(d4) - ROUNDING_M:
            return
        lean = math.acos(max(-1.0, min(1.0, d4 / radius)))
        for sign_1, sign_5 in itertools.product((1, -1), (1, -1)):
            t1 = math.atan2(wy, wx) + sign_1 * lean + math.pi / 2
            s1, c1 = math.sin(t1), math.cos(t1)
            # Sine and cosine of joint 5 apart: an arc cosine alone loses half the digits near zero.
            c5 = ax * s1 - ay * c1
            s5 = sign_5 * math.hypot(nx * s1 - ny * c1, ox * s1 - oy * c1)
            t5 = math.atan2(s5, c5)
            t6 = joint_6 if abs(s5) < ALIGNED else math.atan2(-(ox * s1 - oy * c1) / s5, (nx * s1 - ny * c1) / s5)
            s6, c6 = math.sin(t6), math.cos(t6)
            # Axes of frame 4 in the plane of the arm (u outwards along joint 1's x, z up).
            # With n, o, a the axes of the flange: x4 = c5 (c6 n - s6 o) - s5 a, and y5 = s6 n + c6 o along joint 5.
            x4u = c5 * (c6 * (nx * c1 + ny * s1) - s6 * (ox * c1 + oy * s1)) - s5 * (ax * c1 + ay * s1)
            x4z = c5 * (c6 * nz - s6 * oz) - s5 * az
            axis_u = s6 * (nx * c1 + ny * s1) + c6 * (ox * c1 + oy * s1)
            axis_z = s6 * nz + c6 * oz
            u = wx * c1 + wy * s1 + d5 * axis_u
            v = pz - d6 * az - d1 + d5 * axis_z
            total = math.atan2(x4z, x4u)
            reach = (u * u + v * v - a2 * a2 - a3 * a3) / (2 * a2 * a3)
            if abs(reach) > 1 + ROUNDING:
                continue
            bend = math.acos(max(-1.0, min(1.0, reach)))
            for t3 in (bend, -bend):
                t2 = math.atan2(v, u) - math.atan2(a3 * math.sin(t3), a2 + a3 * math.cos(t3))
                yield (t1, t2, t3, total - t2 - t3, t5, t6)


class LeastSquares:
    """Damped least squares from many starts at once, each step held inside the joints' limits.

    The step is J' (J J' + k I)^-1 e: C. W. Wampler, "Manipulator inverse kinematic solutions based on vector
    formulations and damped least-squares methods", IEEE Trans. SMC 16(1), 1986; Y. Nakamura and H. Hanafusa, "Inverse
    kinematic solutions with singularity robustness for robot manipulator control", ASME J. DSMC 108(3), 1986. The
    damping k falls with the error, half its square and a small bias: T. Sugihara, "Solvability-unconcerned inverse
    kinematics by the Levenberg-Marquardt method", IEEE Trans. Robotics 27(5), 2011. Starts are the same every time.
    """

    def __init__(self, model: ArmModel) -> None:
        self._low, self._high = np.asarray(model.lower_rad), np.asarray(model.upper_rad)
        mount, steps = model.mount.matrix(), [step.matrix() for step in model.steps]
        self._mount = (mount[:3, :3], mount[:3, 3])
        self._steps = [(step[:3, :3], step[:3, 3]) for step in steps]
        middle, half = (self._low + self._high) / 2, (self._high - self._low) / 2
        spread = np.random.default_rng(0).uniform(-1, 1, (SEEDS, len(steps))) * np.minimum(half, math.pi)
        self._starts = np.vstack([np.asarray(model.home_rad), middle + spread])

    def near(self, target: Pose, seed: Joints) -> Joints | None:
        """Return where the iteration from `seed` ends; None when it does not arrive."""
        return next(iter(self._descend(np.asarray([seed], dtype=np.float64), target)), None)

    def solve(self, target: Pose, seed: Joints | None) -> Iterator[Joints]:
        """Yield the different ways that are met from all starts, the one from `seed` first; all within limits."""
        starts = self._starts if seed is None else np.vstack([np.asarray(seed, dtype=np.float64), self._starts])
        found: list[Joints] = []
        for way in self._descend(starts, target):
            if all(
                max(abs(math.remainder(a - b, math.tau)) for a, b in zip(way, o, strict=True)) > APART_RAD
                for o in found
            ):
                found.append(way)
                yield way

    def _descend(self, starts: Floats, target: Pose) -> list[Joints]:
        """Iterate from every start, (m, n) rad, and return those that arrive, in the order of their starts."""
        wanted = target.matrix()
        turn, place = wanted[:3, :3], wanted[:3, 3]
        arrived: dict[int, Joints] = {}
        index = np.arange(len(starts))
        q = np.clip(starts, self._low, self._high)
        for _ in range(STEPS):
            error, jacobian = self._linear(q, turn, place)
            size = np.linalg.norm(error, axis=1)
            done = size < ARRIVED
            if done.any():
                arrived.update(zip(index[done].tolist(), map(tuple, q[done].tolist()), strict=True))
                index, q, error, jacobian, size = (part[~done] for part in (index, q, error, jacobian, size))
            if not len(index):
                break
            step = self._step(jacobian, error, size)
            # A joint at its limit that would go beyond takes no part: the others are asked anew.
            out = ((q <= self._low) & (step < 0)) | ((q >= self._high) & (step > 0))
            if out.any():
                step = self._step(np.where(out[:, None, :], 0.0, jacobian), error, size)
            longest = np.abs(step).max(axis=1, keepdims=True)
            q = np.clip(q + step * np.minimum(1.0, STRIDE_RAD / np.maximum(longest, 1e-12)), self._low, self._high)
        return [arrived[k] for k in sorted(arrived)]

    @staticmethod
    def _step(jacobian: Floats, error: Floats, size: Floats) -> Floats:
        damping = (size * size / 2 + BIAS)[:, None, None] * np.eye(6)
        across = jacobian.transpose(0, 2, 1)
        return np.asarray((across @ np.linalg.solve(jacobian @ across + damping, error[:, :, None]))[:, :, 0])

    def _linear(self, q: Floats, turn: Floats, place: Floats) -> tuple[Floats, Floats]:
        """Return what is missing, (m, 6) in m and rad in the base's axes, and the Jacobians (m, 6, n)."""
        frame = np.broadcast_to(self._mount[0], (len(q), 3, 3))
        at = np.broadcast_to(self._mount[1], (len(q), 3))
        cos, sin = np.cos(q), np.sin(q)
        axes, origins = [], []
        for i, (step_turn, step_at) in enumerate(self._steps):
            axes.append(frame[:, :, 2])
            origins.append(at)
            turned = np.empty_like(frame)
            c, s = cos[:, i, None], sin[:, i, None]
            turned[:, :, 0] = c * frame[:, :, 0] + s * frame[:, :, 1]
            turned[:, :, 1] = c * frame[:, :, 1] - s * frame[:, :, 0]
            turned[:, :, 2] = frame[:, :, 2]
            at = at + turned @ step_at
            frame = turned @ step_turn
        axis = np.stack(axes, axis=2)
        lever = at[:, :, None] - np.stack(origins, axis=2)
        jacobian = np.empty((len(q), 6, len(axes)))
        jacobian[:, 3:] = axis
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):  # the cross product, which numpy's own takes long over
            jacobian[:, i] = axis[:, j] * lever[:, k] - axis[:, k] * lever[:, j]
        return np.concatenate([place - at, _turn_between(frame, turn)], axis=1), jacobian


def _turn_between(frame: Floats, turn: Floats) -> Floats:
    """Return the rotation vectors (m, 3) that bring rotations `frame` (m, 3, 3) to `turn`."""
    delta = turn @ frame.transpose(0, 2, 1)
    lean = np.stack(
        [delta[:, 2, 1] - delta[:, 1, 2], delta[:, 0, 2] - delta[:, 2, 0], delta[:, 1, 0] - delta[:, 0, 1]], 1
    )
    sine = np.linalg.norm(lean, axis=1)
    angle = np.arctan2(sine, np.trace(delta, axis1=1, axis2=2) - 1.0)
    return np.asarray(lean * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 0.5)[:, None])
