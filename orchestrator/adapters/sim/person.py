"""A person in the simulated cell: capsules that stand at a worker place, reach, lean, walk away and come back."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.capsules import Capsules
from orchestrator.adapters.sim.glide import Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.geometry import Pose, Vector

# A person of 1.75 m at a table of 0.92 m: heights above the table, half widths and lengths, after ISO 7250-1 and
# DIN 33402-2 (men and women, 50th to 95th percentile).
HIP_M, CHEST_M, SHOULDER_M, HEAD_M = 0.02, 0.40, 0.50, 0.74
SHOULDERS_M = 0.19
UPPER_ARM_M, FOREARM_M, HAND_M = 0.30, 0.26, 0.10
TORSO_R, HEAD_R, UPPER_ARM_R, FOREARM_R, HAND_R = 0.15, 0.11, 0.05, 0.045, 0.04
REACH_M = 0.98 * (UPPER_ARM_M + FOREARM_M + HAND_M)
LEAN_M = 0.40  # how far the shoulders go over the table at most
HANGS: Vector = (0.06, 0.27, -0.10)  # a resting hand: ahead, aside and up from where the person stands

# ISO 13855: 1.6 m/s for a walking person, 2.0 m/s for a hand. People who work are slower.
REACH_M_S = (1.0, 1.6)
WALK_M_S, WALK_M_S2 = 1.4, 3.0
STEP_M_S = 0.7  # sideways, along the table
STEP_M, ASIDE_M = 0.1, 0.6  # how far a step is worth it, and how far from the place a person works
PAUSE_S = (0.2, 0.5)  # at a bin
SCATTER_M = 0.01
BACK_M = 1.6  # from the place to where a person has left the cell

SIDES = ("left", "right")
HANDS = frozenset(f"{side} {part}" for side in SIDES for part in ("forearm", "hand"))
NAMES = ("torso", "head", *(f"{side} {part}" for side in SIDES for part in ("upper arm", "forearm", "hand")))
RADII = np.array([TORSO_R, HEAD_R, *(UPPER_ARM_R, FOREARM_R, HAND_R) * 2])


class Person:
    """One person at a place, facing a point. Every time is the loop's, in s; the same seed moves alike.

    Whoever has not come is not there at all; whoever leaves is there until out of the cell.
    """

    def __init__(self, place: str, at: Pose, facing: Vector, *, seed: int) -> None:
        self.place = place
        self.with_robot = False  # at a step that both do together: hands and gripper meet on purpose
        self._random = random.Random(f"{seed}/{place}")
        x, y = facing[0] - at.p[0], facing[1] - at.p[1]
        length = math.hypot(x, y)
        self._ahead = (x / length, y / length) if length > 1e-6 else (1.0, 0.0)
        self._at, self._table = at.p, at.p[2]
        self._out = self._from_place(-BACK_M)
        self._from_s = math.inf
        self._until_s = -math.inf
        self._walks_until_s = -math.inf
        self._stand = Track(self._out, WALK_M_S2)
        self._hands = {side: Track(self._hanging(side)) for side in SIDES}
        self._still: tuple[float, Capsules] | None = None  # since when the person has not moved

    def present(self, t: float) -> bool:
        """Tell whether the person is in the cell."""
        return self._from_s <= t < self._until_s

    def distance(self, point: Vector) -> float:
        """Return how far a point (m, world) is, seen from above, from where the person stands in the end."""
        stand = self._stand.state(math.inf)[0]
        return math.hypot(point[0] - stand[0], point[1] - stand[1])

    # ---- what the person does ----------------------------------------------------------------------------------

    def come(self, t: float) -> None:
        """Walk to the place, from outside or from wherever the person is."""
        self._still = None
        if not self.present(t):
            self._stand = Track(self._out, WALK_M_S2)
            self._hands = {side: Track(self._hanging(side)) for side in SIDES}
            self._from_s = t
        self._until_s = math.inf
        self._stand.go(t, self._from_place(0.0), WALK_M_S)
        self._walks_until_s = self._stand.end_s

    def leave(self, t: float) -> None:
        """Take the hands back and walk out of the cell."""
        if not self.present(t):
            return
        self.rest(t)
        self._stand.go(self._at_rest_s(t), self._out, WALK_M_S)
        self._until_s = self._stand.end_s

    def give_way(self, t: float, by_m: float, for_s: float) -> None:
        """Step back by some metres, wait, and step up again."""
        self.rest(t)
        self._stand.go(self._at_rest_s(t), self._from_place(-by_m), WALK_M_S)
        self._stand.go(self._stand.end_s + for_s, self._from_place(0.0), WALK_M_S)
        self._walks_until_s = self._stand.end_s

    def held_up(self, for_s: float) -> None:
        """Stand still for so long that has passed already: all that is under way and planned ends later."""
        self._still = None
        for track in (self._stand, *self._hands.values()):
            track.delay(for_s)
        self._walks_until_s += for_s
        self._until_s += for_s

    def walk_to(self, t: float, x: float, y: float, speed_m_s: float = WALK_M_S) -> None:
        """Walk to a point of the cell, m."""
        self._still = None
        self._stand.go(t, (x, y, self._table), speed_m_s)
        self._walks_until_s = self._stand.end_s

    def reach(self, t: float, points: Sequence[Vector]) -> None:
        """Let a hand visit some points (m, world) and stay at the last.

        Whoever works steps sideways before each point, takes the hand on that side, and takes it back before the next
        step. Points out of reach are reached for.
        """
        self.rest(t)
        begin_s = max(t, self._walks_until_s)
        for number, point in enumerate(points, start=1):
            begin_s = self._step_before(begin_s, point)
            side = self._side(point)
            hand, speed = self._hands[side], self._random.uniform(*REACH_M_S)
            hand.go(begin_s, self._reachable(side, point), speed)
            if number < len(points):
                begin_s = hand.end_s + self._random.uniform(*PAUSE_S)
                hand.go(begin_s, self._hanging(side), speed)

    def rest(self, t: float) -> None:
        """Let both hands hang, and drop what was to come after."""
        self._still = None
        self._stand.forget(t)
        self._stand.drop(max(t, self._walks_until_s))
        for side, track in self._hands.items():
            track.forget(t)
            track.go(t, self._hanging(side), REACH_M_S[1])

    def _step_before(self, t: float, point: Vector) -> float:
        """Stand before a point, as far as it is worth it; returns when the person stands there."""
        left = self._aside("left", 1.0)
        aside = (point[0] - self._at[0]) * left[0] + (point[1] - self._at[1]) * left[1]
        aside = min(max(aside, -ASIDE_M), ASIDE_M)
        goal = (self._at[0] + aside * left[0], self._at[1] + aside * left[1], self._table)
        if math.dist(goal, self._stand.state(math.inf)[0]) <= STEP_M:
            return t
        self._stand.go(self._at_rest_s(t), goal, STEP_M_S)
        return self._stand.end_s

    # ---- where the person is -----------------------------------------------------------------------------------

    def capsules(self, t: float) -> Capsules:
        """Return torso, head and arms at a time, in the world."""
        if self._still is not None and t >= self._still[0]:
            return self._still[1]
        made = self._capsules(t)
        rests_s = max(self._stand.end_s, self._at_rest_s(-math.inf))
        self._still = (rests_s, made) if t >= rests_s else None
        return made

    def _capsules(self, t: float) -> Capsules:
        stand = self._stand.state(t)[0]
        hands = {side: self._hands[side].state(t)[0] for side in SIDES}
        over = self._over(stand, hands)
        z = self._table
        a: list[Vector] = [(stand[0], stand[1], z + HIP_M), (over[0], over[1], z + HEAD_M)]
        b: list[Vector] = [(over[0], over[1], z + CHEST_M), (over[0], over[1], z + HEAD_M)]
        for side, hand in hands.items():
            aside = self._aside(side, SHOULDERS_M)
            shoulder = (over[0] + aside[0], over[1] + aside[1], z + SHOULDER_M)
            elbow, wrist, tip = self._arm(shoulder, _plus(stand, hand))
            a += [shoulder, elbow, wrist]
            b += [elbow, wrist, tip]
        return Capsules(NAMES, np.array(a), np.array(b), RADII)

    def _arm(self, shoulder: Vector, tip: Vector) -> tuple[Vector, Vector, Vector]:
        """Return elbow, wrist and finger tips of an arm that reaches for a point; the elbow hangs back and down."""
        along = _minus(tip, shoulder)
        gap = math.hypot(*along)
        unit = _times(along, 1 / max(gap, 1e-9))
        lower = FOREARM_M + HAND_M
        gap = min(max(gap, lower - UPPER_ARM_M + 0.02), REACH_M)
        tip = _plus(shoulder, _times(unit, gap))
        drop: Vector = (-0.7 * self._ahead[0], -0.7 * self._ahead[1], -0.7)
        bend = _minus(drop, _times(unit, sum(x * y for x, y in zip(drop, unit, strict=True))))
        bend = _times(bend, 1 / max(math.hypot(*bend), 1e-9))
        share = (gap * gap + UPPER_ARM_M**2 - lower**2) / (2 * gap)
        out = math.sqrt(max(UPPER_ARM_M**2 - share * share, 0.0))
        elbow = _plus(_plus(shoulder, _times(unit, share)), _times(bend, out))
        forearm = _minus(tip, elbow)
        return elbow, _minus(tip, _times(forearm, HAND_M / max(math.hypot(*forearm), 1e-9))), tip

    def _over(self, stand: Vector, hands: dict[str, Vector]) -> tuple[float, float]:
        """Where the shoulders are, from above: over the feet, or leaning after the hand that reaches farther."""
        leans = [self._lean(side, hand) for side, hand in hands.items()]
        weights = [x * x + y * y for x, y in leans]  # not the longer one alone: that would jump when it changes
        total = max(sum(weights), 1e-12)
        x, y = (sum(w * lean[axis] for w, lean in zip(weights, leans, strict=True)) / total for axis in (0, 1))
        return (stand[0] + x, stand[1] + y)

    def _lean(self, side: str, hand: Vector) -> tuple[float, float]:
        """How far the shoulders go sideways so that the hand, given from where the person stands, is reached."""
        aside = self._aside(side, SHOULDERS_M)
        x, y, up = hand[0] - aside[0], hand[1] - aside[1], hand[2] - SHOULDER_M
        flat = math.hypot(x, y)
        lean = flat - math.sqrt(max(REACH_M * REACH_M - up * up, 0.0))
        return (x / flat * lean, y / flat * lean) if lean > 0 else (0.0, 0.0)

    def _reachable(self, side: str, point: Vector) -> Vector:
        """Return a point from where the person will stand, drawn nearer until it is within reach, with some scatter."""
        stand = self._stand.state(math.inf)[0]
        aside = self._aside(side, SHOULDERS_M)
        up = min(max(point[2] - stand[2], SHOULDER_M - 0.9 * REACH_M), SHOULDER_M + 0.9 * REACH_M)
        x, y = point[0] - stand[0] - aside[0], point[1] - stand[1] - aside[1]
        x += self._random.uniform(-SCATTER_M, SCATTER_M)
        y += self._random.uniform(-SCATTER_M, SCATTER_M)
        most = math.sqrt(REACH_M * REACH_M - (up - SHOULDER_M) ** 2) + LEAN_M
        share = min(1.0, most / max(math.hypot(x, y), 1e-9))
        return (aside[0] + share * x, aside[1] + share * y, up)

    # ---- directions --------------------------------------------------------------------------------------------

    def _from_place(self, ahead_m: float) -> Vector:
        x, y, z = self._at
        return (x + ahead_m * self._ahead[0], y + ahead_m * self._ahead[1], z)

    def _aside(self, side: str, by_m: float) -> tuple[float, float]:
        by_m = by_m if side == "left" else -by_m
        return (-self._ahead[1] * by_m, self._ahead[0] * by_m)

    def _hanging(self, side: str) -> Vector:
        ahead, aside, up = HANGS
        x, y = self._aside(side, aside)
        return (x + ahead * self._ahead[0], y + ahead * self._ahead[1], up)

    def _side(self, point: Vector) -> str:
        stand = self._stand.state(math.inf)[0]
        left = self._aside("left", 1.0)
        return "left" if (point[0] - stand[0]) * left[0] + (point[1] - stand[1]) * left[1] > 0 else "right"

    def _at_rest_s(self, t: float) -> float:
        return max(t, *(track.end_s for track in self._hands.values()))


def _plus(a: Vector, b: Vector) -> Vector:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _minus(a: Vector, b: Vector) -> Vector:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _times(a: Vector, by: float) -> Vector:
    return (a[0] * by, a[1] * by, a[2] * by)
