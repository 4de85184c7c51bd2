/** The card as it is shown: what comes between two steps of one's own only for a moment is not. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Card } from "../wire";

const SETTLE_MS = 1_000; // the cell gives the next step within that, where there is one

/** A card, and whether it only stands there until the next one is settled: nothing can be said to it then. */
export interface Shown {
  readonly card: Card | null;
  readonly settling: boolean;
}

/** One place's cards. Another unit's question waits for a moment while the person may still get the next step of their own. */
export class Settling {
  /** How long `show` asks to be called again after (ms); null: only with the next card. */
  again_ms: number | null = null;
  private stood: Card | null = null;
  private since_ms: number | null = null;

  show(card: Card | null, now_ms: number): Shown {
    this.again_ms = null;
    if (card && this.stood && breaksIn(card, this.stood)) {
      this.since_ms ??= now_ms;
      const left_ms = this.since_ms + SETTLE_MS - now_ms;
      if (left_ms > 0) {
        this.again_ms = left_ms;
        return { card: { ...this.stood, buttons: [], asks: [], lots: [], photo: false }, settling: true };
      }
    }
    this.since_ms = null;
    this.stood = card;
    return { card, settling: false };
  }
}

/** Whether a question about another unit comes where somebody was at a step. */
const breaksIn = (card: Card, before: Card): boolean => card.status === "attention" && card.unit !== before.unit && (before.status === "step" || before.status === "checking");

export function useSettled(card: Card | null): Shown {
  const settling = useMemo(() => new Settling(), []);
  const [, show] = useState(0);
  const shown = settling.show(card, Date.now());
  const { again_ms } = settling;
  useEffect(() => {
    if (again_ms === null) return undefined;
    const again = setTimeout(() => show((n) => n + 1), again_ms);
    return () => clearTimeout(again);
  });
  return shown;
}
