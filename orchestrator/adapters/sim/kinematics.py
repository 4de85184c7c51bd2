"""Where the arm is for given joints, and which joints bring it to a pose."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.core.geometry import IDENTITY, Pose, rotate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.core.ports import Joints

Row = tuple[float, float, float]
EXACT = 1e-9  # m and rad: what an inverse-kinematics branch must reproduce
ALIGNED = 1e-7  # sine of joint 5 below which joints 4 and 6 turn about one axis


@dataclass(frozen=True, slots=True)
class Kinematics:
    """Forward and inverse kinematics of an arm that stands at `base` in the world."""

    model: ArmModel
    base: Pose = IDENTITY
    _rows: tuple[tuple[float, float, float, float], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        half = [(row.a_m, row.d_m, math.cos(row.alpha_rad / 2), math.sin(row.alpha_rad / 2)) for row in self.model.dh]
        object.__setattr__(self, "_rows", tuple(half))

    def frames(self, joints: Sequence[float]) -> tuple[Pose, ...]:
        """Return the world poses of the base and the frames after each joint; the last is the flange."""
        px, py, pz = self.base.p
        w, x, y, z = self.base.q
        out = [self.base]
        for (a, vz, ca, sa), angle in zip(self._rows, joints, strict=True):
            ch, sh = math.cos(angle / 2), math.sin(angle / 2)
            vx, vy = a * (ch * ch - sh * sh), a * 2 * ch * sh
            tx, ty, tz = 2 * (y * vz - z * vy), 2 * (z * vx - x * vz), 2 * (x * vy - y * vx)
            px += vx + w * tx + y * tz - z * ty
            py += vy + w * ty + z * tx - x * tz
            pz += vz + w * tz + x * ty - y * tx
            bw, bx, by, bz = ch * ca, ch * sa, sh * sa, sh * ca
            w, x, y, z = (
                w * bw - x * bx - y * by - z * bz,
                w * bx + x * bw + y * bz - z * by,
                w * by - x * bz + y * bw + z * bx,
                w * bz + x * by - y * bx + z * bw,
            )
            out.append(Pose((px, py, pz), (w, x, y, z)))
        return tuple(out)

    def flange(self, joints: Sequence[float]) -> Pose:
        """Return the flange's pose in the world."""
        return self.frames(joints)[-1]

    def links(self, joints: Sequence[float], opening_m: float) -> tuple[Pose, ...]:
        """Return the world pose of every link, ordered as `arm.LINKS`, at a gripper opening in metres."""
        frames = self.frames(joints)
        flange, grip = frames[-1], self.model.gripper
        return (
            *frames,
            flange,
            beside(flange, grip.finger_pose(opening_m, 1)),
            beside(flange, grip.finger_pose(opening_m, -1)),
        )

    def branches(self, flange: Pose, seed: Sequence[float] | None = None) -> list[Joints]:
        """Return every way (up to 8) to bring the flange to a pose, each verified to 1e-9; angles in -pi to pi.

        Solved joint by joint: K. P. Hawkins, "Analytic inverse kinematics for the Universal Robots UR-5/UR-10
        arms", Georgia Tech, 2013, carried over to the classic convention. Where joints 4 and 6 turn about one
        axis, joint 6 keeps the angle of `seed` (else zero). Empty when the pose is out of reach.
        """
        target = self.base.inverse() @ flange
        found: list[Joints] = []
        for joints in self._solve(target, seed[5] if seed is not None else 0.0):
            wrapped = tuple(math.remainder(angle, math.tau) for angle in joints)
            if self._reaches(wrapped, flange) and not any(_same(wrapped, other) for other in found):
                found.append(wrapped)
        return found

    def within_limits(self, flange: Pose, seed: Sequence[float]) -> list[Joints]:
        """Return the branches, each turned by whole turns towards `seed` within the limits; the nearest first."""
        options = []
        for branch in self.branches(flange, seed):
            turned = []
            for angle, near, low, high in zip(branch, seed, self.model.lower_rad, self.model.upper_rad, strict=True):
                inside = [turn for turn in (angle - math.tau, angle, angle + math.tau) if low <= turn <= high]
                if not inside:
                    break
                turned.append(min((abs(turn - near), turn) for turn in inside)[1])
            else:
                options.append(tuple(turned))
        return sorted(options, key=lambda joints: distance(joints, seed))

    def nearest(self, flange: Pose, seed: Sequence[float]) -> Joints | None:
        """Return the joints nearest to `seed` that reach a pose within the limits; None when there are none."""
        options = self.within_limits(flange, seed)
        return options[0] if options else None

    def limit_broken(self, joints: Sequence[float]) -> str | None:
        """Name the first joint that is outside its range, with its angle; None when all are inside."""
        for index, (angle, low, high) in enumerate(
            zip(joints, self.model.lower_rad, self.model.upper_rad, strict=True), start=1
        ):
            if not low - EXACT <= angle <= high + EXACT:
                return (
                    f"joint {index} at {math.degrees(angle):.1f}° "
                    f"(range {math.degrees(low):.0f}° to {math.degrees(high):.0f}°)"
                )
        return None

    def _reaches(self, joints: Joints, flange: Pose) -> bool:
        got = self.flange(joints)
        if math.dist(got.p, flange.p) > EXACT:
            return False
        sign = 1.0 if sum(a * b for a, b in zip(got.q, flange.q, strict=True)) > 0 else -1.0
        return all(abs(a - sign * b) < EXACT for a, b in zip(got.q, flange.q, strict=True))

    def _solve(self, target: Pose, joint_6: float) -> Iterator[Joints]:
        dh = self.model.dh
        d1, a2, a3, d4, d5, d6 = dh[0].d_m, dh[1].a_m, dh[2].a_m, dh[3].d_m, dh[4].d_m, dh[5].d_m
        m = target.matrix()
        (nx, ox, ax, px), (ny, oy, ay, py), (nz, oz, az, pz) = ([float(v) for v in row] for row in m[:3])
        wx, wy = px - d6 * ax, py - d6 * ay
        radius = math.hypot(wx, wy)
        if radius < abs(d4):
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
            if abs(reach) > 1 + 1e-12:
                continue
            bend = math.acos(max(-1.0, min(1.0, reach)))
            for t3 in (bend, -bend):
                t2 = math.atan2(v, u) - math.atan2(a3 * math.sin(t3), a2 + a3 * math.cos(t3))
                yield (t1, t2, t3, total - t2 - t3, t5, t6)


def beside(pose: Pose, offset: Pose) -> Pose:
    """Return `pose @ offset`, quickly where the offset does not turn: at every tick this counts."""
    if offset.q != IDENTITY.q:
        return pose @ offset
    x, y, z = rotate(pose.q, offset.p)
    return Pose((pose.p[0] + x, pose.p[1] + y, pose.p[2] + z), pose.q)


def distance(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the largest joint difference in rad, a measure of how far the arm has to move."""
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def _same(a: Joints, b: Joints) -> bool:
    return all(abs(math.remainder(x - y, math.tau)) < 1e-7 for x, y in zip(a, b, strict=True))
