"""How far the arm keeps from people, and how slowly it moves near them. A courtesy, not a safety function."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from orchestrator.core.parts import Amount, Positive, as_number
from orchestrator.core.variant import Frozen

Some = Annotated[Amount, Field(ge=0)]


class SeparationSpec(Frozen):
    """Speed and separation, with every parameter of the protective distance; authored in mm and mm/s.

    ISO/TS 15066:2016, 5.5.4.2.3, formula (1), since taken over by ISO 10218-2:2025:
    S_p = S_h + S_r + S_s + C + Z_d + Z_r. With an arm that brakes evenly with a from its speed v, T_s = v / a is its
    stopping time and S_s = v² / 2a its stopping distance; S_h = v_h (T_r + T_s) is what the person and S_r = v T_r
    what the arm covers meanwhile.

    A person's speed v_h is 1.6 m/s where it is not measured (ISO 13855, ISO/TS 15066 5.5.4.2.3). At `contact_m_s` or
    less the arm may come near a person: power and force limiting, 5.5.5, takes over from separation there. 0.25 m/s is
    the reduced speed of ISO 10218-1 and lies within what table A.4 gives for hands and arms at a light payload.
    """

    AUTHORED: ClassVar[dict[str, str]] = {
        "person_m_s": "person_mm_s",
        "braking_m_s2": "braking_mm_s2",
        "intrusion_m": "intrusion_mm",
        "person_error_m": "person_error_mm",
        "robot_error_m": "robot_error_mm",
        "slow_margin_m": "slow_margin_mm",
        "contact_m_s": "contact_mm_s",
    }

    on: bool = True
    person_m_s: Positive = 1.6  # v_h
    reaction_s: Positive = 0.1  # T_r: from a person's move to the arm's braking, the interval between looks included
    braking_m_s2: Positive = 4.0  # a: how hard the arm brakes at least
    intrusion_m: Some = 0.0  # C: how far a person reaches in before they are noticed; ISO 13855, from the sensor
    person_error_m: Some = 0.03  # Z_d
    robot_error_m: Some = 0.002  # Z_r
    slow_margin_m: Some = 0.15  # slowing begins this much before the protective distance
    contact_m_s: Positive = 0.25

    @model_validator(mode="before")
    @classmethod
    def _metres(cls, data: Any) -> Any:
        """Turn authored millimetres into metres; a bare true or false switches it on or off."""
        if isinstance(data, bool):
            return {"on": data}
        if not isinstance(data, dict):
            return data
        out: dict[str, Any] = {}
        for key, value in data.items():
            for old, new in (("_mm", "_m"), ("_mm_s", "_m_s"), ("_mm_s2", "_m_s2")):
                if isinstance(key, str) and key.endswith(old):
                    out[key.removesuffix(old) + new] = as_number(value) / 1000
                    break
            else:
                out[key] = value
        return out

    def protective_m(self, robot_m_s: float, person_m_s: float | None = None) -> float:
        """Return the protective distance S_p (m) of an arm at a speed (m/s), from a person of the given speed.

        >>> round(SeparationSpec().protective_m(1.0), 3)
        0.817
        """
        person = self.person_m_s if person_m_s is None else person_m_s
        stopping_s = robot_m_s / self.braking_m_s2
        person_m = person * (self.reaction_s + stopping_s)
        robot_m = robot_m_s * self.reaction_s
        return person_m + robot_m + robot_m_s * stopping_s / 2 + self._fixed_m

    def allowed_m_s(self, distance_m: float) -> float:
        """Return the fastest that the arm may move (m/s) with a person at a distance (m).

        The speed whose protective distance leaves the margin of slowing, but never less than `contact_m_s`.
        """
        spare = distance_m - self.slow_margin_m - self._fixed_m - self.person_m_s * self.reaction_s
        if spare <= 0:
            return self.contact_m_s
        # v² / 2a + v (v_h / a + T_r) = spare
        half = self.person_m_s / self.braking_m_s2 + self.reaction_s
        speed = self.braking_m_s2 * (math.sqrt(half * half + 2 * spare / self.braking_m_s2) - half)
        return max(self.contact_m_s, speed)

    def near_m(self, closing_m_s: float) -> float:
        """Return the distance (m) at which even an arm at contact speed waits for a person.

        S_p from the speed at which the two close in on each other (m/s), which is measured by then, not assumed: who
        works beside the arm does not halt it, who walks into it does.
        """
        return self.protective_m(self.contact_m_s, min(max(closing_m_s, 0.0), self.person_m_s))

    @property
    def _fixed_m(self) -> float:
        return self.intrusion_m + self.person_error_m + self.robot_error_m
