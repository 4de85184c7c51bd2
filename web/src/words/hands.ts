/** What the pages say about keys, pedals, the screen and the voice: loaded only where they are used. */

import type { Language } from "../settings";

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
  awake: "Der Bildschirm bleibt an, solange Sie hier arbeiten.",
  asleep: "Dieser Browser hält den Bildschirm nicht an: Stellen Sie am Gerät selbst eine lange Zeit ein.",
  robot: { message: "Auf dieses Wort wartet der Roboter.", remedy: "Sehen Sie zum Roboter, dann drücken Sie den Knopf auf dem Bildschirm." },
  noField: { message: "Kein Feld auf dieser Karte wartet auf einen Code.", remedy: "Der Scan wurde nicht verwendet. Sehen Sie nach, was der Schritt verlangt." },
};

export const hands: Record<Language, typeof en> = { en, de };
