"""Why work of the robot, a look or a device failed, in German; `{}` stands for names and figures.

What a planner says of joints and collisions stays as it is: it is for whoever teaches the motion.
"""

from __future__ import annotations

GERMAN = {
    "The robot has not moved for {} s and did not say how its motion ended.": (
        "Der Roboter hat sich {} s nicht bewegt und nicht gesagt, wie seine Bewegung ausging."
    ),
    "The motion was cancelled.": "Die Bewegung wurde abgebrochen.",
    "It was broken off, and may not be run again by itself.": (
        "Es wurde abgebrochen und darf nicht von selbst wiederholt werden."
    ),
    "It was called off and does not end: it keeps asyncio.CancelledError to itself.": (
        "Es wurde abgebrochen und endet nicht: das Programm behält asyncio.CancelledError für sich."
    ),
    "'{}' came after the skill was called off.": "„{}“ kam, nachdem das Programm abgebrochen war.",
    "After {} pictures there is none that was taken after it was asked for.": (
        "Unter {} Bildern ist keines, das nach der Anfrage aufgenommen wurde."
    ),
    "The camera {} gave {} pictures, none of them from after the arm and the scene last changed.": (
        "Die Kamera {} gab {} Bilder, keines davon nach der letzten Änderung von Arm und Szene."
    ),
    "The camera {} gave {} pictures, none of them from while the arm stood.": (
        "Die Kamera {} gab {} Bilder, keines davon bei stehendem Arm."
    ),
    "The arm's camera had no verdict within {} s.": "Die Kamera am Arm kam binnen {} s zu keinem Urteil.",
    "The arm was not home within {} s.": "Der Arm war nach {} s nicht zu Hause.",
    "The arm could not go home, and still stands where it was: {}": (
        "Der Arm kam nicht nach Hause und steht noch, wo er war: {}"
    ),
    "The cell has no camera '{}'.": "Die Zelle hat keine Kamera „{}“.",
    "The cell has no camera.": "Die Zelle hat keine Kamera.",
    "The cell has no camera that stands still.": "Die Zelle hat keine Kamera, die feststeht.",
    "There is nothing to look at for {}.": "Für {} gibt es nichts anzusehen.",
    "The unit has left the cell.": "Die Einheit hat die Zelle verlassen.",
    "The step has no robot work.": "Der Schritt hat keine Arbeit für den Roboter.",
    "No camera looks into {}.": "Keine Kamera sieht in {}.",
    "The scene has changed since '{}' was planned: {}.": "Die Szene hat sich geändert, seit „{}“ geplant wurde: {}.",
    "{} did not end within {} s.": "{} war nach {} s nicht zu Ende.",
    "{} was edited just as {} began.": "{} wurde geändert, gerade als {} begann.",
    "The robot was stopped again meanwhile.": "Der Roboter wurde inzwischen wieder angehalten.",
    "Nobody has acknowledged this stop.": "Niemand hat nach diesem Halt gesagt, dass die Zelle frei ist.",
    "The tool {} weighs {} kg; the robot lifts {} kg.": "Das Werkzeug {} wiegt {} kg; der Roboter hebt {} kg.",
    "{} weighs {} kg; the robot lifts {} kg.": "{} wiegt {} kg; der Roboter hebt {} kg.",
    "The tool can't change during a motion.": "Das Werkzeug kann während einer Bewegung nicht wechseln.",
    "{} does not answer.": "{} antwortet nicht.",
    "It is doubtful where {} is.": "Es ist fraglich, wo {} ist.",
    "There is no part {} in unit {}.": "In der Einheit {1} gibt es kein Teil {0}.",
    "Where {} lies in {} only a camera can tell.": "Wo {} in {} liegt, kann nur eine Kamera sagen.",
    "{} has no grasp.": "{} hat keinen Griff.",
    "{} has no mesh.": "{} hat kein Netz.",
    "The gripper closed on nothing at {}.": "Der Greifer schloss bei {} ins Leere.",
    "The gripper does not hold {}.": "Der Greifer hält {} nicht.",
    "Nobody confirmed within {} s; the gripper still holds {}.": (
        "Binnen {} s hat niemand bestätigt; der Greifer hält {} noch."
    ),
    "Nobody took {} within {} s; the gripper still holds it.": (
        "Niemand hat {} binnen {} s genommen; der Greifer hält es noch."
    ),
    "Nobody holds {} any more.": "Niemand hält {} mehr.",
    "{} was lost on the way.": "{} ging unterwegs verloren.",
}
