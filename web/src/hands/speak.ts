/** Reads a step aloud, where the browser has a voice of the card's language. */

import { signal } from "@preact/signals";
import type { Language } from "../settings";

/** How many voices the browser has told of: they come late. */
const told = signal(0);
const speech = "speechSynthesis" in globalThis ? speechSynthesis : null;
speech?.addEventListener("voiceschanged", () => {
  told.value += 1;
});

/** The voice of a language, one on the device before others; null where there is none. */
export function voice(language: Language): SpeechSynthesisVoice | null {
  void told.value;
  const fit = (speech?.getVoices() ?? []).filter(({ lang }) => lang.toLowerCase().startsWith(language));
  return fit.find(({ localService }) => localService) ?? fit[0] ?? null;
}

/** Say something instead of what is being said. */
export function say(text: string, language: Language): void {
  hush();
  const by = voice(language);
  if (!speech || !by || !text) return;
  const words = new SpeechSynthesisUtterance(text);
  words.voice = by;
  words.lang = by.lang;
  speech.speak(words);
}

export const hush = (): void => speech?.cancel();
