"""Poses, frames and tolerances. SI inside: metres and radians; quaternions are (w, x, y, z), unit length."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

MICROMETRE = 6  # decimals of a metre that records keep, so that the same run gives the same bytes


@dataclass(frozen=True, slots=True)
class Pose:
    """A rigid transform: where a frame sits in its parent.

    `p` is the position in metres; `q` the unit quaternion (w, x, y, z).
    """

    p: Vector = (0.0, 0.0, 0.0)
    q: Quaternion = field(default=(1.0, 0.0, 0.0, 0.0))

    @classmethod
    def from_rpy(cls, p: Sequence[float], rpy: Sequence[float] = (0.0, 0.0, 0.0)) -> Pose:
        """Make a pose from a position (m) and fixed-axis roll, pitch, yaw (rad), as in URDF.

        >>> Pose.from_rpy((1, 0, 0), (0, 0, math.pi)).apply((1, 0, 0))
        (0.0, 0.0, 0.0)
        """
        roll, pitch, yaw = (angle / 2 for angle in rpy)
        cr, sr, cp, sp, cy, sy = (
            math.cos(roll),
            math.sin(roll),
            math.cos(pitch),
            math.sin(pitch),
            math.cos(yaw),
            math.sin(yaw),
        )
        q = (
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        )
        return cls((float(p[0]), float(p[1]), float(p[2])), q)

    @classmethod
    def from_matrix(cls, matrix: Matrix) -> Pose:
        """Make a pose from a homogeneous 4x4 matrix (Shepperd's method for the rotation)."""
        m = matrix
        trace = float(m[0, 0] + m[1, 1] + m[2, 2])
        candidates = (trace, float(m[0, 0]), float(m[1, 1]), float(m[2, 2]))
        largest = candidates.index(max(candidates))
        if largest == 0:
            q = (1 + trace, m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1])
        elif largest == 1:
            q = (m[2, 1] - m[1, 2], 1 + m[0, 0] - m[1, 1] - m[2, 2], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0])
        elif largest == 2:
            q = (m[0, 2] - m[2, 0], m[0, 1] + m[1, 0], 1 - m[0, 0] + m[1, 1] - m[2, 2], m[1, 2] + m[2, 1])
        else:
            q = (m[1, 0] - m[0, 1], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], 1 - m[0, 0] - m[1, 1] + m[2, 2])
        return cls((float(m[0, 3]), float(m[1, 3]), float(m[2, 3])), _unit(q))

    def matrix(self) -> Matrix:
        """Return the homogeneous 4x4 matrix."""
        w, x, y, z = self.q
        out = np.eye(4)
        out[:3, :3] = (
            (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        )
        out[:3, 3] = self.p
        return out

    def __matmul__(self, other: Pose) -> Pose:
        """Chain two poses: `a @ b` is where `b`, given in the frame `a`, sits in `a`'s parent."""
        x, y, z = rotate(self.q, other.p)
        return Pose((self.p[0] + x, self.p[1] + y, self.p[2] + z), _unit(multiply(self.q, other.q)))

    def inverse(self) -> Pose:
        """Return the pose of the parent in this frame."""
        conjugate = (self.q[0], -self.q[1], -self.q[2], -self.q[3])
        x, y, z = rotate(conjugate, self.p)
        return Pose((-x, -y, -z), conjugate)

    def apply(self, point: Sequence[float]) -> Vector:
        """Return a point (m) of this frame in the parent's coordinates, rounded to a nanometre."""
        x, y, z = rotate(self.q, (float(point[0]), float(point[1]), float(point[2])))
        return tuple(round(a + b, 9) + 0.0 for a, b in zip(self.p, (x, y, z), strict=True))  # type: ignore[return-value]

    def shifted(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Pose:
        """Return this pose moved along its own axes by metres."""
        return self @ Pose((x, y, z))

    def rounded(self) -> Pose:
        """Return this pose with micrometres and microradians kept, as records hold it."""
        return Pose(
            tuple(round(v, MICROMETRE) + 0.0 for v in self.p),  # type: ignore[arg-type]
            tuple(round(v, MICROMETRE) + 0.0 for v in self.q),  # type: ignore[arg-type]
        )

    @property
    def z_axis(self) -> Vector:
        """The direction of this frame's z axis in the parent, unit length."""
        return rotate(self.q, (0.0, 0.0, 1.0))


IDENTITY = Pose()


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Multiply two quaternions (Hamilton product)."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Rotate a vector by a unit quaternion."""
    w, x, y, z = q
    tx, ty, tz = 2 * (y * v[2] - z * v[1]), 2 * (z * v[0] - x * v[2]), 2 * (x * v[1] - y * v[0])
    return (
        v[0] + w * tx + y * tz - z * ty,
        v[1] + w * ty + z * tx - x * tz,
        v[2] + w * tz + x * ty - y * tx,
    )


def _unit(q: Iterable[float]) -> Quaternion:
    values = [float(v) for v in q]
    norm = math.sqrt(sum(v * v for v in values))
    w, x, y, z = (v / norm for v in values)
    return (w, x, y, z)


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a part is from where it should be, in the result's frame: metres and radians per axis."""

    xyz_m: Vector
    rot_rad: Vector

    @property
    def distance_m(self) -> float:
        """The length of the offset in metres."""
        return math.hypot(*self.xyz_m)

    @property
    def pose(self) -> Pose:
        """The same as a pose in the target's frame."""
        angle = math.hypot(*self.rot_rad)
        share = math.sin(angle / 2) / angle if angle > 1e-12 else 0.5
        x, y, z = (v * share for v in self.rot_rad)
        return Pose(self.xyz_m, (math.cos(angle / 2), x, y, z))

    def within(self, within_m: Vector, within_rad: Vector) -> bool:
        """Tell whether every axis is inside its tolerance (half-widths, m and rad)."""
        return all(abs(v) <= t for v, t in zip(self.xyz_m, within_m, strict=True)) and all(
            abs(v) <= t for v, t in zip(self.rot_rad, within_rad, strict=True)
        )


def deviation(actual: Pose, target: Pose, symmetry_z: int | None = None) -> Deviation:
    """Compare two poses of one frame, given in the same parent, in the target's axes.

    `symmetry_z` is the order of rotational symmetry about the part's z: 0 means any angle, `None` none.
    The rotation is the rotation vector (axis times angle, rad) after the symmetry is taken out.
    """
    delta = target.inverse() @ actual
    w, x, y, z = delta.q
    if symmetry_z is not None:
        yaw = 2 * math.atan2(z, w)
        turn = yaw if symmetry_z == 0 else round(yaw / (math.tau / symmetry_z)) * (math.tau / symmetry_z)
        w, x, y, z = multiply((w, x, y, z), (math.cos(-turn / 2), 0.0, 0.0, math.sin(-turn / 2)))
    if w < 0:
        w, x, y, z = -w, -x, -y, -z
    sine = math.sqrt(x * x + y * y + z * z)
    scale = 2.0 if sine < 1e-9 else 2 * math.atan2(sine, w) / sine
    return Deviation(delta.p, (x * scale, y * scale, z * scale))
