"""The guide's own words, in each language that screens offer. Authored words are in instructions/."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.core.geometry import rotate
from orchestrator.engine.languages import NOTHING, joined, phrase, quote, recognise, sentence, spoken, with_point
from orchestrator.engine.phrases_failures import GERMAN as FAILURES
from orchestrator.engine.phrases_refusals import GERMAN as REFUSALS
from orchestrator.engine.phrases_refusals import MISSING
from orchestrator.engine.phrases_remedies import GERMAN as REMEDIES
from orchestrator.engine.phrases_retreat import GERMAN as RETREAT
from orchestrator.engine.phrases_ros2 import GERMAN as ROS2
from orchestrator.engine.phrases_standing import GERMAN as STANDING
from orchestrator.engine.phrases_states import (
    ASKED,
    AUTONOMY_NAMES,
    MODE_NAMES,
    MODES,
    OF_A_STEP,
    OF_ORDERS,
    ORDER_NAMES,
    STANDS,
    STATE_NAMES,
    STATES,
    STEP_NAMES,
    VERB_NAMES,
)
from orchestrator.engine.phrases_values import QUANTITIES, WRONG

if TYPE_CHECKING:
    from orchestrator.core.commands import Measured
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.engine.languages import Called

AWAY = phrase("Nobody is signed in here.", "Hier ist niemand angemeldet.")
IDLE = phrase("Nothing for you right now.", "Im Moment nichts für Sie.")
FREE = phrase("Nothing to do right now.", "Im Moment nichts zu tun.")
NO_ORDER = phrase("There is no order yet.", "Es gibt noch keinen Auftrag.")
START_ORDER = phrase("An order waits to be started.", "Ein Auftrag wartet auf den Start.")
GOING_HOME = phrase("The robot makes way after a failure.", "Der Roboter macht nach einem Fehler Platz.")
LOOKING_AGAIN = phrase(
    "The camera looks at the unit once more …", "Die Kamera sieht sich das Werkstück noch einmal an …"
)
CHECKING = phrase("The camera is checking …", "Die Kamera prüft …")
CHECKING_BETWEEN = phrase(
    "The camera is checking: it looks while the robot stands still …",
    "Die Kamera prüft: Sie sieht nach, während der Roboter stillsteht …",
)
LOOKS_LATER = phrase(
    "The camera looks once the robot may move: its arm is in the way, or carries the camera.",
    "Die Kamera sieht nach, sobald sich der Roboter bewegen darf: Sein Arm ist im Weg oder trägt die Kamera.",
)
ATTEST = phrase(
    "The robot did this. Look whether it is right, then confirm.",
    "Das hat der Roboter getan. Prüfen Sie, ob es stimmt, und bestätigen Sie.",
)
ATTEST_PERSON = phrase(
    "Somebody else did this. Look whether it is right, then confirm.",
    "Das hat jemand anderes getan. Prüfen Sie, ob es stimmt, und bestätigen Sie.",
)
_SECOND_LOOK = phrase(
    "Another person now looks at it: {title}. They sign in at another place, or here once you have left.",
    "Nun sieht eine andere Person es sich an: {title}. Sie meldet sich an einem anderen Platz an, oder hier, "
    "sobald Sie gegangen sind.",
)
_CHECKING = phrase("Checking: {title}", "Prüft: {title}")
_WAITS_FOR_NEXT = phrase("Waits for somebody to say next: {title}", "Wartet, bis jemand „Weiter“ sagt: {title}")
_AXES = (
    (
        phrase("{mm} mm too far back", "{mm} mm zu weit hinten"),
        phrase("{mm} mm too far forward", "{mm} mm zu weit vorn"),
    ),
    (
        phrase("{mm} mm too far left", "{mm} mm zu weit links"),
        phrase("{mm} mm too far right", "{mm} mm zu weit rechts"),
    ),
    (phrase("{mm} mm too low", "{mm} mm zu tief"), phrase("{mm} mm too high", "{mm} mm zu hoch")),
)
_TURNED = phrase("It is turned.", "Es ist verdreht.")
_VERDICTS = {
    "missing": phrase("The camera sees no part there.", "Die Kamera sieht dort kein Teil."),
    "flipped": phrase("The part lies upside down.", "Das Teil liegt falsch herum."),
    "wrong": phrase("Another part sits there.", "Dort sitzt ein anderes Teil."),
    "cannot_see": phrase("The camera can't see it well enough.", "Die Kamera sieht es nicht gut genug."),
}
_NO_PICTURE = "The camera can't see it: "  # as the rules begin, where it had none that counts
_MOTIONS = {  # first words of a motion's text -> what is said, of the step's part
    "fetch": phrase("fetches {part}", "holt {part}"),
    "grip": phrase("grips {part}", "greift {part}"),
    "lift": phrase("lifts {part}", "hebt {part} an"),
    "bring": phrase("brings {part}", "bringt {part}"),
    "set": phrase("sets {part} down", "setzt {part} ab"),
    "let go": phrase("lets go of {part}", "lässt {part} los"),
    "press": phrase("presses {part} in", "drückt {part} ein"),
    "look at": phrase("looks at {part}", "sieht sich {part} an"),
    "go home": phrase("moves back", "fährt zurück"),
}
# What the interlock, the readiness rules and recovery say, in German; `{}` stands for names.
_GERMAN = {
    "The cell is idle: start it.": "Die Zelle ist im Leerlauf: starten.",
    "The cell is held: acknowledge if asked, then release the hold.": (
        "Die Zelle ist angehalten: „Die Zelle ist frei“ melden, falls gefragt, dann „Weiter“."
    ),
    "The cell is suspended: release it.": "Die Zelle ist ausgesetzt: fortsetzen.",
    "The cell is stopped: reset it, then start it.": "Die Zelle ist gestoppt: zurücksetzen, dann starten.",
    "The cell is aborted: clear it, then reset and start it.": (
        "Die Zelle ist abgebrochen: aufräumen, dann zurücksetzen und starten."
    ),
    "The cell has completed its orders: reset it, then start it.": (
        "Die Zelle hat ihre Aufträge erledigt: zurücksetzen, dann starten."
    ),
    "The robot is in a protective stop: see what it touched, then acknowledge.": (
        "Der Roboter ist im Schutzhalt: nachsehen, was er berührt hat, dann „Die Zelle ist frei“ melden."
    ),
    "A safeguard is open: close it.": "Eine Schutzeinrichtung ist offen: schließen.",
    "The emergency stop is pressed: release it at the cell, then clear the abort.": (
        "Der Not-Halt ist gedrückt: an der Zelle entriegeln, dann „Aufräumen“ drücken."
    ),
    "The robot reports a fault: see its own panel.": "Der Roboter meldet einen Fehler: siehe sein Bedienfeld.",
    "The robot's safety state is not known: check its connection.": (
        "Der Sicherheitszustand des Roboters ist unbekannt: Verbindung prüfen."
    ),
    "After a stop or a restart a person must say that the cell is clear: acknowledge.": (
        "Nach einem Halt oder Neustart muss jemand nachsehen und „Die Zelle ist frei“ melden."
    ),
    "The screen at {} has lost its line.": "Der Bildschirm an {} hat keine Verbindung.",
    "Bin {} has too few left: refill it.": "Im Behälter {} ist zu wenig: nachfüllen.",
    "No bin for the robot holds {}.": "Kein Behälter des Roboters enthält {}.",
    "The gripper holds {}.": "Der Greifer hält {}.",
    "{} lacks the qualification {}.": "{} fehlt die Qualifikation {}.",
    "The orchestrator stopped while the robot was at it.": "Tandem ist ausgefallen, während der Roboter dabei war.",
    "The gripper held {} before the orchestrator stopped, and holds nothing now.": (
        "Der Greifer hielt {}, bevor Tandem ausfiel, und hält jetzt nichts."
    ),
    "The orchestrator stopped while the robot was at it; the gripper holds {}.": (
        "Tandem ist ausgefallen, während der Roboter dabei war; der Greifer hält {}."
    ),
    "A breakpoint stands before {}: a person must say next.": "Vor {} steht ein Haltepunkt: jemand muss Weiter sagen.",
    "{} is the robot's next step: a person must say next.": (
        "{} ist der nächste Schritt des Roboters: jemand muss Weiter sagen."
    ),
    "Somebody of {} may still be at {}: look, and say so.": (
        "Bei {1} könnte noch jemand von {0} sein: nachsehen und Bescheid geben."
    ),
    "The robot met something on its way, and stopped.": "Der Roboter ist auf etwas gestoßen und hat angehalten.",
    "The robot's arm is in the way of {} and {}.": "Der Arm des Roboters ist den Kameras {} und {} im Weg.",
    "The robot's arm is in the way of {}.": "Der Arm des Roboters ist der Kamera {} im Weg.",
    "From there the arm itself is in the way of {}.": "Von dort ist der Arm selbst der Kamera {} im Weg.",
    "The robot's arm has not come to a stand for {} s.": "Der Arm kam seit {} s nicht zum Stehen.",
    "The camera {} gave no picture within {} s.": "Die Kamera {} gab binnen {} s kein Bild.",
    "The camera {} gives no picture.": "Die Kamera {} gibt kein Bild.",
    "The camera {} failed: {}.": "Die Kamera {} ist ausgefallen: {}.",
    "The camera sees that its part was not put in.": "Die Kamera sieht, dass das Teil nicht eingesetzt wurde.",
    "Nobody has said whether {} is in its place already: look.": (
        "Niemand hat gesagt, ob {} schon an seinem Platz ist: nachsehen."
    ),
    "Somebody of {} may still have their hands in the cell: look, and say so.": (
        "Jemand von {} könnte die Hände noch in der Zelle haben: nachsehen und Bescheid geben."
    ),
    "{} moves the robot by hand: wait until it stands.": "{} bewegt den Roboter von Hand: warten, bis er steht.",
    "The motion '{}' lacks {} person's approval.": "Für die Bewegung „{}“ fehlt noch {} Freigabe.",
    "The motion '{}' lacks {} people's approval.": "Für die Bewegung „{}“ fehlen noch {} Freigaben.",
    "{} is at work in zone {} ({}): wait until it is free.": "{} arbeitet in Zone {} ({}): warten, bis sie frei ist.",
    "The screen at {} has lost its line, and {} of {} needs it.": (
        "Der Bildschirm an {} hat keine Verbindung, und {} von {} braucht ihn."
    ),
    "{} of {} waits for a person to say next.": "{} von {} wartet, bis jemand Weiter sagt.",
    "{} does not answer, and {} of {} needs it: check its power and connection.": (
        "{} antwortet nicht, und {} von {} braucht es: Strom und Verbindung prüfen."
    ),
    "The gripper holds something that nobody knows of: take it out.": (
        "Der Greifer hält etwas, von dem niemand weiß: herausnehmen."
    ),
    "It is doubtful whether the gripper holds {}: look, and say so.": (
        "Es ist fraglich, ob der Greifer {} hält: nachsehen und Bescheid geben."
    ),
    "It is doubtful where {} is: look, and say so.": "Es ist fraglich, wo {} ist: nachsehen und Bescheid geben.",
    "It is doubtful whether {} lies at {}: look, and say so.": (
        "Es ist fraglich, ob {} auf {} liegt: nachsehen und Bescheid geben."
    ),
    "{} still lies at {}: take it out.": "{} liegt noch auf {}: herausnehmen.",
    **STANDING,
    **ROS2,
    **REMEDIES,
    **RETREAT,
    "{} can't be undone.": "{} lässt sich nicht rückgängig machen.",
    "{} is on its way back to {} already.": "{} ist schon auf dem Rückweg zu {}.",
    "{} is taken by {} {}.": "{} ist belegt durch {} {}.",
    "{} lies on the robot's way ({}).": "{} liegt auf dem Weg des Roboters ({}).",
    "The camera is looking at {} once more.": "Die Kamera sieht sich {} noch einmal an.",
}
recognise(_GERMAN)
quote({"A person refused the robot's motion: {}": "Die Bewegung des Roboters wurde abgelehnt: {}"})
recognise(STANDS)
recognise(MODES, MODE_NAMES, alone=True)
recognise(STATES, STATE_NAMES, alone=True)
recognise(ASKED, {**STATE_NAMES, **ORDER_NAMES, **STEP_NAMES, **AUTONOMY_NAMES, **VERB_NAMES})
recognise(OF_A_STEP, STEP_NAMES, alone=True)
recognise(OF_ORDERS)
recognise(WRONG, QUANTITIES)  # the most general last
recognise({**FAILURES, **REFUSALS, **MISSING})
WORTH_MM = 0.1  # offsets below this are not worth a word


def told(*reasons: str) -> dict[str, str]:
    """Say in each language what the rules said in English.

    >>> told("Bin caps has too few left: refill it.")["de"]
    'Im Behälter caps ist zu wenig: nachfüllen.'
    """
    return joined(*map(sentence, reasons))


def helps(remedy: str, called: Called = NOTHING) -> dict[str, str]:
    """Say in each language what helps, sentence by sentence where the whole is not known; {} where nothing is said.

    >>> helps("See the log. Turn it round.")["de"]
    'Im Protokoll nachsehen. Umdrehen.'
    """
    if not remedy:
        return {}
    whole = sentence(remedy, called)
    if len(whole) > 1:
        return whole
    return joined(*(sentence(one, called) for one in re.split(r"(?<=[.!?]) ", remedy)))


def checking(title: dict[str, str]) -> dict[str, str]:
    """Say that a result is being looked at."""
    return _CHECKING.filled(title=title)


def second_look(title: dict[str, str]) -> dict[str, str]:
    """Say that what this person has done or seen waits for somebody else's look."""
    return _SECOND_LOOK.filled(title=title)


def waits_for_next(title: dict[str, str]) -> dict[str, str]:
    """Say that a step waits for a person to say next."""
    return _WAITS_FOR_NEXT.filled(title=title)


def motion(text: str, part: dict[str, str]) -> dict[str, str]:
    """Say what the robot does, with the part's name in each language; a skill's own words where they are not known."""
    said = next((said for start, said in _MOTIONS.items() if text.startswith(start)), None)
    if said is None or ("{part}" in said.english and not part):
        return {"en": text}
    return said.filled(part=part)


def reason(
    code: str, message: str, measured: Measured | None, frame: Pose | None = None, called: Called = NOTHING
) -> dict[str, str]:
    """Say why a step did not succeed; a measured offset as a person at the front of the cell sees it.

    The person faces the robot: the cell's +x points at them, its +y to their right. `frame` is the result's frame,
    in whose axes the offset was measured, in the cell; `called` what people read for the names of the cell's file.
    """
    if measured is not None and measured.verdict == "displaced" and measured.offset_mm is not None:
        return _offset(measured.offset_mm, frame)
    if code == "cannot_see" and measured is None and message.startswith(_NO_PICTURE):
        return _no_picture(message.removeprefix(_NO_PICTURE), called)
    if code in _VERDICTS:
        return _VERDICTS[code].texts
    return helps(message, called) or told(message)


def _no_picture(why: str, called: Called) -> dict[str, str]:
    """Say why there is no picture that counts; where that is not known in a language, that there is none."""
    return {**_VERDICTS["cannot_see"].texts, **sentence(why, called)}


def _offset(offset_mm: Vector, frame: Pose | None) -> dict[str, str]:
    in_cell = rotate(frame.q, offset_mm) if frame is not None else offset_mm
    out = {}
    for language in spoken():
        said = [
            (plus if value > 0 else minus).within(language).format(mm=with_point(f"{abs(value):.1f}", language))
            for value, (minus, plus) in zip(in_cell, _AXES, strict=True)
            if abs(value) >= WORTH_MM
        ]
        out[language] = f"{', '.join(said)}." if said else _TURNED.within(language)
    return out
