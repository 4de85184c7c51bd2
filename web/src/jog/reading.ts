/** Where the arm is, for people: read from the pose stream ten times a second. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { poses } from "../cell";
import type { Pose, Vector } from "../wire";

export interface Reading {
  tcp: Pose;
  joints_rad: readonly number[];
  opening_m: number;
}

const PERIOD_MS = 100;

/** The newest reading, null while the stream is silent; kept up to date while the page that asks is shown. */
export const reading = signal<Reading | null>(null);

export function useReading(): void {
  useEffect(() => {
    const read = (): void => {
      const now = performance.now() / 1000;
      const tcp = poses.at("robot", "tcp", now);
      const robot = poses.robot;
      reading.value = tcp && robot && poses.freshness("robot", now) !== "lost" ? { tcp, ...robot } : null;
    };
    read();
    const timer = setInterval(read, PERIOD_MS);
    return () => clearInterval(timer);
  }, []);
}

/** Fixed-axis roll, pitch, yaw in radians, as in URDF. */
export function rpy({ q: [w, x, y, z] }: Pose): Vector {
  return [
    Math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
    Math.asin(Math.max(-1, Math.min(1, 2 * (w * y - z * x)))),
    Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
  ];
}
