/** Where the cell was in a headset's room, kept by the device for the next session. */

import type { Kept } from "./registration";

export interface Stored {
  /** The name under which the device finds its anchor again. */
  handle: string;
  kept: Kept;
}

const KEY = "tandem.ar.place";

export function read(): Stored | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Stored | null;
  } catch {
    return null;
  }
}

export function write(stored: Stored | null): void {
  try {
    if (stored) localStorage.setItem(KEY, JSON.stringify(stored));
    else localStorage.removeItem(KEY);
  } catch {
    // storage can be switched off; the points are then touched each time
  }
}
