/** Dasselbe auf Deutsch. */

import type { Words } from "./en";

export const photo: Words["photo"] = {
  ask: "Zu diesem Schritt gehört ein Bild vom Ergebnis.",
  take: "Bild aufnehmen",
  again: "Neu aufnehmen",
  taken: (title) => `Ihr Bild: ${title}`,
  kept: (title) => `Bild aus der Werkhalle: ${title}`,
  lost: "Das Bild wurde entfernt; sein Fingerabdruck bleibt im Nachweis.",
  missing: "Nehmen Sie zuerst ein Bild auf.",
  unkept: "Auf diesem Gerät ist kein Platz für das Bild: Es geht verloren, wenn die Seite geschlossen wird, bevor es gesendet ist.",
  unreadable: "Diese Datei ist kein Bild, das dieser Browser lesen kann. Nehmen Sie ein anderes auf.",
  finder: {
    title: "Bild vom Ergebnis",
    hint: "Das ganze Teil im Bild, scharf und gut beleuchtet; keine Personen.",
    live: "Was die Kamera sieht",
    starting: "Die Kamera startet …",
    shoot: "Bild aufnehmen",
    use: "Dieses Bild verwenden",
    again: "Noch einmal",
    back: "Zurück",
    refused: "Diese Seite darf die Kamera nicht benutzen. Erlauben Sie es in den Einstellungen des Browsers, oder nehmen Sie das Bild mit der Kamera des Geräts auf.",
    failed: "Die Kamera startet nicht. Nehmen Sie das Bild mit der Kamera des Geräts auf.",
    own: "Kamera des Geräts",
  },
};
