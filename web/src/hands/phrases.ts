/** Which phrase stands for what. Pure. */

import { DOINGS, type Doing } from "./keys";

const plain = (said: string): string =>
  said
    .normalize("NFC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** What an utterance asks for: it has to be a phrase and nothing but it, since people also talk at work. */
export function doingOf(said: string, phrases: Readonly<Record<Doing, readonly string[]>>): Doing | null {
  return DOINGS.find((doing) => phrases[doing].some((phrase) => plain(phrase) === plain(said))) ?? null;
}
