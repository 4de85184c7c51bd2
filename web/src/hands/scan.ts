/** Where a code belongs that was read while no field had the focus. */

import type { Entry } from "../card/entry";
import type { Card } from "../wire";

export interface Wanted {
  kind: "value" | "lot";
  name: string;
}

/** The first empty field of a card that waits for a code, in the card's order; null where there is none. */
export function nextEmpty(card: Pick<Card, "asks" | "lots">, entry: Entry): Wanted | null {
  const ask = card.asks.find(({ value, spec }) => spec.kind === "scan" && !String(entry.values.value[value] ?? "").trim());
  if (ask) return { kind: "value", name: ask.value };
  const lot = card.lots.find((part) => !(entry.lots.value[part] ?? "").trim());
  return lot === undefined ? null : { kind: "lot", name: lot };
}
