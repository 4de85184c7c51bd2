"""How a point of a person moves: smoothly from goal to goal, never faster than it is told."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

from orchestrator.core.geometry import Vector

ZERO: Vector = (0.0, 0.0, 0.0)
State = tuple[Vector, Vector]  # position (m) and speed (m/s)
SAMPLES = 24  # at which a glide's speed and acceleration are looked at
HARDEST_M_S2 = 12.0  # of a hand: a reach of 0.3 m in 0.4 s
SHORTEST_S = 0.05
LONGEST_S = 60.0
STRETCH = 1.1


@dataclass(frozen=True, slots=True)
class Glide:
    """A quintic from a point and a speed to rest at a goal, between `start_s` and `end_s`; it stays there afterwards.

    A person's reach is close to the path of least jerk, which is such a quintic: T. Flash and N. Hogan, "The
    coordination of arm movements", 1985. `terms` are the six coefficients of each axis, constant term first, over the
    share of the time that has passed.
    """

    start_s: float
    end_s: float
    terms: tuple[tuple[float, ...], ...]

    def at(self, t: float) -> State:
        """Return position (m) and speed (m/s) at a time."""
        lasts = self.end_s - self.start_s
        u = min(max((t - self.start_s) / lasts, 0.0), 1.0)
        p, v = [], []
        for c0, c1, c2, c3, c4, c5 in self.terms:
            p.append(c0 + u * (c1 + u * (c2 + u * (c3 + u * (c4 + u * c5)))))
            v.append((c1 + u * (2 * c2 + u * (3 * c3 + u * (4 * c4 + u * 5 * c5)))) / lasts)
        return (p[0], p[1], p[2]), ZERO if t >= self.end_s else (v[0], v[1], v[2])


def glide(start_s: float, state: State, goal: Vector, speed_m_s: float, hardest_m_s2: float = HARDEST_M_S2) -> Glide:
    """Return the glide from a state to rest at a goal, as quick as its speed and acceleration allow.

    A state that is faster already slows down without getting any faster.
    """
    p, v = state
    limit = max(speed_m_s, math.hypot(*v)) * 1.001
    # At rest the speed peaks at 15/8 of the mean.
    lasts = max(SHORTEST_S, 1.875 * math.dist(p, goal) / speed_m_s)
    while True:
        made = Glide(start_s, start_s + lasts, tuple(_quintic(*row, lasts) for row in zip(p, v, goal, strict=True)))
        speeds = [made.at(start_s + lasts * k / SAMPLES)[1] for k in range(SAMPLES + 1)]
        hardest = max(math.dist(a, b) for a, b in itertools.pairwise(speeds)) * SAMPLES / lasts
        if (max(math.hypot(*w) for w in speeds) <= limit and hardest <= hardest_m_s2) or lasts > LONGEST_S:
            return made
        lasts *= STRETCH


def _quintic(p: float, v: float, goal: float, lasts_s: float) -> tuple[float, ...]:
    """Return the coefficients of one axis from position and speed, without acceleration, to rest at `goal`."""
    c1, d = v * lasts_s, goal - p
    return (p, c1, 0.0, 10 * d - 6 * c1, -15 * d + 8 * c1, 6 * d - 3 * c1)


class Track:
    """One point's way: glides one after the other, the last one's goal kept for ever."""

    def __init__(self, at: Vector, hardest_m_s2: float = HARDEST_M_S2) -> None:
        self._hardest_m_s2 = hardest_m_s2
        self._glides: list[Glide] = [Glide(-1.0, 0.0, tuple((x, 0.0, 0.0, 0.0, 0.0, 0.0) for x in at))]

    @property
    def end_s(self) -> float:
        """When it comes to rest."""
        return self._glides[-1].end_s

    def state(self, t: float) -> State:
        """Return position (m) and speed (m/s) at a time."""
        current = self._glides[0]
        for later in self._glides[1:]:
            if later.start_s > t:
                break
            current = later
        return current.at(t)

    def go(self, t: float, goal: Vector, speed_m_s: float) -> None:
        """Leave for a goal at a time, now or later; what was planned after that time is dropped."""
        self.drop(t)
        self._glides.append(glide(t, self.state(t), goal, speed_m_s, self._hardest_m_s2))

    def drop(self, t: float) -> None:
        """Forget what was planned to begin at a time or later."""
        self._glides = [self._glides[0], *(piece for piece in self._glides[1:] if piece.start_s < t)]

    def delay(self, by_s: float) -> None:
        """Let everything be later: what was at a time is so much after it."""
        self._glides = [
            replace(piece, start_s=piece.start_s + by_s, end_s=piece.end_s + by_s) for piece in self._glides
        ]

    def forget(self, t: float) -> None:
        """Forget what was over before a time: nobody will ask for it any more."""
        current = max((k for k, piece in enumerate(self._glides) if piece.start_s <= t), default=0)
        self._glides = self._glides[current:]
