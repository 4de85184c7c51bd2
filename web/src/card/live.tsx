/** How far off the part is while the person moves it: looked at again and again while that is wanted. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { looksOn } from "../access/access";
import { connection, store } from "../cell";
import { Icon, type IconName } from "../common/icon";
import { view } from "../scene/static";
import type { Card, LiveLook } from "../wire";
import { number, text, words } from "../words";
import { deviationWords, turnWords } from "./deviation";

const RENEW_MS = 4_000; // the cell forgets who has not asked again within 10 s

/** What the person last said of it, for one attempt: else it is on where the last check measured something to correct. */
const said = signal<{ of: string; on: boolean } | null>(null);

const attemptOf = ({ unit, step, attempt }: Card): string => JSON.stringify([unit, step, attempt]);

const mayMeasure = ({ live, status }: Card): boolean => live && ["step", "attention"].includes(status) && !looksOn();

/** Whether live looks are on at a card. */
export const isLive = (card: Card): boolean => {
  if (!mayMeasure(card)) return false;
  return said.value?.of === attemptOf(card) ? said.value.on : card.offset_mm !== null;
};

/** What the camera sees of the part now, and the button that ends it; nothing while it is off. */
export function Live({ card }: { card: Card }) {
  const on = isLive(card);
  const { place, unit, step, attempt } = card;
  const { live: say } = words.value;
  useEffect(() => {
    if (!on) return undefined;
    said.value = { of: attemptOf(card), on }; // what began by itself ends by the person's word alone, or with the attempt
    const ask = (): void => {
      if (document.visibilityState === "visible") connection.follow({ place, unit, step, attempt });
    };
    ask();
    const asking = setInterval(ask, RENEW_MS);
    document.addEventListener("visibilitychange", ask);
    return () => {
      clearInterval(asking);
      document.removeEventListener("visibilitychange", ask);
      connection.follow(null);
      store.looks.forget(card);
    };
  }, [on, place, unit, step, attempt, connection.line.value]);
  if (!on) return null;
  const look = store.looks.of(card);
  const { icon, strong, more } = told(card, look);
  return (
    <div class="live" data-testid="live" data-verdict={look?.paused ? "paused" : (look?.verdict ?? "")}>
      <Icon name={icon} />
      <p>
        <span class="found-label">{say.label}</span>
        <strong>{strong}</strong>
        {more && <span class="live-more">{more}</span>}
      </p>
      <Toggle card={card} />
    </div>
  );
}

/** The button that begins it; nothing where it is on, or no camera could tell. */
export function LiveOffer({ card }: { card: Card }) {
  return mayMeasure(card) && !isLive(card) ? <Toggle card={card} /> : null;
}

function Toggle({ card }: { card: Card }) {
  const { live: say } = words.value;
  const on = isLive(card);
  return (
    <button type="button" class="act act-plain" data-testid="live-toggle" aria-pressed={on} onClick={() => (said.value = { of: attemptOf(card), on: !on })}>
      <Icon name="eye" /> {on ? say.end : say.begin}
    </button>
  );
}

/** What a look says in the person's words. */
function told(card: Card, look: LiveLook | null): { icon: IconName; strong: string; more: string } {
  const { live: say, deviation } = words.value;
  if (look?.paused) return { icon: "clock", strong: say.paused, more: "" };
  const format = (value: number): string => number(value, 1);
  const seat = card.ghost?.end ?? card.focus;
  const off = look?.offset_mm ? deviationWords(look.offset_mm, seat, view.value?.places[card.place] ?? null, deviation, format) : "";
  const decides = card.status === "step" ? say.decides : say.decidesAgain;
  switch (look?.verdict) {
    case "ok":
      return { icon: "check", strong: say.within, more: [off === deviation.none ? "" : `${off}.`, decides].filter(Boolean).join(" ") };
    case "displaced": {
      const turned = look.turn_deg ? turnWords(look.turn_deg, seat, deviation, format) : "";
      return { icon: "eye", strong: [turned, turned && off === deviation.none ? "" : off].filter(Boolean).join(", "), more: "" };
    }
    case "cannot_see":
      return { icon: "alert", strong: say.unseen, more: text(look.text) };
    case "missing":
      return { icon: "eye", strong: text(look.text), more: "" };
    case "flipped":
    case "wrong":
      return { icon: "alert", strong: text(look.text), more: "" };
    default:
      return { icon: "clock", strong: say.looking, more: "" };
  }
}
