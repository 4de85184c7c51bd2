"""Where the arm is for given joints, and which joints bring it to a pose."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.inverse import Inverse, LeastSquares, UrInverse
from orchestrator.core.geometry import IDENTITY, Pose, rotate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.core.ports import Joints

EXACT = 1e-9  # m and rad: what an inverse-kinematics branch must reproduce
CLOSE_RAD = 0.3  # joints this near to the seed are taken for the nearest, without a look at all others


@dataclass(frozen=True, slots=True)
class Kinematics:
    """Forward and inverse kinematics of an arm that stands at `base` in the world."""

    model: ArmModel
    base: Pose = IDENTITY
    _rows: tuple[tuple[float, ...], ...] = field(init=False, repr=False, compare=False)
    _inverse: Inverse = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", tuple((*step.p, *step.q) for step in self.model.steps))
        object.__setattr__(self, "_inverse", UrInverse(self.model.dh) if self.model.dh else LeastSquares(self.model))

    def frames(self, joints: Sequence[float]) -> tuple[Pose, ...]:
        """Return the world poses of the base and the frames after each joint; the last is the flange."""
        first = self.base if self.model.mount == IDENTITY else self.base @ self.model.mount
        px, py, pz = first.p
        w, x, y, z = first.q
        out = [self.base]
        for (a, b, vz, cw, cx, cy, cz), angle in zip(self._rows, joints, strict=True):
            ch, sh = math.cos(angle / 2), math.sin(angle / 2)
            cosine = ch * ch - sh * sh
            vx, vy = a * cosine - b * 2 * ch * sh, a * 2 * ch * sh + b * cosine
            tx, ty, tz = 2 * (y * vz - z * vy), 2 * (z * vx - x * vz), 2 * (x * vy - y * vx)
            px += vx + w * tx + y * tz - z * ty
            py += vy + w * ty + z * tx - x * tz
            pz += vz + w * tz + x * ty - y * tx
            bw, bx, by, bz = ch * cw - sh * cz, ch * cx - sh * cy, ch * cy + sh * cx, ch * cz + sh * cw
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
        """Return the world pose of every link, ordered as `ArmModel.drawn`, at a gripper opening in metres."""
        frames = self.frames(joints)
        flange, grip = frames[-1], self.model.gripper
        return (
            *frames,
            flange,
            beside(flange, grip.finger_pose(opening_m, 1)),
            beside(flange, grip.finger_pose(opening_m, -1)),
        )

    def branches(self, flange: Pose, seed: Sequence[float] | None = None) -> list[Joints]:
        """Return the ways to bring the flange to a pose, each verified to 1e-9; angles in -pi to pi.

        All of them (up to 8) for an arm of the UR's build; where joints 4 and 6 turn about one axis there, joint 6
        keeps the angle of `seed` (else zero). Of other arms those that many starts lead to. Empty when the pose is
        out of reach.
        """
        target = self.base.inverse() @ flange
        found: list[Joints] = []
        for joints in self._inverse.solve(target, None if seed is None else tuple(seed)):
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
        close = self._inverse.near(self.base.inverse() @ flange, tuple(seed))
        if close is not None and distance(close, seed) < CLOSE_RAD and self._reaches(close, flange):
            return close
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
