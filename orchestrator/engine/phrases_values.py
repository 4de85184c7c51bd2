"""What is wrong with a value that was measured or entered, in German."""

from __future__ import annotations

QUANTITIES = {
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
WRONG = {
    "{} was not confirmed.": "{} wurde nicht bestätigt.",
    "{} '{}' is not a number.": "{} „{}“ ist keine Zahl.",
    "{} {} is below {}.": "{} {} liegt unter {}.",
    "{} {} is above {}.": "{} {} liegt über {}.",
    "{} reads {}, not {}.": "{} liest sich als {}, nicht als {}.",
    "{} is {}, not {}.": "{} ist {}, nicht {}.",
}
