/** The time left, in minutes that stand still: they change when it has clearly become another figure, not at its edge. */

const FEW_MIN = 10; // up to here to the minute, above to five
const EDGE_S = 20;

/** Return what is told of `left_s`: whole minutes, 0 for less than one; what is `shown` already stays while it is nearly right. */
export function minutesLeft(left_s: number, shown: number | null = null): number {
  if (shown !== null && whole(left_s - EDGE_S) <= shown && shown <= whole(left_s + EDGE_S)) return shown;
  return whole(left_s);
}

function whole(seconds: number): number {
  const minutes = Math.max(0, seconds) / 60;
  if (minutes < 0.75) return 0;
  return minutes < FEW_MIN + 0.5 ? Math.max(1, Math.round(minutes)) : 5 * Math.round(minutes / 5);
}
