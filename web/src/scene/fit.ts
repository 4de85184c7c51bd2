/** How near the eye may come so that everything is in the picture, clear of the buttons that stand on it. */

import { Vector3 } from "three";

export interface Stand {
  eye: Vector3;
  target: Vector3;
}

/** What of the picture is free, from -1 to 1: buttons stand in its lower corner. */
const FREE = { left: -0.96, right: 0.96, bottom: -0.75, top: 0.98 };

/**
 * The nearest eye that looks against `from` and has all `points` in the free part of the picture; its target is beside
 * `centre`, so that one orbits about the work. Points and lengths in metres, the lens as `fov` (degrees, upright) and `aspect`.
 */
export function fit(from: Vector3, points: readonly Vector3[], { fov, aspect }: { fov: number; aspect: number }, centre: Vector3): Stand {
  const ahead = from.clone().normalize().negate();
  const right = ahead.clone().cross(new Vector3(0, 0, 1)).normalize();
  const up = right.clone().cross(ahead);
  const tall = Math.tan((fov * Math.PI) / 360);
  const sideways = span(points, right, ahead, FREE.left * tall * aspect, FREE.right * tall * aspect);
  const upright = span(points, up, ahead, FREE.bottom * tall, FREE.top * tall);
  const depth = Math.min(sideways.depth, upright.depth);
  const eye = right.clone().multiplyScalar(sideways.at(depth)).addScaledVector(up, upright.at(depth)).addScaledVector(ahead, depth);
  return { eye, target: eye.clone().addScaledVector(ahead, centre.clone().sub(eye).dot(ahead)) };
}

/**
 * Along one `side` of the picture, whose edges lie at `low` and `high` for each metre ahead: how far along `ahead` the eye may be at
 * most, and where along `side` it then is in the middle of what it may be.
 */
function span(points: readonly Vector3[], side: Vector3, ahead: Vector3, low: number, high: number): { depth: number; at: (depth: number) => number } {
  const most = Math.max(...points.map((p) => p.dot(side) - high * p.dot(ahead)));
  const least = Math.min(...points.map((p) => p.dot(side) - low * p.dot(ahead)));
  return { depth: (least - most) / (high - low), at: (depth) => (most + high * depth + least + low * depth) / 2 };
}
