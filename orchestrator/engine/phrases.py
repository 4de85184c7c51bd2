"""The guide's own words, in each language that screens offer. Authored words are in instructions/."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.commands import Measured

AWAY = {"en": "Nobody is signed in here.", "de": "Hier ist niemand angemeldet."}
IDLE = {"en": "Nothing for you right now.", "de": "Im Moment nichts für Sie."}
FREE = {"en": "Nothing to do right now.", "de": "Im Moment nichts zu tun."}
NO_ORDER = {"en": "There is no order yet.", "de": "Es gibt noch keinen Auftrag."}
START_ORDER = {"en": "An order waits to be started.", "de": "Ein Auftrag wartet auf den Start."}
CHECKING = {"en": "The camera is checking …", "de": "Die Kamera prüft …"}
ATTEST = {
    "en": "The robot did this. Look whether it is right, then confirm.",
    "de": "Das hat der Roboter getan. Prüfen Sie, ob es stimmt, und bestätigen Sie.",
}
_AXES = {
    "en": (("too far back", "too far forward"), ("too far right", "too far left"), ("too low", "too high")),
    "de": (("zu weit hinten", "zu weit vorn"), ("zu weit rechts", "zu weit links"), ("zu tief", "zu hoch")),
}
_VERDICTS = {
    "missing": {"en": "The camera sees no part there.", "de": "Die Kamera sieht dort kein Teil."},
    "flipped": {"en": "The part lies upside down.", "de": "Das Teil liegt falsch herum."},
    "wrong": {"en": "Another part sits there.", "de": "Dort sitzt ein anderes Teil."},
    "cannot_see": {"en": "The camera can't see it well enough.", "de": "Die Kamera sieht es nicht gut genug."},
}
_MOTIONS = {  # first words of a motion's text -> what each language says, of the step's part
    "fetch": {"en": "fetches {part}", "de": "holt {part}"},
    "grip": {"en": "grips {part}", "de": "greift {part}"},
    "lift": {"en": "lifts {part}", "de": "hebt {part} an"},
    "bring": {"en": "brings {part}", "de": "bringt {part}"},
    "set": {"en": "sets {part} down", "de": "setzt {part} ab"},
    "let go": {"en": "lets go of {part}", "de": "lässt {part} los"},
    "press": {"en": "presses {part} in", "de": "drückt {part} ein"},
    "go home": {"en": "moves back", "de": "fährt zurück"},
}
WORTH_MM = 0.1  # offsets below this are not worth a word


def checking(title: dict[str, str]) -> dict[str, str]:
    """Say that a result is being looked at."""
    return {"en": f"Checking: {title.get('en', '')}", "de": f"Prüft: {title.get('de', '')}"}


def motion(text: str, part: dict[str, str]) -> dict[str, str]:
    """Say what the robot does, with the part's name in each language; a skill's own words where they are not known."""
    phrase = next((said for start, said in _MOTIONS.items() if text.startswith(start)), None)
    if phrase is None or ("{part}" in phrase["en"] and not part):
        return {"en": text, "de": text}
    anything = next(iter(part.values()), "")
    return {language: said.format(part=part.get(language, anything)) for language, said in phrase.items()}


def reason(code: str, message: str, measured: Measured | None) -> dict[str, str]:
    """Say why a step did not succeed; a measured offset as a person at the front of the cell sees it.

    The person faces the robot: the cell's +x points at them, its +y to their right.
    """
    if measured is not None and measured.verdict == "displaced" and measured.offset_mm is not None:
        return {language: _offset(language, measured) for language in _AXES}
    if code in _VERDICTS:
        return dict(_VERDICTS[code])
    return {"en": message, "de": message}


def _offset(language: str, measured: Measured) -> str:
    assert measured.offset_mm is not None
    said = []
    for value, (minus, plus) in zip(measured.offset_mm, _AXES[language], strict=True):
        if abs(value) >= WORTH_MM:
            size = f"{abs(value):.1f}".replace(".", "," if language == "de" else ".")
            said.append(f"{size} mm {plus if value > 0 else minus}")
    turned = {"en": "It is turned.", "de": "Es ist verdreht."}
    return f"{', '.join(said)}." if said else turned[language]
