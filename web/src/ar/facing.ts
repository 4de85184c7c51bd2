/** Where a flat board is before a camera: from its corners in one picture. */

import type { Vector } from "../wire";
import { about, cross, dot, inverse, length, moved, plus, product, scaled, times, turned, type Placed } from "./algebra";
import { seen, type Lens, type Pixel } from "./lens";

const ROUNDS = 30;
const SETTLED = 1e-10;
const HUBER_PX = 1.5; // corners farther off than this count less and less
const LIKE = 1.6; // the other way up must be so much worse, or nobody can tell which is true
const APART_RAD = 0.03;

/** A corner of the board and where the picture has it. */
export interface Match {
  at: Vector;
  px: Pixel;
}

export interface Facing {
  /** The board's frame in the camera's (z forward, x right, y down). */
  placed: Placed;
  /** How far the corners are beside their places, root mean square, pixels. */
  rms_px: number;
  /** Variance of turn (rad) and place (m) for one pixel of noise a corner, 6 x 6. */
  covariance: Float64Array;
  /** A board seen nearly square on from afar looks the same leaning either way: then this must not be used. */
  ambiguous: boolean;
}

/**
 * Find the board: a homography for the start (Zhang 2000), then Gauss-Newton with Levenberg's damping over all corners'
 * distances in the picture; tried the other way up, too (G. Schweighofer, A. Pinz, "Robust pose estimation from a planar
 * target", IEEE Trans. PAMI 28, 2006). Null for fewer than four corners, or where nothing fits.
 */
export function face(matches: readonly Match[], lens: Lens): Facing | null {
  const start = begin(matches, lens);
  if (!start) return null;
  const one = settle(matches, lens, start);
  if (!one) return null;
  const other = settle(matches, lens, mirrored(one.placed));
  if (!other) return one;
  const [best, worse] = one.rms_px <= other.rms_px ? [one, other] : [other, one];
  const apart = Math.acos(Math.min(1, Math.abs(dot(normal(best.placed), normal(worse.placed)))));
  return { ...best, ambiguous: apart > APART_RAD && worse.rms_px < best.rms_px * LIKE };
}

/** Follow a pose that is nearly right. */
export function settle(matches: readonly Match[], lens: Lens, start: Placed): Facing | null {
  let now = start;
  let cost = sum(matches, lens, now);
  let damping = 1e-4;
  for (let round = 0; round < ROUNDS && Number.isFinite(cost); round += 1) {
    const { normal: jtj, gradient } = slopes(matches, lens, now);
    const damped = Float64Array.from(jtj);
    for (let i = 0; i < 6; i += 1) damped[i * 7] = (jtj[i * 7] ?? 0) * (1 + damping);
    const back = inverse(damped, 6);
    if (!back) return null;
    const step = times(back, gradient, 6).map((value) => -value);
    const next: Placed = { turn: product(about(step.slice(0, 3) as unknown as Vector), now.turn), at: plus(now.at, step.slice(3) as unknown as Vector) };
    const there = sum(matches, lens, next);
    if (there < cost) {
      const gain = cost - there;
      [now, cost, damping] = [next, there, Math.max(1e-9, damping / 10)];
      if (gain < SETTLED * cost) break;
    } else {
      damping *= 10;
      if (damping > 1e8) break;
    }
  }
  if (!Number.isFinite(cost)) return null;
  const covariance = inverse(slopes(matches, lens, now).normal, 6);
  if (!covariance) return null;
  const off = matches.map(({ at, px }) => apart(lens, now, at, px));
  return { placed: now, covariance, rms_px: Math.sqrt(dot(off, off) / off.length), ambiguous: false };
}

/** Derivatives of a point's pixel by turn and place of what carries it: two rows of six. `arm` is the point, turned only. */
export function slope(lens: Lens, [x, y, z]: Vector, arm: Vector): [number[], number[]] {
  const [a, b] = [x / z, y / z];
  const { bend, focal_px: f } = lens;
  const d = 1 + bend * (a * a + b * b);
  const [uu, uv, vv] = [f * (d + 2 * bend * a * a), f * 2 * bend * a * b, f * (d + 2 * bend * b * b)];
  const row = (ka: number, kb: number): number[] => {
    const by: Vector = [ka / z, kb / z, -(ka * a + kb * b) / z];
    return [...cross(arm, by), ...by]; // (w x arm) . by = w . (arm x by)
  };
  return [row(uu, uv), row(uv, vv)];
}

function slopes(matches: readonly Match[], lens: Lens, now: Placed): { normal: Float64Array; gradient: Float64Array } {
  const normal_ = new Float64Array(36);
  const gradient = new Float64Array(6);
  for (const { at, px } of matches) {
    const arm = turned(now.turn, at);
    const before = plus(arm, now.at);
    const [u, v] = seen(lens, before);
    const off = [u - px[0], v - px[1]] as const;
    const weight = Math.min(1, HUBER_PX / Math.max(1e-12, Math.hypot(...off)));
    slope(lens, before, arm).forEach((row, k) => {
      for (let i = 0; i < 6; i += 1) {
        const ji = weight * (row[i] ?? 0);
        gradient[i] = (gradient[i] ?? 0) + ji * (off[k] ?? 0);
        for (let j = 0; j < 6; j += 1) normal_[i * 6 + j] = (normal_[i * 6 + j] ?? 0) + ji * (row[j] ?? 0);
      }
    });
  }
  return { normal: normal_, gradient };
}

function apart(lens: Lens, now: Placed, at: Vector, px: Pixel): number {
  const before = moved(now, at);
  if (before[2] <= 1e-6) return Number.POSITIVE_INFINITY;
  const [u, v] = seen(lens, before);
  return Math.hypot(u - px[0], v - px[1]);
}

function sum(matches: readonly Match[], lens: Lens, now: Placed): number {
  return matches.reduce((all, { at, px }) => {
    const d = apart(lens, now, at, px);
    return all + (d <= HUBER_PX ? d * d : HUBER_PX * (2 * d - HUBER_PX));
  }, 0);
}

const normal = ({ turn }: Placed): Vector => [turn[2] ?? 0, turn[5] ?? 0, turn[8] ?? 0];

/** The same board, leaning the other way about the line of sight. */
function mirrored(now: Placed): Placed {
  const n = normal(now);
  const sight = scaled(now.at, 1 / length(now.at));
  const other = plus(scaled(sight, 2 * dot(n, sight)), scaled(n, -1));
  const axis = cross(n, other);
  const angle = Math.atan2(length(axis), dot(n, other));
  if (length(axis) < 1e-9) return now;
  return { turn: product(about(scaled(axis, angle / length(axis))), now.turn), at: now.at };
}

/** A first guess from the homography of the board's plane. */
function begin(matches: readonly Match[], lens: Lens): Placed | null {
  const h = homography(matches.map(({ at, px }) => [at, straight(lens, px)] as const));
  if (!h) return null;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, i = 0] = h;
  const [r1, r2, at]: [Vector, Vector, Vector] = [[a, d, g], [b, e, i], [c, f, 1]];
  const size = 2 / (length(r1) + length(r2));
  const x = scaled(r1, 1 / length(r1));
  const y0 = plus(r2, scaled(x, -dot(r2, x)));
  const y = scaled(y0, 1 / length(y0));
  const z = cross(x, y);
  return { turn: [x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]], at: scaled(at, size) };
}

/** The slopes (x / z, y / z) of a pixel's ray; the bend is taken out by a few rounds. */
function straight({ focal_px, centre_px, bend }: Lens, px: Pixel): Pixel {
  const [a, b] = [(px[0] - centre_px[0]) / focal_px, (px[1] - centre_px[1]) / focal_px];
  let [x, y] = [a, b];
  for (let i = 0; i < 4; i += 1) {
    const d = 1 + bend * (x * x + y * y);
    [x, y] = [a / d, b / d];
  }
  return [x, y];
}

/** The plane's homography, nine numbers of which the last is one: least squares over all points. Null where they are too few. */
export function homography(pairs: readonly (readonly [Vector, Pixel])[]): number[] | null {
  if (pairs.length < 4) return null;
  const half = Math.max(...pairs.map(([at]) => Math.hypot(at[0], at[1]))) || 1; // the board to about one, as pixels' slopes are
  const jtj = new Float64Array(64);
  const right = new Float64Array(8);
  for (const [at, [u, v]] of pairs) {
    const [x, y] = [at[0] / half, at[1] / half];
    for (const [row, value] of [
      [[x, y, 1, 0, 0, 0, -u * x, -u * y], u],
      [[0, 0, 0, x, y, 1, -v * x, -v * y], v],
    ] as const) {
      for (let i = 0; i < 8; i += 1) {
        right[i] = (right[i] ?? 0) + (row[i] ?? 0) * value;
        for (let j = 0; j < 8; j += 1) jtj[i * 8 + j] = (jtj[i * 8 + j] ?? 0) + (row[i] ?? 0) * (row[j] ?? 0);
      }
    }
  }
  const back = inverse(jtj, 8);
  if (!back) return null;
  const h = times(back, right, 8);
  return [0, 1, 3, 4, 6, 7].reduce((out, i) => ((out[i] = (out[i] ?? 0) / half), out), [...h, 1]);
}

/** Where a homography takes a point of the board's plane. */
export function through(h: readonly number[], [x, y]: Vector): Pixel {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, i = 0] = h;
  const w = g * x + i * y + 1;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}
