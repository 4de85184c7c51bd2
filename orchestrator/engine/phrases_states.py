"""What the rules say of the cell's state and mode, in German, with the names of both."""

STATE_NAMES = {  # each after "ist"
    "idle": "im Leerlauf",
    "starting": "beim Anlaufen",
    "execute": "bei der Arbeit",
    "holding": "beim Anhalten",
    "held": "angehalten",
    "unholding": "beim Weitergehen",
    "suspending": "beim Aussetzen",
    "suspended": "ausgesetzt",
    "unsuspending": "beim Fortsetzen",
    "stopping": "beim Stoppen",
    "stopped": "gestoppt",
    "aborting": "beim Abbrechen",
    "aborted": "abgebrochen",
    "clearing": "beim Aufräumen",
    "resetting": "beim Zurücksetzen",
    "completing": "beim Abschließen",
    "completed": "fertig",
}
STATES = {
    "The cell is {}: wait until it has settled.": "Die Zelle ist {}: kurz warten.",
    "The cell is {}: hold it, and wait until it has settled.": "Die Zelle ist {}: anhalten und warten, bis sie steht.",
    "The cell is {}: stop it, and wait until it has settled.": "Die Zelle ist {}: stoppen und warten, bis sie steht.",
    "The cell is {}: nothing moves by itself.": "Die Zelle ist {}: Nichts bewegt sich von selbst.",
    "The cell is {}: a check would see the board.": "Die Zelle ist {}: Eine Prüfung würde die Tafel sehen.",
    "The mode can't change while the cell is {}.": "Die Betriebsart lässt sich nicht ändern, solange die Zelle {} ist.",
    "The cell is {}.": "Die Zelle ist {}.",
}
ASKED = {
    "'{}' is not possible while the cell is {}.": "„{}“ ist nicht möglich, solange die Zelle {} ist.",
}
STANDS = {
    "The cell is aborted: clear it.": "Die Zelle ist abgebrochen: aufräumen.",
    "The cell is idle: the arm retreats in a held or stopped cell.": (
        "Die Zelle ist im Leerlauf: Der Arm fährt in einer angehaltenen oder gestoppten Zelle heraus."
    ),
    "The cell has completed its orders: the arm retreats in a held or stopped cell.": (
        "Die Zelle hat ihre Aufträge erledigt: Der Arm fährt in einer angehaltenen oder gestoppten Zelle heraus."
    ),
}
MODE_NAMES = {"production": "Produktion", "manual": "Handbetrieb", "maintenance": "Wartung"}
MODES = {
    "The cell is in {} mode: switch to production.": "Die Zelle ist in der Betriebsart {}: auf Produktion schalten.",
    "The cell is in {} mode: switch to manual.": "Die Zelle ist in der Betriebsart {}: auf Handbetrieb schalten.",
}
