"""What is wrong with a value that was measured or entered, in German."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUANTITIES = {
    "angle": "Winkel",
    "code": "Code",
    "depth": "Tiefe",
    "distance": "Abstand",
    "force": "Kraft",
    "gap": "Spalt",
    "height": "Höhe",
    "length": "Länge",
    "mass": "Masse",
    "pressure": "Druck",
    "resistance": "Widerstand",
    "temperature": "Temperatur",
    "torque": "Drehmoment",
    "voltage": "Spannung",
    "width": "Breite",
}
_WRONG = {
    "{} was not confirmed.": "{} wurde nicht bestätigt.",
    "{} '{}' is not a number.": "{} „{}“ ist keine Zahl.",
    "{} {} is below {}.": "{} {} liegt unter {}.",
    "{} {} is above {}.": "{} {} liegt über {}.",
    "{} reads {}, not {}.": "{} liest sich als {}, nicht als {}.",
    "{} is {}, not {}.": "{} ist {}, nicht {}.",
}


def _named() -> Mapping[str, str]:
    """Return the sentences for quantities whose names are known, before those for all others."""
    known = {
        f"{english}{said.removeprefix('{}')}": f"{german}{wrong.removeprefix('{}')}"
        for english, german in _QUANTITIES.items()
        for said, wrong in _WRONG.items()
    }
    return {**known, **_WRONG}


VALUES = _named()
