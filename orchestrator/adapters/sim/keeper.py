"""Keeps the arm away from people: slower the nearer they are, waiting where they are in its way."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.capsules import ArmCapsules, Capsules, Separation, nearest
from orchestrator.adapters.sim.person import HANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.adapters.sim.person import Person
    from orchestrator.adapters.sim.presence import Presence
    from orchestrator.adapters.sim.timing import Curve, Ride
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose
    from orchestrator.core.separation import SeparationSpec

LOOK_S = 0.04  # between two looks where a person is near: part of the reaction time
SELDOM_S = 0.24  # and at most
FASTEST_M_S = 3.2  # a hand that reaches while its owner walks
STEPS = 20  # the speed factor changes by whole twentieths
PIECES = 10  # of a curve, in which the speed of the arm's points is measured
AHEAD_M = 0.02  # how far ahead the arm looks whether it comes away
MOVES_M_S = 0.005  # slower than this, the arm stands


class Keeper:
    """Speed and separation after `core.separation`, for one arm and the people of its cell.

    Slow: the nearer a person is, the slower the arm, down to the speed of a permitted contact. Wait: where even that
    arm could not stop before a person as fast as they come, it stands until they are gone, unless it comes away from
    them. Stop: where a person got nearer than the protective distance of an arm that is faster than a permitted
    contact, or was touched by one that moves. At a step that both do together hands and forearms are near on purpose:
    they slow the arm, and neither halt nor stop it.
    """

    def __init__(self, spec: SeparationSpec, people: Presence, kinematics: Kinematics, world: World) -> None:
        self.factor = 1.0  # the speed that is allowed now, as a share
        self.waits_for: Person | None = None
        self._spec = spec
        self._people = people
        self._kinematics = kinematics
        self._world = world
        self._capsules = ArmCapsules(kinematics.model)
        self._curve: Curve | None = None
        self._full_m_s = 0.0
        self._next_s = -math.inf
        self._gaps: dict[str, tuple[float, float]] = {}  # by place: when the last look was, and how far the person

    def look(self, ride: Ride, t: float, links: Sequence[Pose], tcp: Pose, opening_m: float) -> str | None:
        """Look at a time (loop's, s), bring `factor` up to date, and return why the arm must stop; None usually.

        `links` are the arm's link poses now; `tcp` is the tool centre point in the flange's frame.
        """
        if ride.curve is not self._curve:
            self._curve, self._full_m_s, self._next_s = ride.curve, 0.0, -math.inf
        if t < self._next_s or not self._spec.on:
            return None
        people = self._people.here(t)
        if not people:
            self.factor, self.waits_for = 1.0, None
            return None
        self._cover(tcp)
        self._full_m_s = self._full_m_s or self._fastest(ride.curve, opening_m)
        arm = self._capsules.at(links)
        speed = self._full_m_s * ride.speed / ride.curve.speed
        closest, factor, why = math.inf, 1.0, None
        waits_for = None
        for person in people:
            body = person.capsules(t)
            gap = nearest(arm, body)
            closest = min(closest, gap.distance_m)
            factor = min(factor, self._spec.allowed_m_s(gap.distance_m) / self._full_m_s)
            if person.with_robot:
                body = body.without(HANDS)
                gap = nearest(arm, body)
            near = gap.distance_m < self._spec.near_m(self._closing_m_s(person, t, gap.distance_m))
            apart = near and gap.distance_m > 0.0 and self._comes_away(ride, gap, body, opening_m)
            why = why or self._violated(person, gap, speed, apart=apart)
            if near and not apart:
                factor, waits_for = 0.0, person
        whole = math.floor(factor * STEPS + 1e-9) / STEPS
        self.factor, self.waits_for = whole if whole > 0 else factor, waits_for
        spare = closest - self._spec.protective_m(self._full_m_s) - self._spec.slow_margin_m
        self._next_s = t + min(SELDOM_S, max(LOOK_S, spare / (FASTEST_M_S + self._full_m_s)))
        return why

    def touched(self, t: float, links: Sequence[Pose], tcp: Pose) -> str | None:
        """Return in words what of a person the arm touches at a time (loop's, s), unless it comes free; else None."""
        if not self._spec.on:
            return None
        self._cover(tcp)
        arm = self._capsules.at(links)
        for person in self._people.here(t):
            gap = nearest(arm, person.capsules(t))
            if gap.distance_m <= 0.0 and self._closing_m_s(person, t, gap.distance_m) > 0.0:
                return self._touches(person, gap)
        return None

    def forget(self) -> None:
        """The motion is over: the next one begins without a cap."""
        self._curve, self.factor, self.waits_for = None, 1.0, None
        self._gaps.clear()

    def _violated(self, person: Person, gap: Separation, speed_m_s: float, *, apart: bool) -> str | None:
        if speed_m_s < MOVES_M_S:
            return None
        mine, theirs = gap.one.replace("_", " "), f"{gap.other} of the person at {person.place}"
        if gap.distance_m <= 0.0 and not apart:
            return self._touches(person, gap)
        least = self._spec.protective_m(speed_m_s)
        if speed_m_s > self._spec.contact_m_s * 1.05 and gap.distance_m < least:
            return (
                f"The {theirs} came within {1000 * gap.distance_m:.0f} mm of the robot's {mine}; at "
                f"{1000 * speed_m_s:.0f} mm/s the robot keeps {1000 * least:.0f} mm."
            )
        return None

    def _touches(self, person: Person, gap: Separation) -> str:
        return f"The robot's {gap.one.replace('_', ' ')} touched the {gap.other} of the person at {person.place}."

    def _closing_m_s(self, person: Person, t: float, distance_m: float) -> float:
        """How fast arm and person close in, by the last look and this one."""
        then, before_m = self._gaps.get(person.place, (t, distance_m))
        self._gaps[person.place] = (t, distance_m)
        return (before_m - distance_m) / (t - then) if then < t else 0.0

    def _comes_away(self, ride: Ride, gap: Separation, body: Capsules, opening_m: float) -> bool:
        """Tell whether going on takes the arm away from a person, as they are now."""
        curve = ride.curve
        further = min(curve.length, ride.s + AHEAD_M * curve.speed / self._full_m_s)
        return nearest(self._at(curve, further, opening_m), body).distance_m > gap.distance_m

    def _at(self, curve: Curve, s: float, opening_m: float) -> Capsules:
        return self._capsules.at(self._kinematics.links(curve.at(s), opening_m))

    def _fastest(self, curve: Curve, opening_m: float) -> float:
        """Return how fast (m/s) the fastest point of the arm gets on a curve at full speed."""
        places = [self._at(curve, curve.length * k / PIECES, opening_m) for k in range(PIECES + 1)]
        steps = [
            max(float(np.linalg.norm(q.a - p.a, axis=1).max()), float(np.linalg.norm(q.b - p.b, axis=1).max()))
            for p, q in itertools.pairwise(places)
        ]
        return max(max(steps) * PIECES / curve.length * curve.speed, 1e-6)

    def _cover(self, tcp: Pose) -> None:
        """Cover what the gripper truly holds."""
        world = self._world
        if world.held is None:
            self._capsules.hold([])
            return
        back = world.tcp.inverse()
        held = [(world.body(i).kind, world.triangles(i).bounds, i) for i in world.with_contents(world.held)]
        self._capsules.hold([(kind, bounds, tcp @ (back @ world.pose(i)).rounded()) for kind, bounds, i in held])
