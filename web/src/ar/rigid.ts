/** Where one space lies in another, from points that are known in both. */

import type { Vector } from "../wire";
import { distance, dot, eigen, fromQuaternion, mean, minus, moved, turned, type Placed } from "./algebra";

const SMALLEST_SPREAD_M = 0.02; // points closer to a line than this say nothing of a turn about it

export interface Fit {
  /** Maps `from` to `to`. */
  placed: Placed;
  /** How far each point is off after the fit, metres. */
  off_m: number[];
  /** How exactly a single point seems to have been touched: what is left, set against what six free numbers can hide; metres. */
  residual_m: number;
  from: readonly Vector[];
}

/**
 * The rigid motion that brings `from` to `to` with the least sum of squares, metres. Null for fewer than three points,
 * or points in a line.
 *
 * B. K. P. Horn, "Closed-form solution of absolute orientation using unit quaternions", J. Opt. Soc. Am. A 4 (1987).
 */
export function fit(from: readonly Vector[], to: readonly Vector[]): Fit | null {
  const n = from.length;
  if (n < 3 || to.length !== n || inLine(from) || inLine(to)) return null;
  const [a, b] = [mean(from), mean(to)];
  const m = [0, 1, 2].map((i) => [0, 1, 2].map((j) => from.reduce((sum, p, k) => sum + ((p[i] ?? 0) - (a[i] ?? 0)) * ((to[k]?.[j] ?? 0) - (b[j] ?? 0)), 0)));
  const s = (i: number, j: number): number => m[i]?.[j] ?? 0;
  const { vectors } = eigen([
    [s(0, 0) + s(1, 1) + s(2, 2), s(1, 2) - s(2, 1), s(2, 0) - s(0, 2), s(0, 1) - s(1, 0)],
    [s(1, 2) - s(2, 1), s(0, 0) - s(1, 1) - s(2, 2), s(0, 1) + s(1, 0), s(2, 0) + s(0, 2)],
    [s(2, 0) - s(0, 2), s(0, 1) + s(1, 0), s(1, 1) - s(0, 0) - s(2, 2), s(1, 2) + s(2, 1)],
    [s(0, 1) - s(1, 0), s(2, 0) + s(0, 2), s(1, 2) + s(2, 1), s(2, 2) - s(0, 0) - s(1, 1)],
  ]);
  const [w = 1, x = 0, y = 0, z = 0] = vectors[3] ?? [];
  const turn = fromQuaternion([w, x, y, z]);
  const at = { turn, at: minus(b, turned(turn, a)) };
  const off_m = from.map((p, k) => distance(moved(at, p), to[k] ?? p));
  return { placed: at, off_m, residual_m: Math.sqrt((3 * dot(off_m, off_m)) / (3 * n - 6)), from };
}

/**
 * How far off a point of `from`'s space is to be expected after the fit, metres (root mean square).
 *
 * J. M. Fitzpatrick, J. B. West, C. R. Maurer, "Predicting error in rigid-body point-based registration", IEEE Trans.
 * Med. Imaging 17 (1998), equation 46.
 */
export function expected_m({ from, residual_m }: Fit, point: Vector): number {
  const { centre, axes } = spread(from);
  const share = axes.reduce((sum, axis) => {
    const across = (p: Vector): number => {
      const d = minus(p, centre);
      return dot(d, d) - dot(d, axis) ** 2; // squared distance from this principal axis
    };
    return sum + across(point) / (from.reduce((all, p) => all + across(p), 0) / from.length);
  }, 0);
  return residual_m * Math.sqrt((1 + share / 3) / from.length);
}

function inLine(points: readonly Vector[]): boolean {
  const { values } = spread(points);
  return Math.sqrt((values[1] ?? 0) / points.length) < SMALLEST_SPREAD_M / 2;
}

function spread(points: readonly Vector[]): { centre: Vector; values: number[]; axes: number[][] } {
  const centre = mean(points);
  const around = points.map((p) => minus(p, centre));
  const { values, vectors } = eigen([0, 1, 2].map((i) => [0, 1, 2].map((j) => around.reduce((sum, d) => sum + (d[i] ?? 0) * (d[j] ?? 0), 0))));
  return { centre, values, axes: vectors };
}
