/** The server's clock, as this page sees it (s, UTC). */

import { signal } from "@preact/signals";

let offset_s = 0;
let best_s = Number.POSITIVE_INFINITY;

/** Learn from a pong that left at `sent` and came at `now` (s, this device) with the server's time `t`. */
export function learn(t: number, sent: number, now: number): void {
  const round_trip_s = now - sent;
  // the quickest trip tells most; older ones lose weight so that a drifting clock is followed
  best_s *= 1.05;
  if (round_trip_s > best_s) return;
  best_s = round_trip_s;
  offset_s = t - (sent + round_trip_s / 2);
}

/** Server time now, in seconds. */
export const serverNow = (): number => Date.now() / 1000 + offset_s;

/** Server time, once a second, for timers on the page. */
export const tick = signal(serverNow());
setInterval(() => {
  tick.value = serverNow();
}, 1000);
