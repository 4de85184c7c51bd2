/** What a camera's lens is, from several pictures of a board: focal length, centre and bend together with each picture's pose. */

import type { Vector } from "../wire";
import { about, inverse, moved, plus, product, times, turned, type Placed } from "./algebra";
import { face, slope, type Match } from "./facing";
import { seen, type Lens } from "./lens";

const ROUNDS = 40;
const LEAST_VIEWS = 5;
const OWN = 4; // focal length (share), centre (shares of the width), bend
/** What is known before: without it a few pictures could say anything of centre and bend. */
const BEFORE = { focal: 0.5, centre: 0.01, bend: 0.06 };
const SETTLED = 1e-9;

export interface Measured {
  lens: Lens;
  rms_px: number;
}

/**
 * The lens with which all views fit best; null where they are too few or fit none. Leaning views tell the focal length,
 * square ones don't (Z. Zhang, "A flexible new technique for camera calibration", IEEE Trans. PAMI 22, 2000); its sigma
 * says how well these did, for corners that scatter by `sigma_px`.
 */
export function measure(views: readonly (readonly Match[])[], start: Lens, sigma_px: number): Measured | null {
  if (views.length < LEAST_VIEWS) return null;
  let lens: Lens = { ...start, bend: 0 };
  let poses: Placed[] = [];
  for (const matches of views) {
    const found = face(matches, lens);
    if (!found) return null;
    poses.push(found.placed);
  }
  const n = OWN + 6 * views.length;
  let damping = 1e-3;
  let cost = total(views, lens, poses, start, sigma_px);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { jtj, gradient } = slopes(views, lens, poses, start, sigma_px);
    const damped = Float64Array.from(jtj);
    for (let i = 0; i < n; i += 1) damped[i * n + i] = (jtj[i * n + i] ?? 0) * (1 + damping);
    const back = inverse(damped, n);
    if (!back) return null;
    const step = times(back, gradient, n).map((value) => -value);
    const nextLens = stepped(lens, step);
    const nextPoses = poses.map((pose, k): Placed => {
      const at = OWN + 6 * k;
      return { turn: product(about(step.slice(at, at + 3) as unknown as Vector), pose.turn), at: plus(pose.at, step.slice(at + 3, at + 6) as unknown as Vector) };
    });
    const there = total(views, nextLens, nextPoses, start, sigma_px);
    if (there < cost) {
      const gain = cost - there;
      [lens, poses, cost, damping] = [nextLens, nextPoses, there, Math.max(1e-9, damping / 10)];
      if (gain < SETTLED * cost) break;
    } else {
      damping *= 10;
      if (damping > 1e9) break;
    }
  }
  const covariance = inverse(slopes(views, lens, poses, start, sigma_px).jtj, n);
  if (!covariance) return null;
  const count = views.reduce((all, view) => all + view.length, 0);
  const rms_px = Math.sqrt(squares(views, lens, poses) / count);
  const worse = Math.max(1, rms_px / (sigma_px * Math.SQRT2)); // corners that scatter more than was thought
  const sigma = (i: number): number => worse * Math.sqrt(covariance[i * n + i] ?? 0);
  return { lens: { ...lens, measured: true, sigma: { focal: sigma(0), centre: Math.max(sigma(1), sigma(2)), bend: sigma(3) } }, rms_px };
}

function stepped(lens: Lens, [focal = 0, x = 0, y = 0, bend = 0]: number[]): Lens {
  const [cx, cy] = lens.centre_px;
  return { ...lens, focal_px: lens.focal_px * Math.exp(focal), centre_px: [cx + x * lens.width, cy + y * lens.width], bend: lens.bend + bend };
}

/** How far the lens is from what was known before, in sigmas, with the derivatives by its own numbers. */
function before(lens: Lens, start: Lens): [number, number, number][] {
  return [
    [0, Math.log(lens.focal_px / start.focal_px) / BEFORE.focal, 1 / BEFORE.focal],
    [1, (lens.centre_px[0] - start.centre_px[0]) / lens.width / BEFORE.centre, 1 / BEFORE.centre],
    [2, (lens.centre_px[1] - start.centre_px[1]) / lens.width / BEFORE.centre, 1 / BEFORE.centre],
    [3, lens.bend / BEFORE.bend, 1 / BEFORE.bend],
  ];
}

function squares(views: readonly (readonly Match[])[], lens: Lens, poses: readonly Placed[]): number {
  let sum = 0;
  views.forEach((view, k) => {
    const pose = poses[k];
    if (!pose) return;
    for (const { at, px } of view) {
      const point = moved(pose, at);
      if (point[2] <= 1e-6) sum = Number.POSITIVE_INFINITY;
      const [u, v] = seen(lens, point);
      sum += (u - px[0]) ** 2 + (v - px[1]) ** 2;
    }
  });
  return sum;
}

const total = (views: readonly (readonly Match[])[], lens: Lens, poses: readonly Placed[], start: Lens, sigma_px: number): number =>
  squares(views, lens, poses) / sigma_px ** 2 + before(lens, start).reduce((sum, [, off]) => sum + off * off, 0);

function slopes(views: readonly (readonly Match[])[], lens: Lens, poses: readonly Placed[], start: Lens, sigma_px: number): { jtj: Float64Array; gradient: Float64Array } {
  const n = OWN + 6 * views.length;
  const jtj = new Float64Array(n * n);
  const gradient = new Float64Array(n);
  views.forEach((view, k) => {
    const pose = poses[k];
    if (!pose) return;
    for (const { at, px } of view) {
      const arm = turned(pose.turn, at);
      const point = plus(arm, pose.at);
      const [u, v] = seen(lens, point);
      const [a, b] = [point[0] / point[2], point[1] / point[2]];
      const r2 = a * a + b * b;
      const own = [
        [u - lens.centre_px[0], lens.width, 0, lens.focal_px * a * r2],
        [v - lens.centre_px[1], 0, lens.width, lens.focal_px * b * r2],
      ];
      slope(lens, point, arm).forEach((pos, row) => {
        const values = [...(own[row] ?? []), ...pos];
        const index = (i: number): number => (i < OWN ? i : OWN + 6 * k + i - OWN);
        const off = ((row === 0 ? u : v) - (px[row] ?? 0)) / sigma_px ** 2;
        values.forEach((value, i) => {
          gradient[index(i)] = (gradient[index(i)] ?? 0) + value * off;
          values.forEach((other, j) => {
            jtj[index(i) * n + index(j)] = (jtj[index(i) * n + index(j)] ?? 0) + (value * other) / sigma_px ** 2;
          });
        });
      });
    }
  });
  for (const [i, off, by] of before(lens, start)) {
    gradient[i] = (gradient[i] ?? 0) + off * by;
    jtj[i * n + i] = (jtj[i * n + i] ?? 0) + by * by;
  }
  return { jtj, gradient };
}
