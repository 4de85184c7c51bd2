/** Reads a step aloud, where the device has a voice of the card's language. */

import { signal } from "@preact/signals";
import type { Language } from "../settings";

/** How many voices the browser has told of: they come late. */
const told = signal(0);
/** Whether the page speaks now: it does not listen to itself. */
export const speaking = signal(false);
const speech = "speechSynthesis" in globalThis ? speechSynthesis : null;
speech?.addEventListener("voiceschanged", () => {
  told.value += 1;
});

/** The device's own voice for a language; null where there is none: nothing of a step is sent away to be spoken. */
export function voice(language: Language): SpeechSynthesisVoice | null {
  void told.value;
  const own = (speech?.getVoices() ?? []).filter(({ localService }) => localService);
  return own.find(({ lang }) => lang.toLowerCase().startsWith(language)) ?? null;
}

/** Say something instead of what is being said. */
export function say(text: string, language: Language): void {
  hush();
  const by = voice(language);
  if (!speech || !by || !text) return;
  const words = new SpeechSynthesisUtterance(text);
  words.voice = by;
  words.lang = by.lang;
  words.onstart = () => {
    speaking.value = true;
  };
  words.onend = words.onerror = () => {
    speaking.value = false;
  };
  speech.speak(words);
}

export function hush(): void {
  speech?.cancel();
  speaking.value = false;
}
