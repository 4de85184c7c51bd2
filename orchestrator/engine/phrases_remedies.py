"""What helps after a failure, in German; `{}` stands for names. A skill's own hints are its author's."""

from __future__ import annotations

GERMAN = {
    "Put it right, or let it be placed again.": "Zurechtrücken oder noch einmal einsetzen lassen.",
    "See whether it fell, then retry.": "Nachsehen, ob es heruntergefallen ist, dann wiederholen.",
    "Turn it round.": "Umdrehen.",
    "Take it out and use the right one.": "Herausnehmen und das richtige nehmen.",
    "Clear the view and check again, or look yourself.": "Sicht frei machen und neu prüfen, oder selbst nachsehen.",
    "Look at the part, then decide.": "Das Teil ansehen, dann entscheiden.",
    "See what it touched, then decide.": "Nachsehen, was er berührt hat, dann entscheiden.",
    "Take back {}, then choose rework of {}.": "{} zurücknehmen, dann „Nacharbeiten“ von {} wählen.",
    "Choose rework of {}.": "„Nacharbeiten“ von {} wählen.",
    "Retry: it goes on from there.": "Wiederholen: es geht von dort weiter.",
    "Take it out of the gripper, then retry.": "Aus dem Greifer nehmen, dann wiederholen.",
    "Retry: the next attempt runs what it says now.": "Wiederholen: der nächste Versuch nimmt das geänderte Programm.",
    "See the log.": "Im Protokoll nachsehen.",
    "See the log, then retry.": "Im Protokoll nachsehen, dann wiederholen.",
    "See what holds it up, then retry.": "Nachsehen, was aufhält, dann wiederholen.",
    "See what holds the arm up, then check again.": "Nachsehen, was den Arm aufhält, dann neu prüfen.",
    "See what holds it up.": "Nachsehen, was aufhält.",
    "It is planned anew.": "Es wird neu geplant.",
    "Give the bin a grid, or `locate`.": "Dem Behälter in der Zellendatei ein Raster geben, oder `locate`.",
    "Choose how the step goes on; tried again, it is planned and previewed anew.": (
        "Wählen, wie der Schritt weitergeht; ein neuer Versuch wird neu geplant und gezeigt."
    ),
    "Start no motion on the way out.": "Das Programm darf nach einem Abbruch nichts mehr bewegen.",
    "See what the step needs now.": "Nachsehen, was der Schritt jetzt braucht.",
    "Refill the bin.": "Behälter nachfüllen.",
    "See the procedure.": "In der Arbeitsanweisung nachsehen.",
    "Look at it and put it right first.": "Erst nachsehen und zurechtrücken.",
    "Look at its owner first.": "Erst das Teil darunter ansehen.",
    "Declare one under parts, or let a person do it.": "Einen unter `parts` angeben, oder jemanden machen lassen.",
    "Give it one: a camera finds it by its shape.": "Eines angeben: die Kamera findet Teile an der Form.",
    "Refill the bin, or correct how many it holds, then retry.": (
        "Behälter nachfüllen oder die Anzahl berichtigen, dann wiederholen."
    ),
    "Shake the bin or lay the parts apart, then retry.": "Behälter rütteln oder Teile trennen, dann wiederholen.",
    "Lay one of them the right way up and clear of the others, then retry.": (
        "Eines richtig herum und frei von den anderen hinlegen, dann wiederholen."
    ),
    "See the camera and its clock.": "Kamera und ihre Uhr prüfen.",
    "See its cable and its driver, then check again.": "Kabel und Treiber prüfen, dann neu prüfen lassen.",
    "Mend the bin's `locate`.": "`locate` des Behälters berichtigen.",
    "Calibrate it, or take the part by hand.": "Kalibrieren, oder das Teil von Hand nehmen.",
    "Look yourself.": "Selbst nachsehen.",
    "Known: {}.": "Bekannt: {}.",
    "Give its part a mesh, or check by a person.": "Dem Teil ein Netz geben, oder jemanden prüfen lassen.",
    "Add one to the cell file, or check by a person.": "In der Zellendatei ergänzen, oder jemanden prüfen lassen.",
    "Teach a pose in which it is not, or take another frame.": (
        "Eine Stellung einlernen, in der er nicht im Weg ist, oder einen anderen Rahmen nehmen."
    ),
    "Teach a pose of that name, or see the step's look and the cell's frames.": (
        "Eine Stellung dieses Namens einlernen, oder `look` des Schritts und Rahmen der Zelle prüfen."
    ),
    "Wait until it stands, then check again.": "Warten, bis er steht, dann neu prüfen.",
    "Bring the arm out of the way, then check again; or look yourself.": (
        "Den Arm aus dem Weg bringen, dann neu prüfen; oder selbst nachsehen."
    ),
    "Let it go home.": "Nach Hause fahren lassen.",
    "Clear the cell and acknowledge the stop first.": "Erst die Zelle frei machen und „Die Zelle ist frei“ melden.",
    "Wait for its end.": "Das Ende abwarten.",
    "Mount a lighter tool.": "Ein leichteres Werkzeug nehmen.",
    "Give a number from 0 to 1.": "Eine Zahl von 0 bis 1 angeben.",
    "Release the emergency stop or clear the fault at the robot.": (
        "Not-Halt entriegeln oder den Fehler am Roboter beheben."
    ),
    "Look at the cell, then acknowledge.": "Die Zelle ansehen, dann „Die Zelle ist frei“ melden.",
    "Let a person do it, or use a stronger robot.": "Jemanden machen lassen, oder einen stärkeren Roboter nehmen.",
    "See the robot's controller, then retry.": "An der Robotersteuerung nachsehen, dann wiederholen.",
    "Look where the arm is.": "Nachsehen, wo der Arm ist.",
    "Fix it.": "In der Zellendatei berichtigen.",
    "Check its cable and power.": "Kabel und Strom prüfen.",
    "Check the part's `mesh`.": "`mesh` des Teils prüfen.",
    "Check again; if that happens often, see the part's mesh and run `tandem doctor`.": (
        "Neu prüfen; bei Wiederholung das Netz des Teils ansehen und `tandem doctor` ausführen."
    ),
    "Start the cell again.": "Die Zelle neu starten.",
    "See what else runs on this machine.": "Nachsehen, was sonst auf diesem Rechner läuft.",
    "Move what is in the way, choose another approach, or name it in `touching` if contact is meant.": (
        "Wegräumen, was im Weg ist, anders anfahren, oder es in `touching` nennen, wenn Berührung gewollt ist."
    ),
    "Choose joints inside their range.": "Gelenkstellungen in ihrem Bereich wählen.",
    "Move the goal closer to the robot, or turn the tool.": "Das Ziel näher an den Roboter legen, oder anders greifen.",
    "Retreat first with a line that names it in `touching`, or correct the scene.": (
        "Erst auf einer Geraden zurückziehen, die es in `touching` nennt, oder die Szene berichtigen."
    ),
    "Clear the way, or move by way of a pose between.": "Den Weg frei räumen, oder über eine Zwischenstellung fahren.",
    "The line passes a singularity: start it with other joints or move point to point.": (
        "Die Gerade geht durch eine Singularität: anders beginnen, oder Punkt zu Punkt fahren."
    ),
    "Check its power and network.": "Strom und Netzwerk prüfen.",
    "Give it {}.": "Angeben: {}.",
    "Use a tool with this range, or correct the setpoint.": (
        "Ein Werkzeug dieses Bereichs nehmen, oder den Sollwert ändern."
    ),
    "Leave part and at to the step's result.": "Teil und Ort dem Ergebnis des Schritts überlassen.",
    "See the bin, then retry.": "Im Behälter nachsehen, dann wiederholen.",
    "Pick it first.": "Erst greifen.",
    "Retry when someone is there: it is offered again.": "Wiederholen, wenn jemand da ist: es wird wieder gereicht.",
    "Finish the work at it, then retry: the arm holds it meanwhile.": (
        "Die Arbeit daran beenden, dann wiederholen: der Arm hält es solange."
    ),
    "Retry: it is offered again.": "Wiederholen: es wird wieder gereicht.",
    "Find it, then retry.": "Suchen, dann wiederholen.",
    "Find it and let the step before bring it again.": "Suchen und vom Schritt davor noch einmal bringen lassen.",
    "Look where it is, then retry.": "Nachsehen, wo es ist, dann wiederholen.",
    "Write it with human and together in the procedure.": "In der Arbeitsanweisung mit human und together schreiben.",
    "See what is in its way, then retry.": "Nachsehen, was im Weg ist, dann wiederholen.",
    "Free it, then retry.": "Freimachen, dann wiederholen.",
    "Put in a new roll, then retry.": "Neue Rolle einlegen, dann wiederholen.",
    "Take the label out of the printer, then retry.": "Etikett aus dem Drucker nehmen, dann wiederholen.",
    "Hold the code in front of the scanner, then retry.": "Code vor den Scanner halten, dann wiederholen.",
    "Take something off the scale.": "Etwas von der Waage nehmen.",
    "See the wiring of this output.": "Verdrahtung dieses Ausgangs prüfen.",
    "See whether a screw sits there, and where.": "Nachsehen, ob und wo dort eine Schraube sitzt.",
    "Turn the screw out, start it straight by hand, then retry.": (
        "Schraube herausdrehen, von Hand gerade ansetzen, dann wiederholen."
    ),
    "Take the screw out and look at the thread.": "Schraube herausnehmen und das Gewinde ansehen.",
    "See bit and screw head, then retry.": "Bit und Schraubenkopf ansehen, dann wiederholen.",
    "See the device, then retry.": "Das Gerät ansehen, dann wiederholen.",
    "See the tool.": "Das Werkzeug ansehen.",
    "See what keeps {}, then retry.": "Nachsehen, was {} aufhält, dann wiederholen.",
}
