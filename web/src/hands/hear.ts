/** Hears a few set phrases, where the browser recognises speech on this device: no sound and no word of it is sent anywhere. */

import { signal } from "@preact/signals";
import type { Language } from "../settings";

/** The part of the Web Speech API (W3C community group) that is used; browsers have it under its own name or not at all. */
interface Recognition extends EventTarget {
  processLocally: boolean;
  continuous: boolean;
  interimResults: boolean;
  lang: string;
  onstart: (() => void) | null;
  onend: (() => void) | null;
  onerror: ((event: { error: string }) => void) | null;
  onresult: ((event: { resultIndex: number; results: ArrayLike<ArrayLike<{ transcript: string; confidence: number }> & { isFinal: boolean }> }) => void) | null;
  start(): void;
  abort(): void;
}
interface Recognitions {
  new (): Recognition;
  available(asked: Asked): Promise<"unavailable" | "downloadable" | "downloading" | "available">;
  install(asked: Asked): Promise<boolean>;
}
interface Asked {
  langs: string[];
  processLocally: true;
}

/** What this device can hear with. `absent`: its browser has nothing, or nothing that stays on the device; `refused`: the microphone. */
export type Ears = "asking" | "absent" | "unavailable" | "downloadable" | "downloading" | "ready" | "refused";
export const ears = signal<Ears>("asking");

/** Whether the microphone is on for this page now. */
export const listening = signal(false);

const TAGS: Readonly<Record<Language, string>> = { en: "en-US", de: "de-DE" }; // a recogniser wants the country; another language is asked for as it is
const REFUSED: ReadonlySet<string> = new Set(["not-allowed", "service-not-allowed", "audio-capture"]);
const AGAIN_MS = 500; // a recognition ends by itself after a silence
const LEAST = 0.5; // of 1, how sure the recogniser is; 0 where it does not say

const tag = (language: Language): string => TAGS[language] ?? language;
const asked = (language: Language): Asked => ({ langs: [tag(language)], processLocally: true });

function maker(): Recognitions | null {
  const found = (globalThis as { SpeechRecognition?: Partial<Recognitions> }).SpeechRecognition;
  return found && typeof found.available === "function" ? (found as Recognitions) : null; // an older one sends the sound away
}

/** Ask what there is for a language, and note it in `ears`. */
export async function look(language: Language): Promise<void> {
  const how = await maker()?.available(asked(language)).catch(() => "unavailable" as const);
  ears.value = how === undefined ? "absent" : how === "available" ? "ready" : how;
}

/** Have the browser fetch a language for its own recogniser. */
export async function fetchLanguage(language: Language): Promise<void> {
  ears.value = "downloading";
  await maker()?.install(asked(language)).catch(() => false);
  await look(language);
}

/** Listen until the result is called; `take` gets each whole utterance. */
export function hear(language: Language, take: (said: string) => void): () => void {
  let ended = false;
  let ear: Recognition | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  const begin = async (): Promise<void> => {
    await look(language);
    const made = maker();
    if (ended || ears.value !== "ready" || !made) return;
    const own = new made();
    own.processLocally = true;
    own.continuous = true;
    own.interimResults = false;
    own.lang = tag(language);
    own.onstart = () => {
      listening.value = !ended;
    };
    own.onresult = ({ resultIndex, results }) => {
      for (const result of Array.from(results).slice(resultIndex)) {
        const first = result[0];
        if (!ended && result.isFinal && first && !(first.confidence > 0 && first.confidence < LEAST)) take(first.transcript);
      }
    };
    let refused = false;
    own.onerror = ({ error }) => {
      refused = REFUSED.has(error);
      if (refused) ears.value = "refused";
    };
    own.onend = () => {
      if (ended) return;
      listening.value = false;
      if (!refused) again = setTimeout(() => void begin(), AGAIN_MS);
    };
    ear = own;
    own.start();
  };
  void begin();
  return () => {
    ended = true;
    clearTimeout(again);
    listening.value = false;
    ear?.abort();
  };
}
