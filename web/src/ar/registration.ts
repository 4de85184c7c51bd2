/** Whether this device knows where the real cell is, how exactly and since when: from points of it that a person touches. */

import type { Pose, RegistrationView, Vector } from "../wire";
import { average } from "./average";
import { distance, moved, pose, type Placed } from "./algebra";
import { expected_m, fit } from "./rigid";

/** Why overlays are drawn onto the cell, or not. */
export type Standing =
  | "good"
  | "unknown" // nobody has touched the points yet
  | "unchecked" // known from before: one point must be touched first
  | "moved" // that point was not where it should be
  | "off" // known, but not exactly enough
  | "old"; // too long ago

export interface Judgement {
  standing: Standing;
  /** How far off an overlay is to be expected there, metres; null where nothing is known. */
  off_m: number | null;
  age_s: number | null;
}

/** What is kept for another day. The place is in the space of an anchor that the device finds again. */
export interface Kept {
  cell: string;
  placed: Pose;
  residual_m: number;
  /** 0 where all points were touched; absent in what was kept by versions that knew nothing else. */
  least_m?: number;
  made_t: number;
  from: Vector[];
}

interface Known {
  /** The cell's frame in the device's space. */
  placed: Placed;
  residual_m: number;
  /** What every point may be beside the real one in the same way, metres: no residual shows it. */
  least_m: number;
  made_t: number;
  from: readonly Vector[];
}

const LEAST = 3;
const SAME_M = 1e-4;
const STILL_M = 0.004; // samples of one touch that scatter more are of a hand that moved

export class Registration {
  private readonly touched = new Map<string, Vector>();
  private readonly passed = new Set<string>();
  private turn = 0; // which point a kept place is checked by
  private known: Known | null = null;
  private checked = false;
  private astray_m: number | null = null;
  private least_m = 0; // of the points touched so far

  constructor(
    private readonly cell: string,
    private readonly rules: RegistrationView,
  ) {}

  /** The names of the points, in the order in which they are asked for. */
  get points(): readonly string[] {
    return Object.keys(this.rules.touch);
  }

  /** What to touch next: a point not yet touched, or the one to check by; null where nothing is asked. */
  get wanted(): string | null {
    if (this.known) return this.checked ? null : (this.points[this.turn % this.points.length] ?? null);
    return this.points.find((name) => !this.touched.has(name) && !this.passed.has(name)) ?? null;
  }

  /** How many points are touched, of how many. */
  get progress(): readonly [number, number] {
    return [this.touched.size, this.points.length - this.passed.size];
  }

  /** The cell's frame in the device's space, as far as it may be drawn by; null before all points are touched. */
  get placed(): Placed | null {
    return this.known?.placed ?? null;
  }

  get residual_m(): number | null {
    return this.known?.residual_m ?? null;
  }

  /**
   * A point was touched, seen at these places (m, device's space), all of which may be `least_m` beside it. False where the
   * hand moved: then it is to be touched again.
   */
  touch(name: string, samples: readonly Vector[], now_t: number, least_m = 0): boolean {
    const still = average(samples.map((at) => ({ turn: [1, 0, 0, 0, 1, 0, 0, 0, 1], at })));
    const real = this.rules.touch[name];
    if (!real || !still || still.scatter_m > STILL_M) return false;
    if (this.known) {
      this.known = { ...this.known, least_m: Math.max(this.known.least_m, least_m) };
      this.check(moved(this.known.placed, real), still.placed.at);
      return true;
    }
    this.least_m = Math.max(this.least_m, least_m);
    this.touched.set(name, still.placed.at);
    return this.wanted !== null || this.find(now_t);
  }

  /** Leave out the point that is asked for, as something stands on it. False where too few would be left. */
  pass(): boolean {
    if (this.known) {
      this.turn += 1;
      return true;
    }
    const name = this.wanted;
    if (name === null || this.points.length - this.passed.size <= LEAST) return false;
    this.passed.add(name);
    return true;
  }

  private find(now_t: number): boolean {
    const names = [...this.touched.keys()];
    const from = names.map((one): Vector => this.rules.touch[one] ?? [0, 0, 0]);
    const found = fit(from, [...this.touched.values()]);
    if (!found) return this.begin(), false;
    this.known = { placed: found.placed, residual_m: found.residual_m, least_m: this.least_m, made_t: now_t, from };
    this.checked = true;
    this.astray_m = null;
    return true;
  }

  /** Forget it: touch all points anew. */
  begin(): void {
    this.touched.clear();
    this.passed.clear();
    this.turn = 0;
    this.least_m = 0;
    this.known = null;
    this.checked = false;
    this.astray_m = null;
  }

  /** Follow the device's own space where it moves: the anchor says where the cell is now. */
  follow(now: Placed): void {
    if (this.known) this.known = { ...this.known, placed: now };
  }

  /** What to keep, with the cell's place in an anchor's space; null where nothing counts. */
  keep(anchored: Placed): Kept | null {
    const { known } = this;
    if (!known || !this.checked) return null;
    return { cell: this.cell, placed: pose(anchored), residual_m: known.residual_m, least_m: known.least_m, made_t: known.made_t, from: [...known.from] };
  }

  /** Take up what was kept, at `placed` in the device's space: it counts once a point is touched. False where it is of other points. */
  restore(kept: Kept, at: Placed): boolean {
    const points = Object.values(this.rules.touch);
    const same = kept.from.every((p) => points.some((q) => distance(p, q) < SAME_M));
    if (kept.cell !== this.cell || !same || kept.from.length < LEAST) return false;
    this.begin();
    this.known = { placed: at, residual_m: kept.residual_m, least_m: kept.least_m ?? 0, made_t: kept.made_t, from: kept.from };
    return true;
  }

  /** Whether overlays may be drawn at `goal` (m, the cell's frame). */
  judge(goal: Vector | null, now_t: number): Judgement {
    const { known } = this;
    if (!known) return { standing: "unknown", off_m: null, age_s: null };
    const fitted_m = expected_m({ placed: known.placed, off_m: [], residual_m: known.residual_m, from: known.from }, goal ?? known.from[0] ?? [0, 0, 0]);
    const off_m = Math.max(fitted_m, known.least_m);
    const age_s = Math.max(0, now_t - known.made_t);
    const judged = (standing: Standing, off = off_m): Judgement => ({ standing, off_m: off, age_s });
    if (!this.checked) return this.astray_m === null ? judged("unchecked") : judged("moved", this.astray_m);
    if (age_s > this.rules.max_age_s) return judged("old");
    return judged(off_m > this.rules.max_off_m ? "off" : "good");
  }

  private check(expected: Vector, found: Vector): void {
    const astray_m = distance(expected, found);
    this.checked = astray_m <= this.rules.max_off_m;
    this.astray_m = this.checked ? null : astray_m;
  }
}
