/** Whether somebody else may hold this device by now: nobody touched it for a while, and whoever comes back may be another. */

import { signal } from "@preact/signals";

export const AWAY_MS = 5 * 60_000;
const NAME = "tandem.touched";
const TOUCHES = ["pointerdown", "keydown", "click"] as const; // a press in a headset is a click alone

export class Presence {
  /** Whoever is signed in is asked before their next word counts. */
  readonly doubtful = signal(false);
  private last_ms: number | null = null;

  /** `now_ms` is the device's own clock, `kept` outlives a reload and is shared by the device's pages. */
  constructor(
    private readonly now_ms: () => number,
    private readonly kept: () => Pick<Storage, "getItem" | "setItem">,
  ) {}

  /** The device was touched. */
  touched(): void {
    const now_ms = this.now_ms();
    const before_ms = this.read();
    if (before_ms !== null && now_ms - before_ms >= AWAY_MS) this.doubtful.value = true;
    this.last_ms = now_ms;
    try {
      this.kept().setItem(NAME, String(now_ms));
    } catch {
      // storage can be switched off; a reload then begins anew
    }
  }

  /** Somebody has said who they are. */
  sure(): void {
    this.doubtful.value = false;
  }

  /** Listen to every touch of a page, before what is touched hears of it. */
  watch(page: Document): void {
    for (const touch of TOUCHES) page.addEventListener(touch, () => this.touched(), { capture: true });
  }

  private read(): number | null {
    try {
      const kept = this.kept().getItem(NAME);
      return kept === null ? this.last_ms : Number(kept);
    } catch {
      return this.last_ms;
    }
  }
}
