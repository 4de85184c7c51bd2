/** What the pages say about keys, pedals, the screen and the voice: loaded only where they are used. */

import type { Language } from "../settings";

const quoted = (phrases: string[], [open, close]: string): string => phrases.map((phrase) => `${open}${phrase}${close}`).join(", ");

const en = {
  title: "Keys and foot pedal",
  doings: { next: "Done", problem: "Problem", again: "Show and read again" },
  none: "No key",
  press: "Press the key or pedal now (Esc: leave it, Del: no key)",
  illegal: "This key writes, moves on or ends a scan, so it can’t stand for anything. Take another, say F13 or PageDown.",
  rule: "A key does nothing while you write in a field, and never gives the robot a word that it waits for.",
  spoken: "Read the step aloud",
  yes: "Yes",
  no: "No",
  noVoice: "This device has no English voice of its own, so nothing is read aloud.",
  heard: "Listen for spoken words",
  phrases: { next: ["step done", "step is done", "step finished"], problem: ["report problem", "report a problem"], again: ["read again", "read it again"] },
  hears: (phrases: string[]) => `It knows ${quoted(phrases, "“”")}, each said alone. The same rule as for keys; the microphone is on only while you work here.`,
  listening: (phrases: string[]) => `Listening: ${quoted(phrases, "“”")}`,
  fetch: "Fetch the language onto this device",
  ears: {
    absent: "This browser does not recognise speech on the device itself, so it does not listen: nothing is sent elsewhere to be recognised. Chrome on a computer can, over https.",
    unavailable: "This browser has no English of its own for it, so it does not listen.",
    downloadable: "The browser can recognise English on this device once it has fetched the language.",
    downloading: "The browser is fetching the language; this can take some minutes.",
    refused: "The microphone is missing, or the browser was not allowed to use it. Allow it at the lock beside the address, then choose No and Yes once more.",
  },
  awake: "The screen stays on while you work here.",
  asleep: "This browser does not keep the screen on: set a long time in the device’s own settings.",
  robot: { message: "The robot waits for this word.", remedy: "Look at the robot, then press the button on the screen." },
  noField: { message: "No field on this card waits for a code.", remedy: "The scan was not used. See what the step asks for." },
};

const de: typeof en = {
  title: "Tasten und Fußpedal",
  doings: { next: "Fertig", problem: "Problem", again: "Noch einmal zeigen und vorlesen" },
  none: "Keine Taste",
  press: "Jetzt Taste oder Pedal drücken (Esc: so lassen, Entf: keine Taste)",
  illegal: "Diese Taste schreibt, springt weiter oder beendet einen Scan und kann deshalb für nichts stehen. Nehmen Sie eine andere, etwa F13 oder Bild ab.",
  rule: "Eine Taste tut nichts, solange Sie in ein Feld schreiben, und gibt nie ein Wort, auf das der Roboter wartet.",
  spoken: "Schritt vorlesen",
  yes: "Ja",
  no: "Nein",
  noVoice: "Dieses Gerät hat keine eigene deutsche Stimme, deshalb wird nichts vorgelesen.",
  heard: "Auf gesprochene Worte hören",
  phrases: { next: ["Schritt fertig", "Schritt ist fertig", "Schritt erledigt"], problem: ["Problem melden", "ein Problem melden"], again: ["noch einmal lesen", "nochmal lesen", "noch mal lesen"] },
  hears: (phrases) => `Bekannt sind ${quoted(phrases, "„“")}, jeweils für sich gesagt. Es gilt dieselbe Regel wie für Tasten; das Mikrofon ist nur an, während Sie hier arbeiten.`,
  listening: (phrases) => `Hört zu: ${quoted(phrases, "„“")}`,
  fetch: "Sprache auf dieses Gerät holen",
  ears: {
    absent: "Dieser Browser erkennt Sprache nicht auf dem Gerät selbst und hört deshalb nicht zu: Nichts wird zum Erkennen fortgeschickt. Chrome auf einem Rechner kann es, über https.",
    unavailable: "Dieser Browser hat dafür kein eigenes Deutsch und hört deshalb nicht zu.",
    downloadable: "Der Browser kann Deutsch auf diesem Gerät erkennen, sobald er die Sprache geholt hat.",
    downloading: "Der Browser holt die Sprache; das kann einige Minuten dauern.",
    refused: "Das Mikrofon fehlt, oder der Browser darf es nicht verwenden. Erlauben Sie es am Schloss neben der Adresse und wählen Sie dann noch einmal Nein und Ja.",
  },
  awake: "Der Bildschirm bleibt an, solange Sie hier arbeiten.",
  asleep: "Dieser Browser hält den Bildschirm nicht an: Stellen Sie am Gerät selbst eine lange Zeit ein.",
  robot: { message: "Auf dieses Wort wartet der Roboter.", remedy: "Sehen Sie zum Roboter, dann drücken Sie den Knopf auf dem Bildschirm." },
  noField: { message: "Kein Feld auf dieser Karte wartet auf einen Code.", remedy: "Der Scan wurde nicht verwendet. Sehen Sie nach, was der Schritt verlangt." },
};

export const hands: Record<Language, typeof en> = { en, de };
