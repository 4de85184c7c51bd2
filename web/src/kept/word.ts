/** A word that a worker gave: done, taken off, or a problem; with the attempt that it is about and whose it is. */

import { KEPT, type Answer, type Card, type Outside } from "../wire";

/** What may be handed in later, and nothing else: the server's own list. */
export type Keepable = Extract<Outside, { type: (typeof KEPT)[number] }>;

export const keepable = (command: Outside): command is Keepable => (KEPT as readonly string[]).includes(command.type);

/** Answers after which the same word is worth another try: the cell has not judged it. */
const UNJUDGED: ReadonlySet<string> = new Set(["kept", "offline", "lost", "busy", "journal", "closing"]);

export const unjudged = (answer: Answer): boolean => !answer.ok && UNJUDGED.has(answer.code);

export interface Word {
  /** The order in which words were given; the shelf counts it. */
  n?: number;
  /** The command's id: however often it is handed in, it has one effect. */
  id: string;
  command: Keepable;
  operator: string;
  /** When it was given, by the server's clock (s, UTC). */
  t: number;
  /** What the step is called, by language. */
  title: Readonly<Record<string, string>>;
  /** What the card asked for each value, by language. */
  asked: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Units of the entered numbers, by the name of the value. */
  units: Readonly<Record<string, string>>;
  /** The picture that it rests on, handed in before it; the command names it from then on. */
  picture?: Uint8Array<ArrayBuffer> | null;
  /** Why the cell did not take it; null while it waits to be handed in. */
  refused: (Pick<Answer, "code" | "message" | "remedy"> & Partial<Pick<Answer, "says" | "helps">>) | null;
}

/** Whether a word is about the attempt that a card shows. */
export const isAbout = ({ command }: Word, card: Card): boolean =>
  command.place === card.place && command.unit === card.unit && command.step === card.step && command.attempt === card.attempt;

/** What the card says of a step, as far as a word should still say it when the card is gone. */
export function described(card: Card | undefined): Pick<Word, "title" | "asked" | "units"> {
  const languages = Object.entries(card?.words ?? {});
  return {
    title: Object.fromEntries(languages.map(([language, { title }]) => [language, title])),
    asked: Object.fromEntries((card?.asks ?? []).map(({ value }) => [value, Object.fromEntries(languages.map(([language, { ask }]) => [language, ask[value] ?? ""]))])),
    units: Object.fromEntries((card?.asks ?? []).map(({ value, spec }) => [value, spec.unit])),
  };
}
