/** What the pages say about keys, pedals, the screen and the voice, in German. */

import type { hands as english } from "./en_hands";

const quoted = (phrases: string[], [open, close]: string): string => phrases.map((phrase) => `${open}${phrase}${close}`).join(", ");

export const hands: typeof english = {
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
