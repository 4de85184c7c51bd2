/** The server's clock, as this page sees it (s, UTC). A simulated cell's may run faster than ours. */

import { signal } from "@preact/signals";

const SAME = 0.2; // of 1: two clocks whose pace differs by less go alike, and what differs is the network
const LONG_S = 1; // between two pongs that tell a pace
const AGREE = 0.1; // of a pace, by which two in a row may differ

let offset_s = 0;
let best_s = Number.POSITIVE_INFINITY;
let rate = 1;
let told = 1; // the pace that the last two pongs told
let at = { t: 0, here: 0 }; // the server's time at one of ours

/** Learn from a pong that left at `sent` and came at `now` (s, this device) with the server's time `t`. */
export function learn(t: number, sent: number, now: number): void {
  const round_trip_s = now - sent;
  const here = sent + round_trip_s / 2;
  if (at.here === 0) at = { t, here };
  else if (here - at.here > LONG_S) {
    const found = (t - at.t) / (here - at.here);
    if (Math.abs(found - told) < AGREE * Math.abs(found)) rate = Math.abs(found - 1) < SAME ? 1 : found; // one alone may be a clock that was set
    told = found;
    at = { t, here };
  }
  // the quickest trip tells most; older ones lose weight so that a drifting clock is followed
  best_s *= 1.05;
  if (round_trip_s > best_s) return;
  best_s = round_trip_s;
  offset_s = t - here;
}

/** Server time now, in seconds. */
export function serverNow(): number {
  const now = Date.now() / 1000;
  return rate === 1 ? now + offset_s : at.t + rate * (now - at.here);
}

/** Server time, once a second, for timers on the page. */
export const tick = signal(serverNow());
setInterval(() => {
  tick.value = serverNow();
}, 1000);
