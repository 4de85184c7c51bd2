"""Why something that was asked for is refused, and what helps, in German; `{}` stands for names and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = {
    "waiting": "wartet noch",
    "ready": "ist bereit",
    "active": "ist in Arbeit",
    "verifying": "wird gerade geprüft",
    "attention": "wartet auf eine Entscheidung",
    "done": "ist fertig",
    "undone": "ist zurückgenommen",
    "undoing": "wird gerade zurückgenommen",
    "skipped": "ist ausgelassen",
}

_OF_STEPS = {
    "Look at the card again: it shows what to do now.": "Die Karte noch einmal ansehen: Sie zeigt, was jetzt dran ist.",
    "Nothing is left to say about it: the card shows what comes next.": (
        "Dazu ist nichts mehr zu sagen: Die Karte zeigt, was als Nächstes kommt."
    ),
    "Nobody is signed in at {}.": "An {} ist niemand angemeldet.",
    "Sign in at this place first.": "Erst an diesem Platz anmelden.",
    "Sign in at the place first.": "Erst an dem Platz anmelden.",
    "Unit {} with a step {} is not in work.": "Werkstück {} mit einem Schritt {} ist nicht in Arbeit.",
    "This step has been confirmed already, by {}.": "Dieser Schritt ist schon bestätigt, von {}.",
    "The second look needs another person.": "Den zweiten Blick muss jemand anderes tun.",
    "Ask a colleague to sign in.": "Jemand anderes soll sich anmelden.",
    "Let another supervisor decide.": "Eine andere Leitung entscheiden lassen.",
    "{} needs the qualification {}.": "{} verlangt die Qualifikation {}.",
    "Let somebody who has it sign in here and confirm.": "Jemand, der sie hat, soll sich hier anmelden und bestätigen.",
    "The robot has not brought it yet.": "Der Roboter hat es noch nicht gebracht.",
    "Confirm once you have taken it over.": "Erst bestätigen, wenn es übernommen ist.",
    "{} needs no decision any more.": "{} braucht keine Entscheidung mehr.",
    "'{}' is not possible for {}.": "„{}“ ist für {} nicht möglich.",
    "Possible: {}.": "Möglich: {}.",
    "'{}' needs a reason.": "„{}“ verlangt einen Grund.",
    "Write why; it stays in the as-built record.": "Aufschreiben, warum; es bleibt im Bauprotokoll.",
    "Nothing was measured of {}: what shows that it is right?": (
        "Von {} wurde nichts gemessen: Was zeigt, dass es stimmt?"
    ),
    "Write it down: a gauge and its figure, who looked. It stays in the as-built record.": (
        "Aufschreiben: Messmittel und Wert, wer nachgesehen hat. Es bleibt im Bauprotokoll."
    ),
    "{} can't be reworked.": "{} lässt sich nicht nacharbeiten.",
    "Choose one of those offered.": "Eines der angebotenen wählen.",
    "Only a done step can be undone.": "Nur ein fertiger Schritt lässt sich zurücknehmen.",
    "{} has been made anew since, attempt {}.": "{} wurde inzwischen neu gemacht, Versuch {}.",
    "{} can't be undone: {}": "{} lässt sich nicht rückgängig machen: {}",
    "Finish what runs, or scrap the unit.": "Beenden, was läuft, oder das Werkstück verschrotten.",
    "The lot of {} is missing.": "Die Charge von {} fehlt.",
    "The serial of {} is missing.": "Die Seriennummer von {} fehlt.",
    "Scan or type it, then confirm.": "Scannen oder eintippen, dann bestätigen.",
    "{} has no value {}.": "{} hat keinen Wert {}.",
    "Its values: {}.": "Die Werte: {}.",
    "{}: '{}' is not a number.": "{}: „{}“ ist keine Zahl.",
    "{}: '{}' is not a claim.": "{}: „{}“ ist keine Bestätigung.",
    "{}: '{}' is not a scan.": "{}: „{}“ ist kein Code.",
    "{}: '{}' is not a choice.": "{}: „{}“ steht nicht zur Wahl.",
    "Enter it again.": "Noch einmal eingeben.",
    "Enter it, then confirm.": "Eingeben, dann bestätigen.",
    "The robot is at {} still: a picture would not show the result.": (
        "Der Roboter ist noch an {}: Ein Bild zeigte das Ergebnis nicht."
    ),
    "There are {} pictures of this attempt at {} already.": "Von diesem Versuch an {1} gibt es schon {0} Bilder.",
    "No such picture of this attempt at {} is kept.": "Ein solches Bild dieses Versuchs an {} ist nicht da.",
    "{} asks for no picture.": "{} verlangt kein Bild.",
    "Confirm it without one.": "Ohne Bild bestätigen.",
    "Take the picture once the robot has let go.": "Das Bild machen, sobald der Roboter losgelassen hat.",
    "Confirm with one of them, or report a problem.": "Mit einem davon bestätigen, oder ein Problem melden.",
    "The picture of {} is missing.": "Das Bild von {} fehlt.",
    "Take a picture, then confirm.": "Ein Bild machen, dann bestätigen.",
    "Take the picture again, then confirm.": "Das Bild noch einmal machen, dann bestätigen.",
    "Look at what the cell shows now, and say it again if it is still so.": (
        "Ansehen, was die Zelle jetzt zeigt, und noch einmal sagen, wenn es noch stimmt."
    ),
    "'{}' counts only in the moment in which it is said.": "„{}“ zählt nur in dem Augenblick, in dem es gesagt wird.",
    "The robot waits for this word at {} to go on.": "Der Roboter wartet an {} auf dieses Wort, um weiterzumachen.",
    "{} was begun or asked about again after that.": "{} wurde danach noch einmal begonnen oder gefragt.",
    "Nobody has said whether {} is in its place.": "Niemand hat gesagt, ob {} an seinem Platz ist.",
    "Look, and say that it is not in.": "Nachsehen und sagen, dass es nicht drin ist.",
    "{} is not in the hands of {}.": "{} ist nicht in den Händen von {}.",
    "{} is not overdue.": "{} ist nicht überfällig.",
    "Confirm it, or report a problem.": "Bestätigen, oder ein Problem melden.",
    "The robot can't do {}.": "Der Roboter kann {} nicht tun.",
    "{} is not to be taken over any more.": "{} ist nicht mehr zu übernehmen.",
    "{} is not offered to {}.": "{} ist {} nicht angeboten.",
    "The robot takes nothing by itself.": "Der Roboter nimmt nichts von selbst.",
    "Whoever has it in hand may give it.": "Wer es in der Hand hat, darf es abgeben.",
    "Ask a supervisor: it can't be begun any more.": "Die Leitung fragen: Es lässt sich nicht mehr beginnen.",
    "Let whoever is at it end it, or ask a supervisor.": "Beenden lassen, wer daran ist, oder die Leitung fragen.",
    "More has been taken from the hands of {} since.": "Inzwischen wurde {} noch mehr abgenommen.",
    "Look once more.": "Noch einmal hinsehen.",
    "Nobody is at {} who could call.": "An {} ist niemand, der rufen könnte.",
    "{} calls for nobody any more.": "{} ruft niemanden mehr.",
    "Nothing is to be done.": "Es ist nichts zu tun.",
    "Nobody is at {} who could come.": "An {} ist niemand, der kommen könnte.",
    "{} called for somebody else.": "{} hat jemand anderen gerufen.",
    "Let another person come.": "Jemand anderen kommen lassen.",
    "{} is coming.": "{} kommt schon.",
    "One is enough.": "Einer genügt.",
}

_OF_THE_CELL = {
    "The role {} may not do this.": "Die Rolle {} darf das nicht.",
    "Ask a supervisor.": "Die Leitung fragen.",
    "A transient state ends by itself.": "Ein Übergang endet von selbst.",
    "The cell can't be reset now.": "Die Zelle lässt sich jetzt nicht zurücksetzen.",
    "What aborted the cell is still there.": "Was die Zelle abgebrochen hat, ist noch da.",
    "Work is under way.": "Es wird gearbeitet.",
    "Let it end first. To stand at once, hold or stop the cell.": (
        "Erst zu Ende gehen lassen. Soll alles sofort stehen: die Zelle anhalten oder stoppen."
    ),
    "Stop the cell first.": "Erst die Zelle stoppen.",
    "The mode can't change now.": "Die Betriebsart lässt sich jetzt nicht ändern.",
    "There is no place {}.": "Es gibt keinen Platz {}.",
    "Known places: {}.": "Bekannte Plätze: {}.",
    "{} is at work at {}.": "{} arbeitet gerade an {}.",
    "Finish or leave that step first.": "Diesen Schritt erst beenden oder verlassen.",
    "There is no bin {}.": "Es gibt keinen Behälter {}.",
    "Known bins: {}.": "Bekannte Behälter: {}.",
    "Nobody counts what is in {}.": "Was in {} ist, zählt niemand.",
    "It needs no refill command.": "Nachfüllen braucht keine Meldung.",
    "Bin {} holds {} at most.": "Der Behälter {} fasst höchstens {}.",
    "Count again.": "Noch einmal zählen.",
    "The ledger knows no part {}.": "Ein Teil {} ist nicht bekannt.",
    "See the part list of the cell page.": "In der Teileliste der Zellenansicht nachsehen.",
    "The robot is at work.": "Der Roboter arbeitet.",
    "Hold the cell first.": "Erst die Zelle anhalten.",
    "{} is being checked.": "{} wird gerade geprüft.",
    "Wait for the verdict.": "Das Urteil abwarten.",
    "{} is part of {}.": "{} gehört zu {}.",
    "Undo {} instead.": "Stattdessen {} zurücknehmen.",
    "The robot is at work where {} stands.": "Der Roboter arbeitet, wo {} steht.",
    "Wait, or hold the cell first.": "Warten, oder erst die Zelle anhalten.",
    "Something else has stopped the robot since.": "Inzwischen hat etwas anderes den Roboter angehalten.",
    "See what it is, then say so again.": "Nachsehen, was es ist, dann noch einmal sagen.",
    "What stopped the robot is still there.": "Was den Roboter angehalten hat, ist noch da.",
    "The robot is paused.": "Der Roboter ist pausiert.",
    "Resume it first.": "Erst fortsetzen.",
    "Nobody waits for this motion any more.": "Auf diese Bewegung wartet niemand mehr.",
    "This motion no longer waits for approval.": "Diese Bewegung wartet nicht mehr auf eine Freigabe.",
    "The cell can't start moving.": "Die Zelle darf sich noch nicht bewegen.",
    "The cell would wait again at once.": "Die Zelle würde sofort wieder warten.",
    "See what the robot proposes now.": "Ansehen, was der Roboter jetzt vorhat.",
    "Sign in at a place and approve there.": "An einem Platz anmelden und dort freigeben.",
    "Another person approves what this lets begin, and nobody knows who you are.": (
        "Was damit beginnt, gibt jemand anderes frei, und niemand weiß, wer hier fragt."
    ),
    "Several people approve this, and nobody knows who you are.": (
        "Das geben mehrere frei, und niemand weiß, wer hier fragt."
    ),
    "Another approves this than let its step begin, and nobody knows who you are.": (
        "Das gibt jemand anderes frei als wer den Schritt beginnen ließ, und niemand weiß, wer hier fragt."
    ),
    "{} has approved it already.": "{} hat es schon freigegeben.",
    "It needs another person's approval.": "Jemand anderes muss es freigeben.",
    "{} let this step begin.": "{} hat diesen Schritt beginnen lassen.",
    "There is no step {} in work.": "Ein Schritt {} ist nicht in Arbeit.",
    "{} does not wait for anybody's word.": "{} wartet auf niemandes Wort.",
    "Say next once nothing else holds it up.": "„Weiter“ sagen, sobald nichts anderes mehr aufhält.",
    "Sign in at a place and say next there.": "An einem Platz anmelden und dort „Weiter“ sagen.",
    "Nothing is doubtful about {}.": "An {} ist nichts fraglich.",
    "See the list of the board.": "In der Liste des Leitstands nachsehen.",
    "Take it out, then say so.": "Herausnehmen und Bescheid geben.",
    "{} asks about {}.": "{} fragt nach {}.",
    "Answer that question.": "Diese Frage beantworten.",
    "The gripper does not feel {}.": "Der Greifer spürt {} nicht.",
    "Say that you took it out.": "Sagen, dass es herausgenommen ist.",
    "Nothing can be taught now.": "Jetzt lässt sich nichts einlernen.",
    "{} poses are kept already.": "Es sind schon {} Stellungen da.",
    "Teach under a name that is there.": "Unter einem Namen einlernen, den es schon gibt.",
    "Teach where it stands.": "Dort einlernen, wo er steht.",
    "The arm moves.": "Der Arm bewegt sich.",
    "The robot may not be moved by hand now.": "Der Roboter darf jetzt nicht von Hand bewegt werden.",
    "Known frames and parts: {}.": "Bekannte Rahmen und Teile: {}.",
    "Nothing is to be looked for at the place of {}.": "An der Stelle von {} ist nichts zu suchen.",
    "See the board.": "Im Leitstand nachsehen.",
    "The arm may not retreat now.": "Der Arm darf jetzt nicht herausfahren.",
    "Ask for the retreat again.": "Das Herausfahren neu anfordern.",
    "Hold it first.": "Erst anhalten.",
    "{} is seen {} mm beside its place, where it was: it or the camera was moved.": (
        "{} wird {} mm neben seinem Platz gesehen, wo es war: Es oder die Kamera wurde bewegt."
    ),
    "Look at the part and check it again; where it has not moved, check the camera's calibration.": (
        "Das Teil ansehen und neu prüfen; hat es sich nicht bewegt, die Kalibrierung der Kamera prüfen."
    ),
    "Wait a moment.": "Kurz warten.",
    "Look again.": "Noch einmal hinsehen.",
    "The journal can't be written.": "Das Journal lässt sich nicht schreiben.",
    "Free disk space or mend the disk; the cell has stopped.": (
        "Platz schaffen oder den Datenträger richten; die Zelle steht."
    ),
    "There is no {} '{}'.": "Das gibt es nicht: {} „{}“.",
    "Did you mean {}?": "Gemeint war vielleicht {}?",
    "The cell is shutting down.": "Die Zelle wird beendet.",
    "'{}' holds {}, which no text may: leave that character out.": (
        "„{}“ enthält {}, was in keinem Text stehen darf: dieses Zeichen weglassen."
    ),
    "A name holds {}, which no text may.": "Ein Name enthält {}, was in keinem Text stehen darf.",
    "Leave that character out.": "Dieses Zeichen weglassen.",
    "Tandem could not judge this: {}": "Tandem konnte das nicht beurteilen: {}",
    "Please report it.": "Bitte melden.",
    "The server made a mistake.": "Der Server hat einen Fehler gemacht.",
    "Its log says more. Look at the cell before you try again.": (
        "Im Protokoll steht mehr. Vor dem nächsten Versuch die Zelle ansehen."
    ),
    "Too many commands at once.": "Zu viel auf einmal.",
    "Wait for the answers, then send it again.": "Auf die Antworten warten, dann noch einmal.",
    "Too many of these at once.": "Zu viel davon auf einmal.",
    "Hold the cell: that is always heard.": "Die Zelle anhalten: Das wird immer gehört.",
    "It was asked for again, and waits for its turn.": "Es wurde noch einmal verlangt und wartet, bis es dran ist.",
    "The newest will be answered.": "Die neueste Bitte wird beantwortet.",
    "Holding was asked for often.": "Anhalten wurde oft verlangt.",
    "The one that waits is heard within a second.": "Was wartet, wird binnen einer Sekunde gehört.",
    "The id {} was used for another command; this one has not been carried out.": (
        "Die Kennung {} wurde schon für etwas anderes benutzt; dies wurde nicht ausgeführt."
    ),
    "Ask again with a fresh UUID.": "Noch einmal versuchen.",
}

_OF_ORDERS = {
    "Order {} has no step {}.": "Auftrag {} hat keinen Schritt {}.",
    "Order {} has no unit {} in work.": "Auftrag {} hat kein Werkstück {} in Arbeit.",
    "Its steps: {}.": "Die Schritte: {}.",
    "There is no order {}.": "Es gibt keinen Auftrag {}.",
    "Known orders: {}.": "Bekannte Aufträge: {}.",
    "In work: {}.": "In Arbeit: {}.",
    "Take out {} of a scrapped unit, then say so.": (
        "{} eines verschrotteten Werkstücks herausnehmen und Bescheid geben."
    ),
    "Wait until one leaves.": "Warten, bis eines geht.",
    "There is an order {} already.": "Es gibt schon einen Auftrag {}.",
    "Give this one another id.": "Diesem eine andere Kennung geben.",
    "An order ends by itself.": "Ein Auftrag endet von selbst.",
    "Stop it to finish only the units in work.": "Stoppen, um nur noch fertigzustellen, was in Arbeit ist.",
    "Resume it, then stop it; or abort it.": "Fortsetzen, dann stoppen; oder abbrechen.",
    "Order {} has no unit to start.": "Auftrag {} hat kein Werkstück mehr zu beginnen.",
    "Every nest holds a unit.": "In jeder Aufnahme ist ein Werkstück.",
    "There is no lane of {}.": "Eine Spur von {} gibt es nicht.",
    "Known lanes: {}.": "Bekannte Spuren: {}.",
    "There is nothing to pause.": "Es gibt nichts zu pausieren.",
    "Hold the cell, or wait until what runs has ended; or choose a later step.": (
        "Die Zelle anhalten oder warten, bis zu Ende ist, was läuft; oder einen späteren Schritt wählen."
    ),
    "By now {} must be taken back.": "Inzwischen muss {} zurückgenommen werden.",
    "Look at it: put it right and have it checked, or choose rework.": (
        "Ansehen: zurechtrücken und prüfen lassen, oder „Nacharbeiten“ wählen."
    ),
    "See the board: it shows the units in work.": "Der Leitstand zeigt, was in Arbeit ist.",
    "{} can't go back to {}: {}": "{} kann nicht zu {} zurückgehen: {}",
    "Going back needs a reason.": "Zurückgehen verlangt einen Grund.",
    "Write why; it stays in the journal.": "Aufschreiben, warum; es bleibt im Journal.",
    "Look at what going back means now, then decide again.": (
        "Ansehen, was Zurückgehen jetzt bedeutet, dann neu entscheiden."
    ),
    "{} is not being taken back at {}.": "{} wird an {} nicht zurückgenommen.",
    "{} is not going back.": "{} geht nicht zurück.",
    "The cell can't take orders yet.": "Die Zelle nimmt noch keine Aufträge an.",
    "See the reasons; `tandem doctor` looks at the machine.": (
        "Die Gründe ansehen; `tandem doctor` sieht sich den Rechner an."
    ),
    "Unit '{}' is still being built.": "Werkstück „{}“ wird noch gebaut.",
    "Its record is written when it leaves the cell.": "Sein Protokoll entsteht, wenn es die Zelle verlässt.",
    "This evidence was removed.": "Dieser Beleg wurde entfernt.",
    "Its verdict is in the journal.": "Das Urteil steht im Journal.",
}

_OF_PEOPLE = {
    "Sign in at this place as yourself, then say it.": "An diesem Platz selbst anmelden, dann sagen.",
    "{} said this, and {} is signed in at {} now.": "Das hat {0} gesagt, und an {2} ist jetzt {1} angemeldet.",
    "{} can sign in and say it again.": "{} kann sich anmelden und es noch einmal sagen.",
    "{} is a key: anybody may hold it, and this is a person's word.": (
        "{} ist ein Schlüssel: Den kann jeder haben, und dies ist das Wort eines Menschen."
    ),
    "{} said this, and {} hands it in.": "Das hat {} gesagt, und {} reicht es ein.",
    "Sign in at a device as yourself, then say it there.": "An einem Gerät selbst anmelden, dann dort sagen.",
    "{} can sign in; it is handed in then.": "{} kann sich anmelden; dann wird es eingereicht.",
    "{} can't sign in as {}.": "{} kann sich nicht als {} anmelden.",
    "Everybody signs in as themselves.": "Jeder meldet sich selbst an.",
    "There were several wrong tries.": "Es gab mehrere falsche Versuche.",
    "There were too many wrong tries.": "Es gab zu viele falsche Versuche.",
    "Wait {} s, then try again.": "{} s warten, dann noch einmal.",
    "A supervisor sets a new PIN: tandem people pin.": "Die Leitung vergibt eine neue PIN: tandem people pin.",
    "That was not right.": "Das war nicht richtig.",
    "Try it once more.": "Noch einmal versuchen.",
    "Have a new code made: each counts once, for ten minutes.": (
        "Einen neuen Code machen lassen: Jeder zählt einmal, zehn Minuten lang."
    ),
    "This badge needs the PIN besides.": "Zu diesem Ausweis gehört die PIN.",
    "Enter the PIN.": "Die PIN eingeben.",
    "This code does not count.": "Dieser Code zählt nicht.",
    "Many sign in at once.": "Viele melden sich gleichzeitig an.",
    "Try again in a moment.": "Gleich noch einmal versuchen.",
    "Ask one of these: {}.": "Eine dieser Rollen fragen: {}.",
    "This device does not belong to the cell.": "Dieses Gerät gehört nicht zur Zelle.",
    "Join it at /join, with a code.": "Unter /join mit einem Code aufnehmen.",
    "Sign in, then ask again.": "Anmelden, dann noch einmal.",
    "A supervisor makes an account for you; until then nobody is signed in.": (
        "Die Leitung legt ein Konto an; bis dahin ist niemand angemeldet."
    ),
    "This sign-in is over, or was not begun here.": "Diese Anmeldung ist vorbei oder begann nicht hier.",
    "Begin once more.": "Noch einmal beginnen.",
    "You have no account at this cell.": "An dieser Zelle gibt es dafür kein Konto.",
    "Sign in with badge or PIN.": "Mit Ausweis oder PIN anmelden.",
    "Nobody is signed in here by name.": "Hier ist niemand mit Namen angemeldet.",
    "People sign in at a server with login.": "Angemeldet wird an einem Server mit Anmeldung.",
    "An auditor works on no part.": "Wer prüft, arbeitet an keinem Teil.",
    "Sign in as somebody who does.": "Als jemand anmelden, der es tut.",
    "This device or its person was sent away.": "Dieses Gerät oder sein Mensch wurde abgemeldet.",
    "There is no picture in the request.": "Es kam kein Bild mit.",
    "The picture is larger than {} bytes.": "Das Bild ist größer als {} Byte.",
}


def _stale() -> Mapping[str, str]:
    """Return what is said of a step that is not as whoever asks has seen it."""
    first = {f"{{}} is {status}, attempt {{}}.": f"{{}} {said}, Versuch {{}}." for status, said in _STATUS.items()}
    return {**first, **{f"{{}} is {status}.": f"{{}} {said}." for status, said in _STATUS.items()}}


GERMAN: Mapping[str, str] = {**_OF_STEPS, **_OF_THE_CELL, **_OF_ORDERS, **_OF_PEOPLE, **_stale()}
MISSING: Mapping[str, str] = {"{} is missing.": "{} fehlt."}  # so general that it comes last
