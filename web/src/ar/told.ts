/** What a running headset session tells the page, and what the page asks of it. */

import { signal } from "@preact/signals";
import type { Judgement } from "./registration";

export interface Told extends Judgement {
  /** The point to touch next; null where none is asked for. */
  wanted: string | null;
  touched: number;
  points: number;
  /** Seconds until the touch is taken; null while none is. */
  count_s: number | null;
  /** The last touch was of a hand that moved, or that was not seen. */
  missed: boolean;
  /** A point is looked at, as there is nothing to touch it with. */
  sight: boolean;
}

export interface Session {
  /** Take the point that the right hand touches, after a short count. */
  take(): void;
  /** Leave out the point that is asked for: something stands on it. */
  pass(): void;
  /** Touch all points anew. */
  again(): void;
  /** Bring the card before the eyes. */
  bring(): void;
  end(): void;
}

export const session = signal<Session | null>(null);
export const told = signal<Told | null>(null);
/** The field that is written in by the keypad. */
export const field = signal<HTMLInputElement | HTMLTextAreaElement | null>(null);
