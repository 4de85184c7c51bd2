"""What the rules say of a cell that stands or waits, in German; `{}` stands for names and figures."""

from __future__ import annotations

GERMAN = {
    "Tandem was restarted.": "Tandem wurde neu gestartet.",
    "protective stop": "Schutzhalt",
    "safeguard stop": "Sicherheitshalt",
    "emergency stop": "Not-Halt",
    "fault": "Roboterfehler",
    "safety state not known": "Sicherheitszustand unbekannt",
    "The arm moves, and nobody has asked it to.": "Der Arm bewegt sich, und niemand hat ihn darum gebeten.",
    "The robot says that it has stopped, and its arm moves on.": (
        "Der Roboter sagt, er habe gestoppt, und sein Arm bewegt sich weiter."
    ),
    "Press the emergency stop, then see the robot's controller.": (
        "Not-Halt drücken, dann die Steuerung des Roboters prüfen."
    ),
    "{} wants the cell held, too.": "{} will ebenfalls, dass die Zelle steht.",
    "every order has ended": "Alle Aufträge sind beendet.",
    "what is to be done next can't be worked out": "Was als Nächstes zu tun ist, lässt sich nicht berechnen.",
    "the journal could not be written": "Das Journal konnte nicht geschrieben werden.",
    "Starting: waits until the robot is ready.": "Startet: wartet, bis der Roboter bereit ist.",
    "Holding: waits until the arm stands.": "Hält an: wartet, bis der Arm steht.",
    "Going on: waits until the robot is ready.": "Geht weiter: wartet, bis der Roboter bereit ist.",
    "Suspending: waits until the arm stands.": "Setzt aus: wartet, bis der Arm steht.",
    "Stopping: waits until the arm stands.": "Stoppt: wartet, bis der Arm steht.",
    "Aborting: asks the robot again and again until the arm stands.": (
        "Bricht ab: fragt den Roboter immer wieder, bis der Arm steht."
    ),
    "Clearing: waits for nothing.": "Gibt frei: wartet auf nichts.",
    "Resetting: waits for nothing.": "Setzt zurück: wartet auf nichts.",
    "Finishing: waits until the arm's last motion has ended.": (
        "Schließt ab: wartet, bis die letzte Bewegung des Arms zu Ende ist."
    ),
    "After {} s it becomes a hold.": "Nach {} s wird daraus ein Anhalten.",
    "After {} s it becomes a stop.": "Nach {} s wird daraus ein Stopp.",
    "After {} s it becomes an abort.": "Nach {} s wird daraus ein Abbruch.",
    "The cell is suspended: it goes on by itself once a lane can proceed.": (
        "Die Zelle ist ausgesetzt: Sie geht von selbst weiter, sobald jemand arbeiten kann."
    ),
    "Paused: resume the cell.": "Pause: die Zelle fortsetzen.",
    "Paused: resume the robot.": "Pause: den Roboter fortsetzen.",
    "Paused: resume place {}.": "Pause: den Platz {} fortsetzen.",
    "Paused: resume order {}.": "Pause: Auftrag {} fortsetzen.",
    "Paused for longer than {} s.": "Länger als {} s pausiert.",
    "The robot could not be paused.": "Der Roboter ließ sich nicht pausieren.",
    "Bin {} has too few {} for {} of {}: refill it.": "Im Behälter {} sind zu wenig {} für {} an {}: nachfüllen.",
    "{} of {} waits for a person: sign in at {}.": "{} an {} wartet auf eine Person: an {} anmelden.",
    "{} of {} waits for a person's look: sign in at {}.": "{} an {} wartet auf einen prüfenden Blick: an {} anmelden.",
    "{} of {} waits for another person's look: sign in at {}.": (
        "{} an {} wartet auf den Blick einer zweiten Person: an {} anmelden."
    ),
    "{} of {} waits for whoever was at it: sign in at {}.": "{} an {} ist angefangen und wartet: an {} anmelden.",
    "{} of {} can't begin.": "{} an {} kann nicht beginnen.",
    "{} is still at {}.": "{} steht noch auf {}.",
    "{} lies on the robot's way ({}).": "{} liegt auf dem Weg des Roboters ({}).",
    "It is not known where {} is.": "Es ist nicht bekannt, wo {} ist.",
    "Tool {} was due for calibration on {}.": "Werkzeug {} war am {} zur Kalibrierung fällig.",
    "The robot did not stand within {} s.": "Der Roboter stand nicht innerhalb von {} s.",
    "The robot was not ready within {} s.": "Der Roboter war nicht innerhalb von {} s bereit.",
    "The robot's motion did not end within {} s.": "Die Bewegung des Roboters endete nicht innerhalb von {} s.",
    "The robot does not answer a stop: nothing came within {} s.": (
        "Der Roboter antwortet auf keinen Stopp: binnen {} s kam nichts."
    ),
    "The robot does not answer a stop: {}": "Der Roboter antwortet auf keinen Stopp: {}",
    "Press the emergency stop, then see the robot's connection.": (
        "Not-Halt drücken, dann die Verbindung zum Roboter prüfen."
    ),
}
