/** The pose stream: latest poses by name, shown a little late so that there are always two to interpolate between. */

import type { Pose, PoseFrame, Vector, Quaternion } from "./wire";

const KEPT = 8; // samples per name
const STALE_S = 0.3;
const LOST_S = 1;

interface Sample {
  t: number;
  pose: Pose;
}

class Topic {
  readonly tracks = new Map<string, Sample[]>();
  interval_s = 1 / 30;
  last_t = Number.NEGATIVE_INFINITY;
  arrived = Number.NEGATIVE_INFINITY;
  joints_rad: readonly number[] = [];
  opening_m = 0;
  lag_s = Number.POSITIVE_INFINITY; // local arrival minus server stamp, smallest seen lately
}

export type Freshness = "live" | "stale" | "lost";

export class PoseStream {
  private readonly topics = new Map<string, Topic>();
  private readonly listeners = new Set<() => void>();

  /** Take in a frame that arrived at `now` (s, any steady clock). An empty frame says that everything stands still. */
  take(frame: PoseFrame, now: number): void {
    const topic = this.topics.get(frame.topic) ?? new Topic();
    this.topics.set(frame.topic, topic);
    const gap_s = frame.t - topic.last_t;
    if (gap_s <= 0) return; // late or doubled
    if (gap_s < 0.5) topic.interval_s += 0.1 * (gap_s - topic.interval_s);
    else topic.lag_s = Number.POSITIVE_INFINITY;
    topic.lag_s = Math.min(topic.lag_s + 0.001, now - frame.t);
    const before_t = Math.max(topic.last_t, frame.t - topic.interval_s * 2);
    topic.last_t = frame.t;
    topic.arrived = now;
    if (frame.joints_rad?.length) {
      topic.joints_rad = frame.joints_rad;
      topic.opening_m = frame.opening_m ?? 0;
    }
    for (const [name, pose] of Object.entries(frame.poses)) {
      const track = topic.tracks.get(name) ?? [];
      topic.tracks.set(name, track);
      const last = track.at(-1);
      // it stood still until just now: without this the first move would be stretched over the whole rest
      if (last && last.t < before_t) track.push({ t: before_t, pose: last.pose });
      track.push({ t: frame.t, pose });
      if (track.length > KEPT) track.splice(0, track.length - KEPT);
    }
    if (Object.keys(frame.poses).length > 0) for (const listener of this.listeners) listener();
  }

  /** Where `name` is at `now`, about 1.5 intervals behind; null where it was never seen. */
  at(topicName: string, name: string, now: number): Pose | null {
    const topic = this.topics.get(topicName);
    const track = topic?.tracks.get(name);
    if (!topic || !track) return null;
    const t = now - topic.lag_s - 1.5 * topic.interval_s;
    let later = track.length - 1;
    while (later > 0 && (track[later - 1]?.t ?? 0) >= t) later -= 1;
    const b = track[later];
    const a = track[later - 1];
    if (!b) return null;
    if (!a || t >= b.t) return b.pose;
    return between(a.pose, b.pose, Math.max(0, (t - a.t) / (b.t - a.t)));
  }

  /** Whether the newest sample of `name` has not been reached yet, so that the picture still changes. */
  moving(topicName: string, now: number): boolean {
    const topic = this.topics.get(topicName);
    if (!topic) return false;
    const t = now - topic.lag_s - 1.5 * topic.interval_s;
    return [...topic.tracks.values()].some((track) => (track.at(-1)?.t ?? t) > t - topic.interval_s);
  }

  /** The robot's joints and fingers, as last heard; null before that. */
  get robot(): { joints_rad: readonly number[]; opening_m: number } | null {
    const topic = this.topics.get("robot");
    return topic && topic.joints_rad.length > 0 ? { joints_rad: topic.joints_rad, opening_m: topic.opening_m } : null;
  }

  names(topicName: string): Iterable<string> {
    return this.topics.get(topicName)?.tracks.keys() ?? [];
  }

  /** How far the stream can be believed at `now`. */
  freshness(topicName: string, now: number): Freshness {
    const age_s = now - (this.topics.get(topicName)?.arrived ?? Number.NEGATIVE_INFINITY);
    return age_s > LOST_S ? "lost" : age_s > STALE_S ? "stale" : "live";
  }

  /** Call `listener` at each frame in which something moved; the result ends it. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Forget everything, at a new epoch. */
  clear(): void {
    this.topics.clear();
  }
}

/** Interpolate: positions linearly, rotations along the shorter arc (normalised linear, exact enough over 50 ms). */
export function between(a: Pose, b: Pose, part: number): Pose {
  const sign = a.q.reduce((sum, value, i) => sum + value * (b.q[i] ?? 0), 0) < 0 ? -1 : 1;
  const mix = (x: number, y: number): number => x + (y - x) * part;
  const p = a.p.map((value, i) => mix(value, b.p[i] ?? 0)) as Vector;
  const q = a.q.map((value, i) => mix(value, sign * (b.q[i] ?? 0))) as Quaternion;
  const length = Math.hypot(...q) || 1;
  return { p, q: q.map((value) => value / length) as Quaternion };
}
