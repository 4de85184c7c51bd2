"""Planned curves as the waypoints of a joint trajectory, which can be left anywhere along the same path."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.timing import Ride

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.adapters.sim.timing import Curve
    from orchestrator.core.ports import Joints

STEP_S = 0.02  # between two waypoints: a controller's spline between them leaves the path by less than 1e-5 rad
LEAD_S = 0.08  # how long a controller keeps its old course after another one was asked for: what the asking takes
NARROWING = 40  # steps, each to two thirds
AHEAD = 75  # waypoints that a reading is compared with, from the last one that was found


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where the joints are at `t_s` after the start: rad, rad/s, rad/s². `at` is the place on the curves.

    Without speeds and accelerations (both empty) a controller goes straight there from the waypoint before.
    """

    t_s: float
    positions: Joints
    velocities: Joints
    accelerations: Joints
    at: Place


@dataclass(frozen=True, slots=True)
class Place:
    """A place on a row of curves: which one, and path parameter, speed and acceleration along it."""

    curve: int = 0
    state: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Course:
    """One trajectory along a row of curves at a speed factor (0 to 1), from a place on; 0 is the way to a stand.

    `first_s` is when its first waypoint is reached: where it takes over from another course, that was there then, too.
    """

    def __init__(self, curves: Sequence[Curve], begin: Place, factor: float, first_s: float = 0.0) -> None:
        self.factor = factor
        self.first_s = first_s
        self._curves = tuple(curves)
        self._points = tuple(self._sampled(begin, first_s))
        self._joints = np.array([point.positions for point in self._points])
        self._index = 0

    @property
    def waypoints(self) -> tuple[Waypoint, ...]:
        """The waypoints to send: from a stand, the one where the arm stands already is left out."""
        return self._points if self.first_s > 0.0 or len(self._points) == 1 else self._points[1:]

    @property
    def points(self) -> tuple[Waypoint, ...]:
        """All waypoints, the one where the arm stands among them."""
        return self._points

    @property
    def duration_s(self) -> float:
        """How long it takes, s."""
        return self._points[-1].t_s

    @property
    def begin(self) -> Place:
        """Where it begins."""
        return self._points[0].at

    @property
    def end(self) -> Place:
        """Where it ends."""
        return self._points[-1].at

    @property
    def goal(self) -> Joints:
        """The joints at its end, rad."""
        return self._points[-1].positions

    @property
    def whole(self) -> bool:
        """Whether it ends where the last curve does."""
        last = len(self._curves) - 1
        return not self._curves or (self.end.curve == last and self.end.state[0] >= self._curves[last].length - 1e-9)

    @property
    def left_s(self) -> float:
        """How long it still takes from where the arm was last found on it, s."""
        return self.duration_s - self._points[self._index].t_s

    @property
    def share(self) -> float:
        """The share of the curves done where the arm was last found, 0 to 1; each curve counts the same."""
        place = self._points[self._index].at
        length = self._curves[place.curve].length
        return (place.curve + (place.state[0] / length if length > 0 else 1.0)) / len(self._curves)

    def found(self, joints: Sequence[float], gone_s: float = math.inf) -> int:
        """Take in where the arm is (rad) and return the waypoint that it is nearest to, never one before the last.

        Nor one that it can't have come to `gone_s` after the controller took this up: a path may lead back to its
        start.
        """
        ahead = max(1, sum(point.t_s <= gone_s + LEAD_S for point in self._points[self._index : self._index + AHEAD]))
        window = self._joints[self._index : self._index + ahead]
        off = np.abs(window - np.asarray(joints)).max(axis=1)
        self._index += int(np.argmin(off))
        return self._index

    def nearest(self, joints: Joints) -> Place:
        """Return the place on the path where the arm (rad) came to a stand, beside the waypoint where it was found."""
        at = self._points[self._index].at
        curve = self._curves[at.curve]
        beside = [point.at for point in self._points[max(0, self._index - 1) : self._index + 2]]
        places = [place.state[0] for place in beside if place.curve == at.curve]
        low = min(places) if beside[0].curve == at.curve else 0.0
        high = max(places) if beside[-1].curve == at.curve else curve.length
        for _ in range(NARROWING):
            third = (high - low) / 3
            if math.dist(curve.at(low + third), joints) <= math.dist(curve.at(high - third), joints):
                high -= third
            else:
                low += third
        return Place(at.curve, ((low + high) / 2, 0.0, 0.0))

    def leave(self, factor: float, gone_s: float = math.inf) -> Course | None:
        """Return the course that takes over from here at another speed factor, 0 for a stand.

        `gone_s` is how long ago the controller took this one up: it may be on its way to the first waypoint still.
        None where this one is over before another could take over.
        """
        before_s = max(0.0, self.first_s - gone_s) if self._index == 0 else 0.0
        t = self._points[self._index].t_s + LEAD_S
        ahead = next((point for point in self._points[self._index :] if point.t_s >= t - 1e-9), None)
        if ahead is None or ahead is self._points[-1]:
            return None
        return Course(self._curves, ahead.at, factor, first_s=before_s + ahead.t_s - self._points[self._index].t_s)

    def _sampled(self, begin: Place, first_s: float) -> Iterator[Waypoint]:
        place, t = begin, first_s
        yield self._waypoint(place, t)
        while True:
            curve = self._curves[place.curve]
            ride = Ride(curve, self.factor, place.state)
            while not ride.standing:
                step = min(STEP_S, ride.remaining_s)
                if ride.remaining_s - step < STEP_S / 4:  # no waypoint so close before the last
                    step = ride.remaining_s
                ride.advance(step)
                t += step
                yield self._waypoint(Place(place.curve, ride.state), t)
            if self.factor <= 0 or place.curve + 1 >= len(self._curves):
                return
            place = Place(place.curve + 1)

    def _waypoint(self, place: Place, t_s: float) -> Waypoint:
        curve = self._curves[place.curve]
        s, v, a = place.state
        first, second = curve.slopes(s)
        return Waypoint(
            t_s,
            curve.at(s),
            tuple(q1 * v for q1 in first),
            tuple(q2 * v * v + q1 * a for q1, q2 in zip(first, second, strict=True)),
            place,
        )


def standing(joints: Joints, within_s: float = LEAD_S) -> tuple[Waypoint, ...]:
    """Return the trajectory of an arm that stands (rad)."""
    still = (0.0,) * len(joints)
    return (Waypoint(within_s, joints, still, still, Place()),)
