/** Dasselbe auf Deutsch. */

import type { Words } from "./en";

export const kept: Words["kept"] = {
  ask: {
    title: "Auf diesem Gerät aufheben?",
    text: "Gerade gibt es keine Verbindung. Was Sie sagen, bleibt hier und wird gesendet, sobald die Verbindung wieder da ist.",
    robot: "Sobald es gesendet ist, kann der Roboter weitermachen. Halten Sie die Hände ab jetzt aus seinem Weg.",
    who: (who) => `Sind Sie ${who}?`,
    yes: (who) => `Ich bin ${who}: aufheben`,
    other: "Ich bin jemand anderes",
    otherText: (who) => `Dann wird es nicht aufgehoben: es würde als Arbeit von ${who} zählen. Melden Sie sich an, sobald die Verbindung wieder da ist.`,
    back: "Zurück",
  },
  presence: {
    title: (who) => `Sind Sie ${who}?`,
    text: (who) => `Dieses Gerät hat eine Weile niemand berührt. Was Sie jetzt sagen, zählt als Arbeit von ${who}.`,
    same: (who) => `Ich bin ${who}`,
    other: (who) => `Jemand anders: ${who} abmelden`,
    back: "Zurück",
  },
  label: "Auf diesem Gerät aufgehoben",
  waiting: (n) => (n === 1 ? "Auf diesem Gerät aufgehoben" : `${n} Angaben sind auf diesem Gerät aufgehoben`),
  waitingText: "Wird gesendet, sobald die Verbindung wieder da ist. Dann kann der Roboter weitermachen: Hände aus seinem Weg.",
  sending: "Wird gerade gesendet …",
  takeBack: "Zurücknehmen",
  taken: (n) => (n === 1 ? "Das Aufgehobene ist gesendet" : `${n} aufgehobene Angaben sind gesendet`),
  takenText: "Die Zelle hat alles angenommen.",
  returned: "Das hat die Zelle nicht angenommen",
  entered: "Sie hatten eingegeben",
  understood: "Verstanden",
  close: "Schließen",
  said: { confirm_step: "Fertig", confirm_undo: "Abgenommen", report_problem: "Problem" },
  lot: (part) => `Los- oder Seriennummer: ${part}`,
  yes: "ja",
  by: (time, who) => `${time}, ${who}`,
  remembered: (time) => `Sie sehen die Karte, wie sie um ${time} war.`,
  refusals: {
    stale: { message: "Die Arbeit ist inzwischen weitergegangen.", remedy: "Sehen Sie auf die Karte: Wenn es noch zu sagen ist, sagen Sie es noch einmal." },
    no_step: { message: "Diese Einheit ist nicht mehr in Arbeit.", remedy: "Sagen Sie der Leitung Bescheid, wenn die Angaben in ihren Nachweis gehören." },
    other_person: { message: "Inzwischen ist hier jemand anderes angemeldet.", remedy: "Es zählt nur für die Person, die es gesagt hat. Melden Sie sich an und sagen Sie es noch einmal." },
    nobody: { message: "Hier ist niemand mehr angemeldet.", remedy: "Melden Sie sich an und sagen Sie es noch einmal." },
    no_photo_check: { message: "Zu diesem Schritt gehört kein Bild mehr.", remedy: "Sehen Sie auf die Karte, und sagen Sie es ohne Bild noch einmal." },
    unknown_photo: { message: "Das Ergebnis wurde nach der Aufnahme noch einmal berührt.", remedy: "Nehmen Sie das Bild neu auf, dann sagen Sie es noch einmal." },
    not_a_photo: { message: "Die Zelle kann das Bild nicht lesen.", remedy: "Nehmen Sie es neu auf, dann sagen Sie es noch einmal." },
    with_robot: { message: "Der Roboter wartet auf dieses Wort, darum zählt es nur im Augenblick.", remedy: "Sehen Sie zum Roboter, dann sagen Sie es noch einmal." },
  },
};

export const shell: Words["shell"] = {
  newer: "Es gibt eine neue Fassung dieser Seiten.",
  newerText: "Sie kommt von selbst, wenn niemand etwas eingibt.",
  load: "Jetzt laden",
  failed: {
    title: "Diese Seite ließ sich nicht laden",
    text: "Ein Teil von ihr kam nicht über das Netz. Die Zelle arbeitet nach ihren eigenen Regeln weiter; nichts, was Sie bestätigt haben, geht verloren.",
    reload: "Noch einmal laden",
    home: "Alle Seiten",
  },
  insecure: {
    title: "Kamera, AR und Arbeit ohne Verbindung brauchen eine sichere Adresse",
    more: "Warum, und wie",
    text: "Diese Seite kam mit http:// über das Netz. Browser schalten dann Kamera, AR-Brillen, Wachhalten und das Öffnen einer Seite ohne Verbindung ab. Alles andere geht, und was Sie ohne Verbindung sagen, wird trotzdem aufgehoben.",
    how: "Fragen Sie, wer die Zelle betreibt, nach ihrer https://-Adresse: Sie braucht ein Zertifikat, dem dieses Gerät vertraut. Am Rechner der Zelle selbst gilt http://localhost als sicher, ebenso an einem Tablet oder einer Brille am USB-Kabel nach „adb reverse tcp:8080 tcp:8080“.",
    close: "Verstanden",
  },
};
