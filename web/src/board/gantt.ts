/** A lane as bars in time: what was done, what is under way and how it stands to its time, what comes next. Pure. */

import { worked } from "../common/worked";
import type { LaneView, Planned } from "../wire";
import type { Episode } from "./history";

const ON_TIME_S = 1; // a plan that is less behind goes on as planned

/**
 * `was`: over. `runs`: under way, up to now or to when it should have ended. `rest`: what its time still allows. `late`: what it took
 * beyond that. `planned`: not begun.
 */
export type Kind = "was" | "runs" | "rest" | "late" | "planned";

export interface Bar {
  readonly key: string;
  readonly kind: Kind;
  readonly unit: string;
  readonly step: string;
  readonly status: string; // of the step; "" where it has not begun
  readonly title: Readonly<Record<string, string>>;
  readonly from_t: number;
  readonly to_t: number;
}

/** How far the plan is behind (s): what should have begun by now has not, so everything that follows begins later. */
export function behind(lanes: Iterable<Pick<LaneView, "ahead">>, now_t: number): number {
  let late_s = 0;
  for (const { ahead } of lanes) for (const { from_t } of ahead) late_s = Math.max(late_s, now_t - from_t);
  return late_s;
}

/** In how long (s) what is planned begins; null where nobody can say: something holds up what should have begun before. */
export function until(bar: Pick<Bar, "from_t">, now_t: number, late_s: number): number | null {
  const wait_s = bar.from_t - now_t;
  return late_s < ON_TIME_S && wait_s >= 0.5 ? wait_s : null;
}

/** The bars of a lane's own episodes and of its plan, which is `late_s` behind. */
export function bars(
  lane: Pick<LaneView, "actor" | "unit" | "step" | "started_t" | "expected_s" | "paused_t" | "paused_s" | "ahead">,
  episodes: Iterable<Episode>,
  titleOf: (planned: Planned) => Readonly<Record<string, string>>,
  now_t: number,
  late_s: number,
): Bar[] {
  const out: Bar[] = [];
  for (const { key, actor, unit, step, status, title, from_t, to_t } of episodes) {
    if (actor !== lane.actor) continue;
    const bar = { key, unit, step, status, title, from_t: Math.min(from_t, now_t) }; // news may be ahead of the page's clock
    const timed = unit === lane.unit && step === lane.step && lane.started_t === from_t && lane.expected_s !== null;
    if (to_t !== null) out.push({ ...bar, kind: "was", to_t: Math.min(to_t, now_t) });
    else if (!timed || status !== "active") out.push({ ...bar, kind: "runs", to_t: now_t });
    else {
      const due_t = now_t + (lane.expected_s ?? 0) - worked(lane, from_t, now_t);
      out.push({ ...bar, kind: "runs", to_t: Math.min(now_t, Math.max(from_t, due_t)) });
      if (due_t > now_t) out.push({ ...bar, key: `${key} rest`, kind: "rest", from_t: now_t, to_t: due_t });
      else if (due_t < now_t) out.push({ ...bar, key: `${key} late`, kind: "late", from_t: Math.max(from_t, due_t), to_t: now_t });
    }
  }
  for (const planned of lane.ahead) {
    const { unit, step, from_t, to_t } = planned;
    out.push({ key: `planned ${unit} ${step}`, kind: "planned", unit, step, status: "", title: titleOf(planned), from_t: from_t + late_s, to_t: to_t + late_s });
  }
  return out;
}
