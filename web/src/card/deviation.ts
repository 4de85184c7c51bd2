/** A measured deviation in the worker's words: which way, seen from where they stand. */

import type { Words } from "../words/en";
import type { Pose, Quaternion, Vector } from "../wire";

/** What is smaller is said and drawn as no deviation. */
export const SMALLEST_MM = 0.05;
const SHARE = 0.25; // smaller components than this share of the largest only distract

/** Turn a vector by a unit quaternion (w, x, y, z). */
export function turned([w, x, y, z]: Quaternion, [a, b, c]: Vector): Vector {
  const t: Vector = [2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)];
  return [
    a + w * t[0] + y * t[2] - z * t[1],
    b + w * t[1] + z * t[0] - x * t[2],
    c + w * t[2] + x * t[1] - y * t[0],
  ];
}

/** Say how a part is turned wrongly: `turn_deg` about the seat's axes, as seen from above where it is about the upright. */
export function turnWords(turn_deg: Vector, seat: Pose | null, words: Words["deviation"], format: (deg: number) => string): string {
  const about = seat ? turned(seat.q, turn_deg) : turn_deg;
  const upright = about[2];
  const tilt = Math.hypot(about[0], about[1]);
  if (tilt > Math.abs(upright)) return words.tilted(format(tilt));
  return (upright > 0 ? words.anticlockwise : words.clockwise)(format(Math.abs(upright)));
}

/**
 * Say where a part sits wrongly. `offset_mm` is in the seat's frame, `seat` and `place` are in the cell's frame; the
 * worker stands at `place` and looks at the seat. Without them the numbers are given as measured.
 */
export function deviationWords(
  offset_mm: Vector,
  seat: Pose | null,
  place: Pose | null,
  words: Words["deviation"],
  format: (mm: number) => string,
): string {
  if (Math.max(...offset_mm.map(Math.abs)) < SMALLEST_MM) return words.none;
  const look = seat && place ? ([seat.p[0] - place.p[0], seat.p[1] - place.p[1]] as const) : null;
  const distance = look ? Math.hypot(...look) : 0;
  if (!seat || !look || distance < 1e-6) return words.plain(...(offset_mm.map(format) as [string, string, string]));
  const [dx, dy, dz] = turned(seat.q, offset_mm);
  const forward = [look[0] / distance, look[1] / distance] as const;
  const away = dx * forward[0] + dy * forward[1];
  const right = dx * forward[1] - dy * forward[0];
  const along = [
    { mm: right, plus: words.right, minus: words.left },
    { mm: away, plus: words.far, minus: words.near },
    { mm: dz, plus: words.high, minus: words.low },
  ];
  const largest = Math.max(...along.map(({ mm }) => Math.abs(mm)));
  return along
    .filter(({ mm }) => Math.abs(mm) >= Math.max(SMALLEST_MM, largest * SHARE))
    .sort((a, b) => Math.abs(b.mm) - Math.abs(a.mm))
    .map(({ mm, plus, minus }) => (mm > 0 ? plus : minus)(format(Math.abs(mm))))
    .join(", ");
}
