/** A badge reader that types: the number at once, then Enter. */

import { useEffect } from "preact/hooks";

const GAP_MS = 80; // no hand types as fast as this for a whole number
const SHORTEST = 4;

/** Collects keys; returns a number when one was read, as opposed to typed. */
export class Wedge {
  private read = "";
  private lastMs = 0;

  /** `shortest` is the fewest signs that are a number: a hand may hit two keys almost at once, but hardly Enter with them. */
  constructor(private readonly shortest = SHORTEST) {}

  key(key: string, nowMs: number): string | null {
    if (nowMs - this.lastMs > GAP_MS) this.read = "";
    this.lastMs = nowMs;
    if (key === "Enter") {
      const read = this.read;
      this.read = "";
      return read.length >= this.shortest ? read : null;
    }
    if (key.length === 1) this.read += key;
    return null;
  }
}

/** Call `onBadge` with each badge that is held to a reader while this is shown. */
export function useBadge(onBadge: (badge: string) => void): void {
  useEffect(() => {
    const wedge = new Wedge();
    const listen = (event: KeyboardEvent): void => {
      const badge = wedge.key(event.key, event.timeStamp);
      if (badge === null) return;
      event.preventDefault();
      event.stopPropagation();
      onBadge(badge);
    };
    addEventListener("keydown", listen, { capture: true });
    return () => removeEventListener("keydown", listen, { capture: true });
  }, []);
}
