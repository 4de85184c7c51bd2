"""What the rules and the engine say of a retreat, in German; `{}` stands for names and figures."""

from __future__ import annotations

_BY_HAND = (
    "Zelle stoppen, auf Handbetrieb schalten und den Arm von Hand herausfahren, oder ihn von jemandem befreien lassen."
)

GERMAN = {
    "Straight out of {}, {} mm.": "Gerade heraus aus {}, {} mm.",
    "Straight up out of bin {}, {} mm.": "Gerade nach oben aus dem Behälter {}, {} mm.",
    "Back the way it came, {} mm.": "Zurück auf dem Weg, den er kam, {} mm.",
    "{} was at it together with the robot: see that they have let go.": (
        "{} war zusammen mit dem Roboter daran: sehen, dass losgelassen ist."
    ),
    "Its gripper holds something that nobody knows of.": "Der Greifer hält etwas, von dem niemand weiß.",
    "Nothing is in its gripper.": "Im Greifer ist nichts.",
    "The way out of where the arm is, is being planned.": "Der Weg heraus wird geplant.",
    "The arm retreats, or shall: wait until that is over, or stop it.": (
        "Der Arm fährt heraus oder soll es: warten, bis das vorbei ist, oder es anhalten."
    ),
    "Somebody has stopped this retreat: ask for it again.": "Jemand hat das Herausfahren angehalten: neu anfordern.",
    "The robot has not come to a stand yet: wait a moment.": "Der Roboter steht noch nicht: kurz warten.",
    "The cell is aborted: clear it, then the arm may retreat.": (
        "Die Zelle ist abgebrochen: aufräumen, dann darf der Arm herausfahren."
    ),
    "The arm stands clear: there is nothing to retreat from.": "Der Arm steht frei: Es gibt nichts zum Herausfahren.",
    "Move it elsewhere by hand in manual mode, if it must go.": (
        "Muss er trotzdem weg: von Hand bewegen, im Handbetrieb."
    ),
    "A person's zone is in the way of the retreat.": "Die Zone einer Person liegt auf dem Weg heraus.",
    "It is not known how the arm came here, and nothing tells which way is out.": (
        "Es ist nicht bekannt, wie der Arm hierher kam, und nichts sagt, wo es herausgeht."
    ),
    "No way out is free: {}": "Kein Weg heraus ist frei: {}",
    "Stop the cell, switch to manual mode and move the arm out by hand, or let a person free it.": _BY_HAND,
    "Something has changed since the way was shown: look.": (
        "Seit der Weg gezeigt wurde, hat sich etwas geändert: nachsehen."
    ),
    "Then ask for the retreat again.": "Dann den Rückzug neu anfordern.",
    "The robot took long to get ready, and did not set out.": (
        "Der Roboter brauchte lange, bis er bereit war, und fuhr nicht los."
    ),
    "It is ready now: look, and ask for the retreat again.": (
        "Jetzt ist er bereit: hinsehen und den Rückzug neu anfordern."
    ),
    "The orchestrator stopped while the arm retreated, or was about to.": (
        "Tandem wurde beendet, während der Arm herausfuhr oder es sollte."
    ),
    "The arm did not say how its retreat ended.": "Der Arm hat nicht gesagt, wie das Herausfahren endete.",
    "The robot may not move now.": "Der Roboter darf sich jetzt nicht bewegen.",
    "Something holds the arm up.": "Etwas hält den Arm auf.",
    "Look what is in its way.": "Nachsehen, was im Weg ist.",
    "The robot went into {}.": "Der Roboter ging in {}.",
    "Clear the cell and acknowledge.": "Die Zelle räumen und „Die Zelle ist frei“ melden.",
    "The robot was stopped.": "Der Roboter wurde angehalten.",
}
