/** The last state that the page showed, for a page that is opened again without a line. */

import { effect, signal } from "@preact/signals";
import type { Connection } from "../connection";
import { build } from "../shell/build";
import type { Store } from "../store";
import { openBase } from "./base";

const EVERY_MS = 1_000;

/** When what is shown was true (s, UTC), while it is a memory; null while it comes from the cell. */
export const seenAt = signal<number | null>(null);

/** Show what was seen last until the cell answers, and keep what it says from then on. */
export async function remember(store: Store, connection: Connection): Promise<void> {
  const base = await openBase().catch(() => null);
  if (!base) return;
  const last = await base.get("seen", "last").catch(() => undefined);
  if (last && last.build === build && !store.loaded.value) {
    store.apply({ type: "snapshot", v: 1, epoch: "", seq: 0, t: last.t, payload: last.snapshot });
    connection.remember(last.t);
    seenAt.value = last.t;
  }
  let due: ReturnType<typeof setTimeout> | null = null;
  effect(() => {
    const snapshot = store.snapshot(); // reads every table, so that each change comes here
    if (connection.line.value !== "online") return;
    seenAt.value = null;
    due ??= setTimeout(() => {
      due = null;
      const now = connection.line.peek() === "online" ? store.snapshot() : snapshot;
      base.put("seen", { build, t: connection.now(), snapshot: now }, "last").catch(() => undefined); // a full disk costs the memory alone
    }, EVERY_MS);
  });
}
