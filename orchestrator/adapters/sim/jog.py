"""Jogging: from a wished velocity to joint motion, tick by tick, such that a stop is always possible in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import ruckig

from orchestrator.adapters.sim.collision import Collision
from orchestrator.adapters.sim.kinematics import beside
from orchestrator.adapters.sim.search import STEP_M, travel
from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import IDENTITY, Pose, Quaternion, Vector, deviation, multiply, rotate
from orchestrator.core.ports import JOG_M_S, JOG_RENEW_S, Outcome, Twist

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.core.ports import Joints, Scene

    Floats = npt.NDArray[np.float64]

SPARE, MOST = 0.94, 0.98  # of the speed limit: what is striven for, and what may come of it where the arm turns over
LOOK_S = 0.03  # between two looks at the speed on the way to a stand
TURN_RAD_S = 0.5  # of the TCP about any axis
JOINT_RAD_S = 0.6  # of any joint: an upper arm of 0.43 m then moves its elbow no faster than the TCP may go
NEAR_SINGULAR = 0.06  # smallest singular value of the Jacobian below which the inverse is damped
DAMPING = 0.04  # at the singularity itself
PULL_1_S = 8.0  # how strongly what has drifted off the wished way is pulled back, 1/s
PULL_MOST = (0.02, 0.1)  # m/s and rad/s of that pull
FOLLOWS = 0.5  # share of the wished velocity that must be left in its own direction
DEEPER_M = 1e-5  # a contact that is there already may be left, not deepened
ALIGNED = 0.3  # sine of a joint's angle below which it may be what has aligned the arm
STILL = 1e-9
_SINGULAR = {5: "the wrist is straight", 3: "the elbow is straight", 1: "the wrist is over the base"}

Moment = tuple[list[float], list[float], list[float]]  # joints rad, rad/s, rad/s²


@dataclass(frozen=True, slots=True)
class Around:
    """What a jog must heed: the collision model, already at its scene, the tool, and the fingers' opening in m."""

    collision: Collision
    tcp: Pose
    opening_m: float


def around(kinematics: Kinematics, meshes: MeshStore, scene: Scene, tcp: Pose, opening_m: float) -> Around:
    """Return the surroundings of a jog; building them takes a while. Raises NotFound or BadInput for a mesh."""
    collision = Collision(kinematics.model, kinematics.base, meshes)
    collision.enter(scene, tcp=tcp)
    return Around(collision, tcp, opening_m)


def mistake(twist: Twist, joints: int) -> str:
    """Return what is wrong with a twist, "" for nothing."""
    if not all(map(math.isfinite, (*twist.linear_m_s, *twist.angular_rad_s, *twist.joints_rad_s))):
        return "Velocities must be finite."
    if twist.frame == "joint":
        if any((*twist.linear_m_s, *twist.angular_rad_s)):
            return "A joint jog has no velocities of the TCP."
        return "" if len(twist.joints_rad_s) in (0, joints) else f"The arm has {joints} joints."
    return "Joint velocities belong to the frame joint." if twist.joints_rad_s else ""


class Jog:
    """One jog of an arm that stands at `joints`, from its first tick until it stands again.

    At each tick it looks whether the arm could still stop clear of everything after it; if not, it takes the stop
    that was found clear at the tick before. So whatever comes, the arm comes to a stand within what was looked at.
    """

    def __init__(self, kinematics: Kinematics, joints: Joints, twist: Twist, now_s: float) -> None:
        self._kinematics = kinematics
        self._arm = kinematics.model
        self._solver = ruckig.Ruckig(len(joints))
        self._now: Moment = (list(joints), [0.0] * len(joints), [0.0] * len(joints))
        self._stop: Any = None  # the trajectory to a stand, once it is ridden, and how far
        self._stop_s = 0.0
        self._way: Pose | None = None  # where the TCP would be had it not drifted, for this twist
        self._went = (0.0, 0.0)  # the share of the wished velocity at the last tick, and how long that is ago, s
        self.around: Around | None = None  # set before the first tick
        self.share = 1.0  # of the speed limit: less where what moves the arm may add to its speed
        self.outcome: Outcome | None = None  # how it ends, once that is known
        self.twist = twist
        self.renewed_s = now_s

    @property
    def halting(self) -> bool:
        """Whether it comes to a stand for good."""
        return self._stop is not None

    @property
    def standing(self) -> bool:
        """Whether nothing moves."""
        return not any(abs(v) > STILL for v in (*self._now[1], *self._now[2]))

    def tail(self, step_s: float) -> list[Moment]:
        """Return the moment that it is at, and its way to a stand from there, one every `step_s`."""
        stop, gone_s = (self._towards(self._now, None), 0.0) if self._stop is None else (self._stop, self._stop_s)
        count = max(1, math.ceil((float(stop.duration) - gone_s) / step_s))
        return [self._now, *(_at(stop, gone_s + k * step_s) for k in range(1, count + 1))]

    def renew(self, twist: Twist, now_s: float) -> None:
        """Go on, with this twist."""
        if twist != self.twist:
            self._way = None
        self.twist, self.renewed_s = twist, now_s

    def halt(self, outcome: Outcome) -> None:
        """Come to a stand as fast as the limits allow, and end like this."""
        if not self.halting:
            self.outcome = outcome
            self._stop = self._towards(self._now, None)

    def advance(self, dt_s: float, now_s: float, factor: float) -> Joints:
        """Let a tick pass under a speed factor (0 to 1) and return the joints (rad)."""
        if not self.halting:
            if self.twist.zero:
                self.halt(Outcome("succeeded"))
            elif now_s - self.renewed_s > JOG_RENEW_S:
                words = f"The jog was not renewed for {JOG_RENEW_S:g} s."
                self.halt(Outcome("aborted", "not_renewed", words, "Keep the connection, and press again."))
            else:
                self._go(dt_s, factor)
        if self.halting:
            self._stop_s += dt_s
            self._now = _at(self._stop, self._stop_s)
        return tuple(self._now[0])

    def _go(self, dt_s: float, factor: float) -> None:
        target, spoiled = self._target(dt_s, factor)
        if spoiled is not None:
            self.halt(spoiled)
            return
        following = _at(self._towards(self._now, target.tolist()), dt_s)
        if self._too_fast(following):  # where the arm turns over, or one twist follows another
            following = _at(self._towards(self._now, None), dt_s)
        if (harm := self._harm(following)) is not None:
            self.halt(harm)
            return
        self._now = following

    # ---- velocities --------------------------------------------------------------------------------------------

    def _target(self, dt_s: float, factor: float) -> tuple[Floats, Outcome | None]:
        """Return the joint velocities (rad/s) to strive for, within every speed limit; or how the jog ends."""
        frames = self._kinematics.frames(self._now[0])
        tcp = frames[-1] @ self._tcp
        jacobian = _jacobian(frames, tcp.p)
        pull: Floats | None = None
        if self.twist.frame == "joint":
            speeds = np.array(self.twist.joints_rad_s)
        else:
            wished = self._wished(frames[0] if self.twist.frame == "base" else tcp)
            inverse = _inverse(jacobian)
            speeds = inverse @ wished
            if float(jacobian @ speeds @ wished) < FOLLOWS * float(wished @ wished):
                return speeds, self._singular()
            pull = inverse @ self._pull(tcp, wished, jacobian @ np.array(self._now[1]), dt_s)
        flange = _jacobian(frames, frames[-1].p)[:3]
        speeds = factor * self._slowed(speeds, jacobian[:3], flange)
        return (speeds if pull is None else self._slowed(speeds + factor * pull, jacobian[:3], flange)), None

    def _wished(self, axes: Pose) -> Floats:
        """Return the wished TCP twist in the world, (vx, vy, vz, wx, wy, wz)."""
        twist = self.twist
        wished = np.array((*rotate(axes.q, twist.linear_m_s), *rotate(axes.q, twist.angular_rad_s)))
        turn = float(np.linalg.norm(wished[3:]))
        return wished * min(1.0, TURN_RAD_S / turn) if turn > 0 else wished

    def _pull(self, tcp: Pose, wished: Floats, going: Floats, dt_s: float) -> Floats:
        """Return the twist that brings the TCP back to its way, which goes on as fast as the TCP does along it.

        Along it there is nothing to be made up for: the way has gone on by the mean of the speeds before and after.
        """
        share = float(going @ wished) / float(wished @ wished)
        if self._way is None:
            self._way = tcp
        else:
            before, gone_s = self._went
            step = wished * ((before + share) / 2 * gone_s)
            way = self._way
            self._way = Pose(tuple((np.array(way.p) + step[:3]).tolist()), multiply(_turn(step[3:]), way.q))
        self._went = (share, dt_s)
        behind = np.subtract(self._way.p, tcp.p), np.array(rotate(tcp.q, deviation(self._way, tcp).rot_rad))
        return np.concatenate([_at_most(PULL_1_S * gap, most) for gap, most in zip(behind, PULL_MOST, strict=True)])

    def _slowed(self, speeds: Floats, *points: Floats) -> Floats:
        """Return joint speeds, all slowed by one factor, such that neither a point nor a joint is too fast."""
        fastest = max(float(np.linalg.norm(jacobian @ speeds)) for jacobian in points) / (SPARE * self.share * JOG_M_S)
        fastest = max(fastest, float(np.abs(speeds).max()) / JOINT_RAD_S)
        return speeds / fastest if fastest > 1.0 else speeds

    def _singular(self) -> Outcome:
        """Name the joint that has aligned a UR-like arm: the wrist's, the elbow, else the base's, below the wrist."""
        remedy = "Jog another way, or a single joint out of it."
        if not self._arm.dh:
            words = "The arm is at a singularity: joints are aligned, or it is stretched out."
            return Outcome("aborted", "singularity", words, remedy)
        wrist, elbow = abs(math.sin(self._now[0][4])), abs(math.sin(self._now[0][2]))
        joint = 5 if wrist < min(elbow, ALIGNED) else 3 if elbow < ALIGNED else 1
        message = f"The arm is at a singularity: {_SINGULAR[joint]} (joint {joint})."
        return Outcome("aborted", "singularity", message, remedy)

    def _too_fast(self, following: Moment) -> bool:
        """Whether TCP or flange would exceed the speed limit by then, or on the way to a stand from there."""
        stop = self._towards(following, None)
        count = max(2, math.ceil(float(stop.duration) / LOOK_S))
        for k in range(count):
            joints, speeds, _ = _at(stop, float(stop.duration) * k / count)
            frames = self._kinematics.frames(joints)
            if _fastest(frames, speeds, (frames[-1].p, beside(frames[-1], self._tcp).p)) > MOST * self.share * JOG_M_S:
                return True
        return False

    # ---- what must not be --------------------------------------------------------------------------------------

    def _harm(self, following: Moment) -> Outcome | None:
        """Return what a stop from that moment on would run into."""
        stop = self._towards(following, None)
        for index, (bound, low, high) in enumerate(
            zip(stop.position_extrema, self._arm.lower_rad, self._arm.upper_rad, strict=True)
        ):
            outwards = following[1][index]
            if (bound.max > high and outwards > 0) or (bound.min < low and outwards < 0):
                limit = math.degrees(high if outwards > 0 else low)
                message = f"Joint {index + 1} is at its limit of {limit:.0f}°."
                return Outcome("aborted", "joint_limit", message, "Jog the other way.")
        here = self.around
        assert here is not None
        now = here.collision.hit(self._now[0], here.opening_m)
        deepest = now.depth_m + DEEPER_M if now is not None else -math.inf
        end = _at(stop, float(stop.duration))[0]
        count = max(1, math.ceil(travel(following[0], end, self._arm.reach_m) / STEP_M))
        for k in range(count + 1):
            joints = _at(stop, float(stop.duration) * k / count)[0]
            hit = here.collision.hit(joints, here.opening_m)
            if hit is not None and hit.depth_m > deepest:
                return Outcome("aborted", "collision", f"{hit} would collide.", "Jog the other way.")
        return None

    # ---- trajectories ------------------------------------------------------------------------------------------

    @property
    def _tcp(self) -> Pose:
        return self.around.tcp if self.around is not None else IDENTITY

    def _towards(self, moment: Moment, speeds: list[float] | None) -> Any:
        """Return the quickest change to joint speeds (rad/s) that keeps the limits; None: to a stand."""
        ask = ruckig.InputParameter(len(moment[0]))
        ask.control_interface = ruckig.ControlInterface.Velocity
        ask.synchronization = ruckig.Synchronization.Phase  # in proportion, so that the TCP stays on its way
        ask.current_position, ask.current_velocity, ask.current_acceleration = moment
        ask.target_velocity = [0.0] * len(moment[0]) if speeds is None else speeds
        ask.target_acceleration = [0.0] * len(moment[0])
        ask.max_acceleration = list(self._arm.acceleration_rad_s2)
        ask.max_jerk = list(self._arm.jerk_rad_s3)
        trajectory = ruckig.Trajectory(len(moment[0]))
        result = self._solver.calculate(ask, trajectory)
        if result not in (ruckig.Result.Working, ruckig.Result.Finished):
            raise RobotError(f"No timing for the jog ({result}).", remedy="Report it: it is a bug.", code="no_timing")
        return trajectory


def _at(trajectory: Any, t_s: float) -> Moment:
    """Return the moment at `t_s` (s); past its end it goes on evenly, or stands without a rest of rounding."""
    joints, speeds, accelerations = trajectory.at_time(t_s)
    if t_s >= trajectory.duration:
        accelerations = [0.0] * len(joints)
        speeds = [0.0 if abs(v) < STILL else v for v in speeds]
    return joints, speeds, accelerations


def _jacobian(frames: Sequence[Pose], point: Vector) -> Floats:
    """Return the geometric Jacobian (6, joints) of a world point that moves with the flange: linear above angular."""
    columns = []
    for frame in frames[:-1]:
        axis = frame.z_axis
        arm = (point[0] - frame.p[0], point[1] - frame.p[1], point[2] - frame.p[2])
        columns.append((*_cross(axis, arm), *axis))
    return np.array(columns).T


def _fastest(frames: Sequence[Pose], speeds: Sequence[float], points: Iterable[Vector]) -> float:
    """Return how fast (m/s) the fastest of some world points moves with the flange, at joint speeds in rad/s."""
    turn, shift = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]  # a point at p moves with turn x p - shift
    for frame, speed in zip(frames, speeds, strict=False):
        axis = frame.z_axis
        for i, (a, b) in enumerate(zip(axis, _cross(axis, frame.p), strict=True)):
            turn[i] += speed * a
            shift[i] += speed * b
    whirl = (turn[0], turn[1], turn[2])
    return max(math.dist(_cross(whirl, point), shift) for point in points)


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _inverse(jacobian: Floats) -> Floats:
    """Return the inverse of a Jacobian, damped by what is left of its smallest singular value.

    Damped least squares: Y. Nakamura and H. Hanafusa, "Inverse kinematic solutions with singularity robustness for
    robot manipulator control", 1986; a damping that begins near a singularity and grows towards it: S. Chiaverini,
    B. Siciliano and O. Egeland, "Review of the damped least-squares inverse kinematics with experiments on an
    industrial robot manipulator", 1994.
    """
    u, s, vt = np.linalg.svd(jacobian)
    near = max(0.0, 1.0 - (s[-1] / NEAR_SINGULAR) ** 2)
    out: Floats = vt.T @ np.diag(s / (s**2 + near * DAMPING**2)) @ u.T
    return out


def _at_most(vector: Floats, most: float) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector * (most / length) if length > most else vector


def _turn(rotation: Floats) -> Quaternion:
    """Return the quaternion of a rotation vector (rad)."""
    angle = float(np.linalg.norm(rotation))
    x, y, z = (rotation * (math.sin(angle / 2) / angle) if angle > 0 else rotation).tolist()
    return (math.cos(angle / 2), x, y, z)
