"""What a live look says to whoever moves the part: short, in each language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ARM = {"en": "The robot's arm hides it.", "de": "Der Arm des Roboters verdeckt es."}
NO_PICTURE = {"en": "The camera gives no picture.", "de": "Die Kamera liefert kein Bild."}
SAYS = {
    "missing": {"en": "It is not there yet.", "de": "Es ist noch nicht da."},
    "flipped": {"en": "It lies upside down.", "de": "Es liegt falsch herum."},
    "wrong": {"en": "Another part is there.", "de": "Dort ist ein anderes Teil."},
    "cannot_see": {"en": "Nothing can be made out for certain.", "de": "Es ist nichts sicher zu erkennen."},
}
# what vision names as the cause, and what that means to a person; `{}` is a part
_CAUSES = {
    r"beyond the picture's edge": {"en": "It is beyond the picture.", "de": "Es liegt außerhalb des Bildes."},
    r"something nearer to the camera hides it": {
        "en": "Something in front of it hides it: a hand, perhaps.",
        "de": "Etwas davor verdeckt es: vielleicht eine Hand.",
    },
    r"the camera measured nothing there": {
        "en": "The camera measures nothing there.",
        "de": "Die Kamera misst dort nichts.",
    },
    r"(?:robot's arm|the arm itself) is in the way": ARM,
    r"gives no picture|gave no picture|The camera \S+ failed": NO_PICTURE,
    r": (\S+) hides it": {"en": "{} hides it.", "de": "{} verdeckt es."},
    r"no camera": {"en": "No camera sees that place.", "de": "Keine Kamera sieht diese Stelle."},
}


def seen(verdict: str, reason: str, names: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Say what was seen, or what keeps it from being seen; `names` are what parts are called, by their ids.

    >>> seen("cannot_see", "Only 9% of u1/pin is in view: u1/lid hides it.", {"u1/lid": {"de": "Deckel"}})["de"]
    'Deckel verdeckt es.'
    """
    if verdict == "cannot_see":
        for cause, said in _CAUSES.items():
            if found := re.search(cause, reason):
                part = found[1] if found.re.groups else ""
                return {lang: text.format(_called(names.get(part, {}), lang, part)) for lang, text in said.items()}
    return SAYS[verdict]


def _called(name: Mapping[str, str], language: str, part: str) -> str:
    return name.get(language) or next(iter(name.values()), part.rpartition("/")[2])
