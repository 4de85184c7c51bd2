/** Work without a hand on the screen: keys and pedals, a code reader, set phrases, a screen that stays on, and the step read aloud. */

import { computed, effect, signal } from "@preact/signals";
import { Wedge } from "../access/badge";
import type { Entry } from "../card/entry";
import { commands } from "../cell";
import { detail, language } from "../settings";
import type { Card } from "../wire";
import { best, words } from "../words";
import { keepAwake } from "./awake";
import { hear } from "./hear";
import { Keys, used, type Doing } from "./keys";
import { heard, spoken } from "./map";
import { doingOf } from "./phrases";
import { nextEmpty } from "./scan";
import { hush, say, speaking } from "./speak";

export { Ear } from "./ear";

const SHORTEST_CODE = 2; // a serial number may be as short as "u1"

const card = signal<Card | null>(null);
let entry: Entry | null = null;
const shown = signal(document.visibilityState === "visible");
document.addEventListener("visibilitychange", () => {
  shown.value = document.visibilityState === "visible";
});
const here = computed(() => card.value !== null && card.value.status !== "away");
/** Whether the microphone is wanted: somebody works here, the page is seen, and it does not speak itself. */
const listens = computed(() => heard.value === "yes" && here.value && shown.value && !speaking.value);
/** What is read aloud, "" where nothing is. */
const sentence = computed(() => (spoken.value === "yes" && card.value?.status === "step" ? spokenOf(card.value) : ""));
/** The attempt that it is about: equal as long as the card is about the same, so that nothing is begun twice. */
const about = computed(() => (card.value && sentence.value ? [card.value.unit, card.value.step, card.value.attempt, sentence.value].join("\n") : ""));

/** Follow the card that is shown. */
export function follow(next: Card, entered: Entry): void {
  entry = entered;
  card.value = next;
}

/** Listen until the result is called. */
export function listen(): () => void {
  const keys = new Keys((doing) => {
    used.value = "yes";
    act(doing);
  });
  const wedge = new Wedge(SHORTEST_CODE);
  const pressed = (event: KeyboardEvent): void => {
    const busy = taken(event.target);
    if (keys.press(event, event.timeStamp, busy)) event.preventDefault(); // PageDown would scroll as well
    const code = busy ? null : wedge.key(event.key, event.timeStamp);
    if (code === null) return;
    event.preventDefault(); // the reader's Enter would press the button that has the focus
    event.stopPropagation();
    scanned(code);
  };
  addEventListener("keydown", pressed, { capture: true });
  const ends = [
    () => removeEventListener("keydown", pressed, { capture: true }),
    () => keys.end(),
    effect(() => (here.value ? keepAwake() : undefined)),
    effect(() => (listens.value ? hear(language.value, said) : undefined)),
    effect(() => {
      if (about.value) say(sentence.peek(), language.peek());
      return hush;
    }),
  ];
  return () => ends.forEach((end) => end());
}

function spokenOf(of: Card): string {
  const text = best(of.words);
  if (!text) return "";
  const { signal: level } = words.value.card;
  const hazards = Object.entries(of.hazards).map(([name, how]) => `${level[how]}: ${text.hazards[name] ?? name}`);
  return [...hazards, text.title, detail.value === "expert" ? "" : text.do].filter(Boolean).join(". ");
}

/** Whether something else has the keys: a field that takes text, or a dialog. */
function taken(target: EventTarget | null): boolean {
  const on = target instanceof HTMLElement ? target : null;
  return document.querySelector("dialog[open]") !== null || (on?.matches("input, textarea, select") ?? false) || (on?.isContentEditable ?? false);
}

function act(doing: Doing): void {
  if (doing === "again") {
    document.querySelector(".card-body")?.scrollIntoView({ block: "start" });
    document.querySelector(".card")?.scrollTo({ top: 0 });
    say(sentence.value, language.value);
    return;
  }
  if (doing === "next" && card.value?.together) {
    commands.notice.value = words.value.hands.robot;
    return;
  }
  document.querySelector<HTMLButtonElement>(`.actions [data-command="${doing === "next" ? "confirm_step" : "report_problem"}"]`)?.click();
}

/** Do what was said, unless something is being asked. */
function said(heard: string): void {
  const doing = doingOf(heard, words.value.hands.phrases);
  if (doing && document.querySelector("dialog[open]") === null) act(doing);
}

/** Put a code that was read while no field had the focus where one is wanted. */
function scanned(code: string): void {
  const of = card.value;
  const field = of?.status === "step" && entry ? nextEmpty(of, entry) : null;
  if (field === null || !entry) commands.notice.value = words.value.hands.noField;
  else if (field.kind === "value") entry.setValue(field.name, code);
  else entry.setLot(field.name, code);
}
