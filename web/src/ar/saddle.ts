/** Where exactly a corner of a chessboard is in a picture, to fractions of a pixel. */

import type { Pixel } from "./lens";

/** A grey picture, row by row. */
export interface Grey {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}

const ROUNDS = 12;
const SETTLED_PX = 0.005;
const MOST_PX = 0.6; // share of the radius that a corner may wander: farther it was another one
const LEAST_CONTRAST = 4; // grey values a pixel; flatter surroundings hold no corner

/**
 * The corner near `start`: the point towards which every edge around it runs, within `radius` pixels. Null where there is none.
 *
 * W. Förstner, E. Gülch, "A fast operator for detection and precise location of distinct points, corners and centres of
 * circular features", ISPRS 1987.
 */
export function saddle(grey: Grey, start: Pixel, radius: number): Pixel | null {
  let [x, y] = start;
  const reach = Math.ceil(radius);
  for (let round = 0; round < ROUNDS; round += 1) {
    let [a, b, c, p, q, weights] = [0, 0, 0, 0, 0, 0];
    const [cx, cy] = [Math.round(x), Math.round(y)];
    if (cx - reach < 1 || cy - reach < 1 || cx + reach >= grey.width - 1 || cy + reach >= grey.height - 1) return null;
    for (let v = cy - reach; v <= cy + reach; v += 1) {
      for (let u = cx - reach; u <= cx + reach; u += 1) {
        const d2 = (u - x) ** 2 + (v - y) ** 2;
        if (d2 > radius * radius) continue;
        const weight = Math.exp((-2 * d2) / (radius * radius));
        const at = v * grey.width + u;
        const value = (i: number): number => grey.data[i] ?? 0;
        const gx = (value(at + 1) - value(at - 1)) / 2;
        const gy = (value(at + grey.width) - value(at - grey.width)) / 2;
        const [xx, xy, yy] = [weight * gx * gx, weight * gx * gy, weight * gy * gy];
        a += xx;
        b += xy;
        c += yy;
        p += xx * u + xy * v;
        q += xy * u + yy * v;
        weights += weight;
      }
    }
    const det = a * c - b * b;
    // both eigenvalues must be there: along one edge alone a corner can't be placed
    if (!(det > 0) || det / (a + c) < weights * LEAST_CONTRAST) return null;
    const next: Pixel = [(c * p - b * q) / det, (a * q - b * p) / det];
    const step = Math.hypot(next[0] - x, next[1] - y);
    [x, y] = next;
    if (Math.hypot(x - start[0], y - start[1]) > MOST_PX * radius + 1) return null;
    if (step < SETTLED_PX) break;
  }
  return [x, y];
}
