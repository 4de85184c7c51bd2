/** What this device remembers: language, level of detail, theme, size and who works here. */

import { effect, signal, type Signal } from "@preact/signals";

export type Detail = "novice" | "standard" | "expert";
export type Theme = "auto" | "light" | "dark";
/** Large is read from 2 m. */
export type Size = "normal" | "large";

declare const BUILT_LANGUAGES: readonly string[] | undefined; // what lies in words/languages/, by the build
export type Language = string;
export const LANGUAGES: readonly Language[] = ["en", ...(typeof BUILT_LANGUAGES === "undefined" ? ["de"] : BUILT_LANGUAGES)];
export const DETAILS: readonly Detail[] = ["novice", "standard", "expert"];
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];
export const SIZES: readonly Size[] = ["normal", "large"];

export function remembered<T extends string>(key: string, fallback: T, legal?: readonly T[]): Signal<T> {
  const name = `tandem.${key}`;
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(name);
  } catch {
    // storage can be switched off; the page then forgets at reload
  }
  const known = stored !== null && (!legal || legal.includes(stored as T));
  const value = signal<T>(known ? (stored as T) : fallback);
  effect(() => {
    try {
      localStorage.setItem(name, value.value);
    } catch {
      // as above
    }
  });
  return value;
}

/** What tells this device from one that only looks on; it says nothing else of it. */
export const device = remembered<string>("device", crypto.getRandomValues(new Uint32Array(4)).join("-"));

const preferred: Language = LANGUAGES.find((language) => language === navigator.language) ?? LANGUAGES.find((language) => language === navigator.language.split("-")[0]) ?? "en";

export const language = remembered<Language>("language", preferred, LANGUAGES);
export const detail = remembered<Detail>("detail", "standard", DETAILS);
export const theme = remembered<Theme>("theme", "auto", THEMES);
export const size = remembered<Size>("size", "normal", SIZES);
export const operator = remembered<string>("operator", "");

effect(() => {
  document.documentElement.lang = language.value;
});
effect(() => {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});

effect(() => {
  if (size.value === "normal") delete document.documentElement.dataset.size;
  else document.documentElement.dataset.size = size.value;
});

/** Whether the person asked their system for calm pages. */
export const calm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
