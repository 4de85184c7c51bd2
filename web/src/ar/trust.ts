/** How far beside the real thing an overlay may be, where only a board in the picture says where the cell is. */

import type { Vector } from "../wire";
import { moved, turned, type Placed } from "./algebra";
import { settle, slope, type Facing, type Match } from "./facing";
import { seen, type Lens } from "./lens";

/** No smaller error is said: points of a cell, a glued board and a headset are not more exact, whatever the residual. */
export const LEAST_MM = 0.5;

/**
 * One sigma, metres across the line of sight, of where `point` (in the board's frame) is drawn. Two causes: corners scatter
 * by `sigma_px`, and the lens is not known exactly; the latter is found by trying the lens one sigma off.
 */
export function beside_m(point: Vector, facing: Facing, matches: readonly Match[], lens: Lens, sigma_px: number): number {
  const arm = turned(facing.placed.turn, point);
  const there = moved(facing.placed, point);
  const scatter = Math.max(sigma_px, facing.rms_px / Math.SQRT2);
  const [rowU, rowV] = slope(lens, there, arm);
  const variance = (row: number[]): number => {
    let sum = 0;
    for (let i = 0; i < 6; i += 1) for (let j = 0; j < 6; j += 1) sum += (row[i] ?? 0) * (facing.covariance[i * 6 + j] ?? 0) * (row[j] ?? 0);
    return sum * scatter * scatter;
  };
  let all = variance(rowU) + variance(rowV);
  const at = seen(lens, there);
  for (const other of aside(lens)) {
    const moving: Placed | undefined = settle(matches, other, facing.placed)?.placed;
    if (!moving) return Number.POSITIVE_INFINITY;
    const [u, v] = seen(other, moved(moving, point));
    all += (u - at[0]) ** 2 + (v - at[1]) ** 2;
  }
  return (Math.sqrt(all) * there[2]) / lens.focal_px;
}

/** The lens, each of its numbers one sigma off in turn. */
function aside(lens: Lens): Lens[] {
  const { focal, centre, bend } = lens.sigma;
  const [cx, cy] = lens.centre_px;
  return [
    { ...lens, focal_px: lens.focal_px * (1 + focal) },
    { ...lens, centre_px: [cx + centre * lens.width, cy] },
    { ...lens, centre_px: [cx, cy + centre * lens.width] },
    { ...lens, bend: lens.bend + bend },
  ];
}
