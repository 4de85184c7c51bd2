/** Follows a board from picture to picture: where the camera is, what its lens is, and whether that is exact enough to draw by. */

import type { Vector } from "../wire";
import { average } from "./average";
import { between, distance, type Placed } from "./algebra";
import { face, type Facing, type Match } from "./facing";
import { measure } from "./intrinsics";
import type { Lens } from "./lens";
import type { Sight } from "./sight";
import { beside_m } from "./trust";

export type Seen =
  | "good"
  | "looking" // no board in the picture
  | "off"; // seen, but not exactly enough

/** Views from which a lens is measured. */
export const VIEWS = 8;
const LEAST_LEAN_RAD = 0.2; // a board seen square on tells nothing of the focal length
const APART_RAD = 0.14;
const APART_M = 0.12;
const POOR_PX = 0.8;
const GONE_S = 0.5;
const STILL_M = 0.004;
const STILL_RAD = 0.006;
const KEPT = 10; // poses of a camera that stands still are averaged
const SIGMA_PX = 0.12;
const ENOUGH = 0.006; // one sigma of the focal length, as a share
const MOST_PX = 0.5; // a lens that fits worse is of a camera that changed meanwhile

export class Tracker {
  private readonly views: { matches: readonly Match[]; facing: Facing }[] = [];
  private recent: Placed[] = [];
  private last: { facing: Facing; sight: Sight; at_s: number } | null = null;

  constructor(
    public lens: Lens,
    private readonly limit_m: number,
  ) {}

  /** How many views of the lens are taken; null once it is measured. */
  get taken(): number | null {
    return this.lens.measured ? null : this.views.length;
  }

  /** The board in the camera's frame, averaged while the camera stands still; null where it is not seen. */
  placed(now_s: number): Placed | null {
    if (!this.last || now_s - this.last.at_s > GONE_S) return null;
    return average(this.recent)?.placed ?? this.last.facing.placed;
  }

  /** Take in what a picture shows. True where the lens has just been measured. */
  see(sight: Sight | null, now_s: number): boolean {
    const facing = sight && face(sight.matches, this.lens);
    if (!sight || !facing || facing.ambiguous) return false;
    const { placed } = facing;
    const before = this.recent.at(-1);
    const still = before && this.last && now_s - this.last.at_s < GONE_S && distance(before.at, placed.at) < STILL_M && between(before.turn, placed.turn) < STILL_RAD;
    this.recent = still ? [...this.recent, placed].slice(-KEPT) : [placed];
    this.last = { facing, sight, at_s: now_s };
    return !this.lens.measured && this.collect(sight, facing);
  }

  /** Whether something may be drawn at `point` (m, the board's frame), and how far beside it may then be. */
  judge(point: Vector, now_s: number): { seen: Seen; off_m: number | null } {
    const { last } = this;
    if (!last || this.placed(now_s) === null) return { seen: "looking", off_m: null };
    const off_m = beside_m(point, last.facing, last.sight.matches, this.lens, last.sight.sigma_px);
    return { seen: off_m <= this.limit_m ? "good" : "off", off_m };
  }

  /** Measure the lens anew: it was another camera's, or its focus has changed. */
  forget(lens: Lens): void {
    this.lens = lens;
    this.views.length = 0;
    this.recent = [];
    this.last = null;
  }

  private collect(sight: Sight, facing: Facing): boolean {
    const { placed } = facing;
    const lean = Math.acos(Math.min(1, Math.abs(placed.turn[8] ?? 1)));
    const other = this.views.every(({ facing: { placed: one } }) => between(one.turn, placed.turn) > APART_RAD || distance(one.at, placed.at) > APART_M);
    if (sight.sigma_px > SIGMA_PX || lean < LEAST_LEAN_RAD || facing.rms_px > POOR_PX || !other) return false;
    this.views.push({ matches: sight.matches, facing });
    if (this.views.length < VIEWS) return false;
    const found = measure(
      this.views.map(({ matches }) => matches),
      this.lens,
      SIGMA_PX,
    );
    if (found && found.rms_px < MOST_PX && found.lens.sigma.focal < ENOUGH) {
      this.lens = found.lens;
      return true;
    }
    this.views.shift(); // go on with newer ones
    return false;
  }
}
