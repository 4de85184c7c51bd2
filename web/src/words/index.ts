/** The page's words in the chosen language, and the choice among texts that come from the cell. */

import { computed } from "@preact/signals";
import { language, type Language } from "../settings";
import { de } from "./de";
import { en, type Words } from "./en";

const all: Record<Language, Words> = { en, de };

export const words = computed<Words>(() => all[language.value]);
export const languageNames: readonly (readonly [Language, string])[] = (Object.keys(all) as Language[]).map(
  (key) => [key, all[key].languageName] as const,
);

/** The best of texts by language: the reader's, its base, English, any. Undefined only where there is none at all. */
export function best<T>(texts: Readonly<Record<string, T>>, wanted: string = language.value): T | undefined {
  for (const key of [wanted, wanted.split("-")[0] ?? wanted, "en"]) if (texts[key]) return texts[key];
  return Object.values(texts).find(Boolean);
}

/** As `best`, with "" where there is no text. */
export const text = (texts: Readonly<Record<string, string>>): string => best(texts) ?? "";

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
