"""What the rules say of states and modes, in German, with the names of all: of the cell, orders, steps, autonomy."""

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
ORDER_NAMES = {  # each after "ist", as all that follow
    "stored": "noch nicht gestartet",
    "running": "in Arbeit",
    "paused": "pausiert",
    "stopping": STATE_NAMES["stopping"],
    "ended": "beendet",
    "aborted": STATE_NAMES["aborted"],
    "cancelled": "gestrichen",
    "cleared": "aufgeräumt",
}
STEP_NAMES = {
    "waiting": "noch nicht an der Reihe",
    "ready": "bereit",
    "active": "in Arbeit",
    "verifying": "in der Prüfung",
    "attention": "noch zu entscheiden",
    "done": "fertig",
    "undoing": "beim Zurücknehmen",
    "undone": "zurückgenommen",
    "skipped": "ausgelassen",
}
AUTONOMY_NAMES = {  # each before "gilt", as on the board
    "full": "Roboter fährt selbst",
    "approve": "Mit Freigabe",
    "single_step": "Schritt für Schritt",
}
VERB_NAMES = {  # as on the buttons, where there is one
    "start": "Starten",
    "hold": "Anhalten",
    "unhold": "Weiter",
    "suspend": "Aussetzen",
    "unsuspend": "Weiter",
    "stop": "Beenden",
    "abort": "Abbrechen",
    "clear": "Aufräumen",
    "reset": "Zurücksetzen",
    "complete": "Abschließen",
    "settle": "Übergang beenden",
    "pause": "Pause",
    "resume": "Weiter",
    "cancel": "Streichen",
    "end": "Abschließen",
    "free": "Freigeben",
    "verify": "Prüfen",
    "pass": "Bestehen",
    "fail": "Noch einmal versuchen",
    "ask": "Nachfragen",
    "skip": "Auslassen",
    "take": "Zurücknehmen",
    "undo": "Zurücknehmen",
    "block": "Zurückstellen",
    "doubt": "Anzweifeln",
    "lower_to_approve": AUTONOMY_NAMES["approve"],
    "lower_to_single_step": AUTONOMY_NAMES["single_step"],
    "raise_to_approve": AUTONOMY_NAMES["approve"],
    "raise_to_full": AUTONOMY_NAMES["full"],
    "nothing": "nichts",
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
ASKED = {  # a verb in its first gap
    "'{}' is not possible while the cell is {}.": "„{}“ ist nicht möglich, solange die Zelle {} ist.",
    "'{}' is not possible while the order is {}.": "„{}“ ist nicht möglich, solange der Auftrag {} ist.",
    "'{}' is not possible while the step is {}.": "„{}“ ist nicht möglich, solange der Schritt {} ist.",
    "'{}' is not possible while the autonomy is {}.": "„{}“ ist nicht möglich, solange „{}“ gilt.",
    "Possible now: {}.": "Jetzt möglich: {}.",
}
OF_ORDERS = {f"Order {{}} is {state}.": f"Auftrag {{}} ist {said}." for state, said in ORDER_NAMES.items()}
OF_A_STEP = {"The step is {}.": "Der Schritt ist {}."}
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
