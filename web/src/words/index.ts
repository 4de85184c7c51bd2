/** The page's words in the chosen language, and the choice among texts that come from the cell. */

import { computed, effect, signal } from "@preact/signals";
import { language, LANGUAGES } from "../settings";
import { best as bestOf } from "./best";
import { en, type Words } from "./en";
import { whole, type Partly } from "./whole";

/** English is there at once, every other language once it is chosen: each is a file in `languages/`. */
const known = signal<Readonly<Record<string, Words>>>({ en });

export const words = computed<Words>(() => known.value[language.value] ?? en);

/** Fetch a language; where it does not come the page speaks English, and the next choice asks again. What it leaves out is English. */
async function fetchWords(key: string): Promise<void> {
  if (known.value[key]) return;
  const file = (await import(`./languages/${key}.ts`)) as { words: Partly<Words> };
  known.value = { ...known.value, [key]: whole<Words>(en, file.words) };
}

/** Resolves when the page can speak the chosen language, or can't. */
export const spoken: Promise<void> = fetchWords(language.value).catch(() => undefined);
effect(() => void fetchWords(language.value).catch(() => undefined));

/** Each language with its own name for itself. */
export const languageNames: readonly (readonly [string, string])[] = LANGUAGES.map((key) => [key, ownName(key)] as const);

function ownName(key: string): string {
  const name = new Intl.DisplayNames([key], { type: "language" }).of(key) ?? key;
  return name.charAt(0).toLocaleUpperCase(key) + name.slice(1);
}

/** The best of texts by language: the reader's, its base, English, any. Undefined only where there is none at all. */
export const best = <T>(texts: Readonly<Record<string, T>>, wanted: string = language.value): T | undefined => bestOf(texts, wanted);

/** As `best`, with "" where there is no text. */
export const text = (texts: Readonly<Record<string, string>>): string => best(texts) ?? "";

/** What the server said: in the reader's language where it knows the sentence, else as it said it. */
export const said = (texts: Readonly<Record<string, string>> | undefined, english: string): string => (texts && best(texts)) || english;

/** The word for a key that the cell sent; an unknown key stays readable. */
export const word = (known: Readonly<Record<string, string>>, key: string): string => known[key] ?? humanise(key);

function humanise(key: string): string {
  const plain = key.replaceAll("_", " ").trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** A number in the reader's format. */
export const number = (value: number, digits = 3): string =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);

/** A span of time: 45 s, 3:05 min, 2:10 h. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)} min`;
  return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))} h`;
}

/** A time of day. */
export const clock = (t: number): string =>
  new Intl.DateTimeFormat(language.value, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(t * 1000);

/** Date and time. */
export const moment = (t: number): string =>
  new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "medium" }).format(t * 1000);
