/** Pictures that were taken for a step and are not said yet, one for each place; a reload does not take them. */

import { signal } from "@preact/signals";
import { openBase, type Taken } from "./base";

/** What a picture is of; a card and a command both say so. */
export interface Of {
  place: string;
  unit?: string;
  step?: string;
  attempt?: number;
}

const about = ({ unit, step, attempt }: Of): string => [unit, step, attempt].join("\n");

export class Pictures {
  private readonly taken = signal<ReadonlyMap<string, Taken>>(new Map());
  /** Whether the newest picture is on this page alone, because the device has no room for it. */
  readonly unkept = signal(false);
  private readonly base = openBase().catch(() => null);

  constructor() {
    void this.load();
  }

  /** The picture of an attempt; null while none was taken. */
  of(what: Of): Uint8Array<ArrayBuffer> | null {
    const found = this.taken.value.get(what.place);
    return found?.attempt === about(what) ? found.picture : null;
  }

  async put(what: Of, picture: Uint8Array<ArrayBuffer>): Promise<void> {
    const taken = { attempt: about(what), picture };
    this.set(what.place, taken);
    const base = await this.base;
    try {
      await base?.put("taken", taken, what.place);
      this.unkept.value = base === null;
    } catch {
      this.unkept.value = true; // a full device: it lasts as long as the page
    }
  }

  /** It has been said with the word that it belongs to, or is not wanted. */
  async drop({ place }: Of): Promise<void> {
    this.set(place, null);
    this.unkept.value = false;
    await (await this.base)?.delete("taken", place).catch(() => undefined);
  }

  private async load(): Promise<void> {
    const base = await this.base;
    if (!base) return;
    for (const place of await base.getAllKeys("taken").catch(() => [])) {
      const kept = await base.get("taken", place).catch(() => undefined);
      if (kept && !this.taken.value.has(place)) this.set(place, kept);
    }
  }

  private set(place: string, taken: Taken | null): void {
    const next = new Map(this.taken.value);
    if (taken) next.set(place, taken);
    else next.delete(place);
    this.taken.value = next;
  }
}
