"""What a live look says to whoever moves the part: short, in each language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.engine.languages import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

ARM = phrase("The robot's arm hides it.", "Der Arm des Roboters verdeckt es.")
NO_PICTURE = phrase("The camera gives no picture.", "Die Kamera liefert kein Bild.")
SAYS = {
    "missing": phrase("It is not there yet.", "Es ist noch nicht da."),
    "flipped": phrase("It lies upside down.", "Es liegt falsch herum."),
    "wrong": phrase("Another part is there.", "Dort ist ein anderes Teil."),
    "cannot_see": phrase("Nothing can be made out for certain.", "Es ist nichts sicher zu erkennen."),
}
# what vision names as the cause, and what that means to a person; `{part}` is what hides it
_CAUSES = {
    r"beyond the picture's edge": phrase("It is beyond the picture.", "Es liegt außerhalb des Bildes."),
    r"something nearer to the camera hides it": phrase(
        "Something in front of it hides it: a hand, perhaps.", "Etwas davor verdeckt es: vielleicht eine Hand."
    ),
    r"the camera measured nothing there": phrase("The camera measures nothing there.", "Die Kamera misst dort nichts."),
    r"(?:robot's arm|the arm itself) is in the way": ARM,
    r"gives no picture|gave no picture|The camera \S+ failed": NO_PICTURE,
    r": (\S+) hides it": phrase("{part} hides it.", "{part} verdeckt es."),
    r"no camera": phrase("No camera sees that place.", "Keine Kamera sieht diese Stelle."),
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
                return said.filled(part=names.get(part) or part.rpartition("/")[2])
    return SAYS[verdict].texts
