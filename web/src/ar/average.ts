/** One pose from many samples of it, without those that are far from the others. */

import type { Vector } from "../wire";
import { between, distance, eigen, fromQuaternion, length, mean, median, minus, toQuaternion, type Placed } from "./algebra";

const FAR = 3.5; // times the median distance: farther is an outlier
const LEAST_M = 0.0002; // closer than this samples are never told apart
const LEAST_RAD = 0.0005;
const MOST_OUT = 0.5; // a majority must agree

export interface Averaged {
  placed: Placed;
  /** How many samples count. */
  used: number;
  /** How far the samples that count lie from the average, root mean square. */
  scatter_m: number;
  scatter_rad: number;
}

/**
 * The average of poses; null of none, or where fewer than half are near each other. Rotations are averaged as the largest
 * eigenvector of their quaternions' outer products: F. L. Markley et al., "Averaging quaternions", J. Guidance 30 (2007).
 */
export function average(samples: readonly Placed[]): Averaged | null {
  let kept = samples;
  for (;;) {
    if (kept.length === 0 || kept.length < samples.length * MOST_OUT) return null;
    const middle = kept.length === samples.length ? closest(kept) : whole(kept);
    const far = kept.map((one) => [distance(one.at, middle.at), between(one.turn, middle.turn)] as const);
    const most_m = Math.max(LEAST_M, FAR * median(far.map(([m]) => m)));
    const most_rad = Math.max(LEAST_RAD, FAR * median(far.map(([, rad]) => rad)));
    const near = kept.filter((_, i) => (far[i]?.[0] ?? 0) <= most_m && (far[i]?.[1] ?? 0) <= most_rad);
    if (near.length < kept.length) {
      kept = near;
      continue;
    }
    const placed = whole(kept);
    const rms = (values: number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    return {
      placed,
      used: kept.length,
      scatter_m: rms(kept.map(({ at }) => length(minus(at, placed.at)))),
      scatter_rad: rms(kept.map(({ turn }) => between(turn, placed.turn))),
    };
  }
}

/** The sample from which the others are nearest: no outlier draws it away. */
function closest(samples: readonly Placed[]): Placed {
  let best: Placed | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const one of samples) {
    const far = median(samples.map((other) => distance(one.at, other.at) + between(one.turn, other.turn)));
    if (best === null || far < least) [best, least] = [one, far];
  }
  return best ?? { turn: [1, 0, 0, 0, 1, 0, 0, 0, 1], at: [0, 0, 0] };
}

function whole(samples: readonly Placed[]): Placed {
  const sum = [0, 1, 2, 3].map(() => [0, 0, 0, 0]);
  for (const { turn } of samples) {
    const q = toQuaternion(turn);
    for (const [i, row] of sum.entries()) for (const j of row.keys()) row[j] = (row[j] ?? 0) + (q[i] ?? 0) * (q[j] ?? 0);
  }
  const [w = 1, x = 0, y = 0, z = 0] = eigen(sum).vectors[3] ?? [];
  return { turn: fromQuaternion([w, x, y, z]), at: mean(samples.map(({ at }) => at as Vector)) };
}
