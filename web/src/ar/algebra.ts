/** The linear algebra that registration needs: small symmetric systems, and rotations as matrices of nine, row by row. */

import type { Pose, Vector } from "../wire";

/** A rotation, row by row. */
export type Turn = readonly number[];

/** Where a frame lies in another: `x` becomes `turn x + at`, metres. */
export interface Placed {
  turn: Turn;
  at: Vector;
}

const SWEEPS = 40;
const TINY = 1e-14;

/** Eigenvalues, ascending, and their vectors, of a symmetric matrix (Jacobi's rotations). */
export function eigen(symmetric: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const n = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const v = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  const at = (m: number[][], i: number, j: number): number => m[i]?.[j] ?? 0;
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    let off = 0;
    for (let p = 0; p < n; p += 1) {
      for (let q = p + 1; q < n; q += 1) {
        const apq = at(a, p, q);
        off += apq * apq;
        if (Math.abs(apq) < 1e-300) continue;
        const theta = (at(a, q, q) - at(a, p, p)) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k += 1) turn2(a, k, p, k, q, c, s);
        for (let k = 0; k < n; k += 1) turn2(a, p, k, q, k, c, s);
        for (let k = 0; k < n; k += 1) turn2(v, k, p, k, q, c, s);
      }
    }
    if (off < TINY * TINY) break;
  }
  const order = a.map((_, i) => i).sort((i, j) => at(a, i, i) - at(a, j, j));
  return { values: order.map((i) => at(a, i, i)), vectors: order.map((i) => v.map((row) => row[i] ?? 0)) };
}

function turn2(m: number[][], i: number, j: number, k: number, l: number, c: number, s: number): void {
  const [one, other] = [m[i], m[k]];
  if (!one || !other) return;
  const [x, y] = [one[j] ?? 0, other[l] ?? 0];
  one[j] = c * x - s * y;
  other[l] = s * x + c * y;
}

/** The inverse of a symmetric positive matrix, n x n row by row (Cholesky); null where it is not positive. */
export function inverse(matrix: Float64Array, n: number): Float64Array | null {
  const low = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i * n + j] ?? 0;
      for (let k = 0; k < j; k += 1) sum -= (low[i * n + k] ?? 0) * (low[j * n + k] ?? 0);
      if (i === j) {
        if (!(sum > 0)) return null;
        low[i * n + i] = Math.sqrt(sum);
      } else low[i * n + j] = sum / (low[j * n + j] ?? 1);
    }
  }
  const out = new Float64Array(n * n);
  const column = new Float64Array(n);
  for (let c = 0; c < n; c += 1) {
    for (let i = 0; i < n; i += 1) {
      let sum = i === c ? 1 : 0;
      for (let k = 0; k < i; k += 1) sum -= (low[i * n + k] ?? 0) * (column[k] ?? 0);
      column[i] = sum / (low[i * n + i] ?? 1);
    }
    for (let i = n - 1; i >= 0; i -= 1) {
      let sum = column[i] ?? 0;
      for (let k = i + 1; k < n; k += 1) sum -= (low[k * n + i] ?? 0) * (column[k] ?? 0);
      column[i] = sum / (low[i * n + i] ?? 1);
    }
    for (let i = 0; i < n; i += 1) out[i * n + c] = column[i] ?? 0;
  }
  return out;
}

export const times = (matrix: Float64Array, vector: ArrayLike<number>, n: number): number[] =>
  Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j += 1) sum += (matrix[i * n + j] ?? 0) * (vector[j] ?? 0);
    return sum;
  });

export const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
export const plus = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scaled = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];
export const cross = (a: Vector, b: Vector): Vector => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const length = (a: Vector): number => Math.hypot(...a);
export const distance = (a: Vector, b: Vector): number => length(minus(a, b));
export const mean = (points: readonly Vector[]): Vector => scaled(points.reduce(plus, [0, 0, 0]), 1 / Math.max(1, points.length));

/** The middle of some numbers; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[half] ?? Number.NaN) : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2;
}

export function turned(turn: Turn, [x, y, z]: Vector): Vector {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, g = 0, h = 0, i = 1] = turn;
  return [a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z];
}

export const moved = ({ turn, at }: Placed, point: Vector): Vector => plus(turned(turn, point), at);

export const transposed = (turn: Turn): Turn => [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => turn[i] ?? 0);

/** First `b`, then `a`. */
export function product(a: Turn, b: Turn): Turn {
  const columns = [0, 1, 2].map((j) => turned(a, [b[j] ?? 0, b[3 + j] ?? 0, b[6 + j] ?? 0]));
  return [0, 1, 2].flatMap((i) => columns.map((column) => column[i] ?? 0));
}

export const chained = (a: Placed, b: Placed): Placed => ({ turn: product(a.turn, b.turn), at: moved(a, b.at) });

export function undone({ turn, at }: Placed): Placed {
  const back = transposed(turn);
  return { turn: back, at: scaled(turned(back, at), -1) };
}

/** The turn about `axis` by its length in radians (Rodrigues). */
export function about(axis: Vector): Turn {
  const angle = length(axis);
  if (angle < 1e-12) return [1, -axis[2], axis[1], axis[2], 1, -axis[0], -axis[1], axis[0], 1];
  const [x, y, z] = scaled(axis, 1 / angle);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const k = 1 - c;
  return [c + x * x * k, x * y * k - z * s, x * z * k + y * s, y * x * k + z * s, c + y * y * k, y * z * k - x * s, z * x * k - y * s, z * y * k + x * s, c + z * z * k];
}

/** By how much two turns differ, radians. */
export function between(a: Turn, b: Turn): number {
  const apart = Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0)); // 2 sqrt 2 sin(angle / 2)
  return 2 * Math.asin(Math.min(1, apart / Math.sqrt(8)));
}

/** From a unit quaternion, w first. */
export function fromQuaternion([w, x, y, z]: readonly [number, number, number, number]): Turn {
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
  ];
}

/** The unit quaternion of a turn, w first: the eigenvector of Bar-Itzhack (2000), right for every angle. */
export function toQuaternion(turn: Turn): [number, number, number, number] {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, g = 0, h = 0, i = 1] = turn;
  const { vectors } = eigen([
    [a + e + i, h - f, c - g, d - b],
    [h - f, a - e - i, b + d, c + g],
    [c - g, b + d, e - a - i, f + h],
    [d - b, c + g, f + h, i - a - e],
  ]);
  const [w = 1, x = 0, y = 0, z = 0] = vectors[3] ?? [];
  return w < 0 ? [-w, -x, -y, -z] : [w, x, y, z];
}

export const placed = ({ p, q }: Pose): Placed => ({ turn: fromQuaternion(q), at: p });
export const pose = ({ turn, at }: Placed): Pose => ({ p: at, q: toQuaternion(turn) });
