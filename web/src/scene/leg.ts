/** Which stretch of a plan's way the arm goes next: the plan shows the whole of it, with every stop. */

import { Matrix4, Vector3 } from "three";
import type { Intent, LinkView, Pose } from "../wire";
import { rotation, vector } from "./pose";

const ALIKE_M = 0.005; // ends that fit so much worse fit as well: then the shorter stretch is meant
const NEAR_M = 0.05; // an end that is farther from the way is not on it

export interface Leg {
  /** Where it goes now, with its ends. */
  now: Vector3[];
  /** Where it goes on afterwards, beginning at the end of that; empty where that is all. */
  later: Vector3[];
}

/** Split a way where the arm stands next. `from` is where it is, `to` where it will stand; where that is not known all of it is next. */
export function legOf(preview: readonly Pose[], from: Vector3 | null, to: Vector3 | null): Leg {
  const way = preview.map(({ p }) => vector(p));
  const whole = { now: way, later: [] };
  if (!from || !to || way.length < 2) return whole;
  let best = { cost: Number.POSITIVE_INFINITY, i: 0, j: way.length - 1 };
  way.forEach((start, i) => {
    for (let j = i + 1; j < way.length; j += 1) {
      const cost = start.distanceTo(from) + (way[j]?.distanceTo(to) ?? 0);
      if (cost < best.cost - ALIKE_M || (cost < best.cost + ALIKE_M && j - i < best.j - best.i)) best = { cost, i, j };
    }
  });
  const { i, j } = best;
  if ((way[j]?.distanceTo(to) ?? Number.POSITIVE_INFINITY) > NEAR_M) return whole;
  const later = way.slice(j + 1);
  return { now: [from, ...way.slice(i + 1, j), to], later: later.length > 0 ? [to, ...later] : [] };
}

/** Where the tool's tip is when a motion has ended: held as it is held now by the link that carries it; null where that is not known. */
export function tipAtEnd({ end }: Intent, views: readonly LinkView[], now: (name: string) => Pose | null): Vector3 | null {
  const carrier = views.findLastIndex(({ bodies }) => bodies.length > 0 && bodies.every(({ role }) => role !== "finger"));
  const [tip, held, then] = [now("tcp"), now(views[carrier]?.name ?? ""), end.length === views.length ? end[carrier] : undefined];
  if (!tip || !held || !then) return null;
  return vector(tip.p).applyMatrix4(matrix(held).invert()).applyMatrix4(matrix(then));
}

const matrix = ({ p, q }: Pose): Matrix4 => new Matrix4().compose(vector(p), rotation(q), new Vector3(1, 1, 1));
