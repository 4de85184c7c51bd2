/** What the pages say about keys, pedals, the screen and the voice, in English. */

const quoted = (phrases: string[], [open, close]: string): string => phrases.map((phrase) => `${open}${phrase}${close}`).join(", ");

export const hands = {
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
