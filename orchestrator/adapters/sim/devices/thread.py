"""Torque over angle of a screw that is being tightened."""

from __future__ import annotations

import math
from dataclasses import dataclass

PLASTIC = 0.1  # of the yield torque: how much more a screw bears while it stretches
LEFT = 0.15  # of the torque at which a thread gave way: what is left of it
SHEAR_DEG = 20.0  # how fast a thread gives way


@dataclass(frozen=True, slots=True)
class Thread:
    """A joint: how its torque (Nm) grows with the angle (degrees) that its screw is turned.

    Four zones, after R. S. Shoberg, "Engineering Fundamentals of Threaded Fastener Design and Analysis", section 2.5:
    run-down at the prevailing torque; alignment, in which the parts come together and the torque curves up to snug;
    elastic clamping with a constant rate; beyond yield an ever smaller rate. A thread that gives way loses its torque.
    The defaults are an M8 on a gasket: snug after three turns, 20 Nm some 80 degrees later.
    """

    rundown_deg: float = 1080.0
    prevailing_Nm: float = 0.15  # noqa: N815 - the unit's symbol
    snug_Nm: float = 1.0  # noqa: N815 - the unit's symbol
    rate_Nm_deg: float = 0.25  # noqa: N815 - the unit's symbol
    yield_Nm: float = 60.0  # noqa: N815 - the unit's symbol
    gives_way_Nm: float | None = None  # noqa: N815 - the unit's symbol

    @property
    def snug_deg(self) -> float:
        """Where the parts have come together: the alignment zone's parabola meets the elastic line without a kink."""
        return self.rundown_deg + 2 * (self.snug_Nm - self.prevailing_Nm) / self.rate_Nm_deg

    @property
    def yield_deg(self) -> float:
        """Where the screw begins to yield."""
        return self.snug_deg + (self.yield_Nm - self.snug_Nm) / self.rate_Nm_deg

    @property
    def gives_way_deg(self) -> float:
        """Where the thread gives way; infinite for a sound one."""
        return math.inf if self.gives_way_Nm is None else self._sound_angle(self.gives_way_Nm)

    def torque(self, angle_deg: float) -> float:
        """Return the torque (Nm) at an angle: it never falls before the thread gives way."""
        beyond = angle_deg - self.gives_way_deg
        if beyond <= 0:
            return self._sound_torque(angle_deg)
        held = self._sound_torque(self.gives_way_deg)
        return held * (LEFT + (1 - LEFT) * math.exp(-beyond / SHEAR_DEG))

    def angle(self, torque_Nm: float) -> float | None:  # noqa: N803 - the unit's symbol
        """Return the smallest angle (degrees) at which a torque is reached; None where it never is."""
        most = self.yield_Nm * (1 + PLASTIC) if self.gives_way_Nm is None else self.gives_way_Nm
        if torque_Nm >= most:
            return None
        return self._sound_angle(torque_Nm)

    def _sound_torque(self, angle_deg: float) -> float:
        if angle_deg <= self.rundown_deg:
            return self.prevailing_Nm
        if angle_deg <= self.snug_deg:
            share = (angle_deg - self.rundown_deg) / (self.snug_deg - self.rundown_deg)
            return self.prevailing_Nm + (self.snug_Nm - self.prevailing_Nm) * share**2
        if angle_deg <= self.yield_deg:
            return self.snug_Nm + self.rate_Nm_deg * (angle_deg - self.snug_deg)
        plastic = PLASTIC * self.yield_Nm
        return self.yield_Nm + plastic * (1 - math.exp(-(angle_deg - self.yield_deg) * self.rate_Nm_deg / plastic))

    def _sound_angle(self, torque_Nm: float) -> float:  # noqa: N803 - the unit's symbol
        if torque_Nm <= self.prevailing_Nm:
            return 0.0
        if torque_Nm <= self.snug_Nm:
            share = math.sqrt((torque_Nm - self.prevailing_Nm) / (self.snug_Nm - self.prevailing_Nm))
            return self.rundown_deg + share * (self.snug_deg - self.rundown_deg)
        if torque_Nm <= self.yield_Nm:
            return self.snug_deg + (torque_Nm - self.snug_Nm) / self.rate_Nm_deg
        plastic = PLASTIC * self.yield_Nm
        return self.yield_deg - plastic / self.rate_Nm_deg * math.log(1 - (torque_Nm - self.yield_Nm) / plastic)
