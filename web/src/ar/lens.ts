/** A camera's lens: square pixels, one term of radial distortion. Pixel centres are whole numbers. */

import type { Vector } from "../wire";

export type Pixel = readonly [number, number];

export interface Lens {
  width: number;
  height: number;
  focal_px: number;
  centre_px: Pixel;
  /** How much a ray's slope r is bent: r (1 + bend r²). */
  bend: number;
  /** One sigma of focal length (share), centre (share of the width) and bend, each apart from the others. */
  sigma: { focal: number; centre: number; bend: number };
  /** Whether somebody has measured it; else it is assumed. */
  measured: boolean;
}

// Rear cameras of tablets see 55 to 70 degrees across in video; the middle of that, and what it leaves open.
const ASSUMED_VIEW_RAD = (62 * Math.PI) / 180;
const ASSUMED_SIGMA = { focal: 0.08, centre: 0.01, bend: 0.06 };

/** What is assumed of a camera that nobody has measured. */
export function assumed(width: number, height: number): Lens {
  const long = Math.max(width, height); // held upright, a tablet's picture is turned, not its lens
  return {
    width,
    height,
    focal_px: long / 2 / Math.tan(ASSUMED_VIEW_RAD / 2),
    centre_px: [(width - 1) / 2, (height - 1) / 2],
    bend: 0,
    sigma: ASSUMED_SIGMA,
    measured: false,
  };
}

/** Where a point before the camera (z forward, x right, y down; metres) is in the picture. */
export function seen({ focal_px, centre_px, bend }: Lens, [x, y, z]: Vector): Pixel {
  const [a, b] = [x / z, y / z];
  const d = focal_px * (1 + bend * (a * a + b * b));
  return [centre_px[0] + d * a, centre_px[1] + d * b];
}

/** The projection that a lens without its bend draws with, column by column as WebGL wants it; the eye looks along -z. */
export function projection({ width, height, focal_px, centre_px }: Lens, near_m: number, far_m: number): number[] {
  const [cx, cy] = [centre_px[0] + 0.5, centre_px[1] + 0.5];
  return [
    (2 * focal_px) / width, 0, 0, 0,
    0, (2 * focal_px) / height, 0, 0,
    1 - (2 * cx) / width, (2 * cy) / height - 1, (far_m + near_m) / (near_m - far_m), -1,
    0, 0, (2 * far_m * near_m) / (near_m - far_m), 0,
  ];
}
