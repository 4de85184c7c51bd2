/** Speaks a card's words, with a voice that this device has itself: nothing of a step is sent away to be spoken. */

import type { Language } from "../settings";
import type { Card, StepWords } from "../wire";

/** As much of the browser's speech as is used; stands in for it in tests. */
export interface Mouth {
  getVoices(): readonly Pick<SpeechSynthesisVoice, "lang" | "localService">[];
  speak(utterance: SpeechSynthesisUtterance): void;
  cancel(): void;
}

/** The voice of this device for a language; undefined where it has none, or only one that a server speaks with. */
export const voiceFor = (mouth: Mouth | null, language: Language): Pick<SpeechSynthesisVoice, "lang" | "localService"> | undefined =>
  mouth?.getVoices().find(({ lang, localService }) => localService && lang.replace("_", "-").split("-")[0] === language);

/** What is said of a card: what must not be missed first. "" where it asks for nothing. */
export function spoken(card: Card, say: StepWords | undefined, signal: Readonly<Record<string, string>>): string {
  if (card.status !== "step" || !say) return "";
  const hazards = Object.entries(card.hazards)
    .filter(([, level]) => level === "danger" || level === "warning")
    .map(([name, level]) => `${signal[level] ?? level}: ${say.hazards[name] ?? name}`);
  return [...hazards, say.title, say.do].filter(Boolean).map((one) => one.replace(/[.!?]?\s*$/, (end) => (end.trim() ? end : "."))).join(" ");
}

export class Speech {
  private said = "";

  constructor(
    private readonly mouth: Mouth | null,
    private readonly utter: (text: string) => SpeechSynthesisUtterance = (text) => new SpeechSynthesisUtterance(text),
  ) {}

  /** Say a text once; what was being said before ends. "" is silence. */
  say(text: string, language: Language): void {
    if (text === this.said) return;
    this.mouth?.cancel();
    this.said = "";
    const voice = voiceFor(this.mouth, language);
    if (!text || !this.mouth || !voice) return;
    const utterance = this.utter(text);
    utterance.voice = voice as SpeechSynthesisVoice;
    utterance.lang = voice.lang;
    this.mouth.speak(utterance);
    this.said = text;
  }
}
