/** What the robot is about to do or does: the way of its tool centre point to where it stands next, faintly what comes after, and how far it is. */

import { CatmullRomCurve3, Group, Mesh, MeshBasicMaterial, RingGeometry, SphereGeometry, TubeGeometry, type Vector3 } from "three";
import type { Intent as IntentView } from "../wire";
import type { Leg } from "./leg";
import type { Palette } from "./look";
import { free, put } from "./pose";

const RADIUS_M = 0.0045;
const LATER_RADIUS_M = 0.0018;
const LATER = 0.3; // how much is seen of what comes later
const THROUGH = 0.35; // how much is seen of what the arm or a part hides

export class Intent {
  readonly object = new Group();
  private readonly bead: Mesh<SphereGeometry, MeshBasicMaterial>;
  private view: IntentView | null = null;
  private leg: Leg = { now: [], later: [] };
  private curve: CatmullRomCurve3 | null = null;
  private share = 1; // of the way that it goes now

  constructor(private colours: Palette) {
    this.bead = new Mesh(new SphereGeometry(0.012, 20, 14), new MeshBasicMaterial({ color: colours.intent }));
    this.bead.userData.shared = true;
  }

  /** Where the arm stands next; null where there is no motion to show. */
  get end(): Vector3 | null {
    return this.view ? (this.leg.now.at(-1) ?? null) : null;
  }

  /** Where it stands after all that comes later; null where nothing does. */
  get last(): Vector3 | null {
    return this.view ? (this.leg.later.at(-1) ?? null) : null;
  }

  /** Show a motion, of whose way `leg` is next; or none. */
  set(view: IntentView | null, leg: () => Leg): void {
    if (view?.motion === this.view?.motion && view?.proposed === this.view?.proposed) return;
    this.view = view;
    this.leg = view ? leg() : { now: [], later: [] };
    this.draw();
  }

  private draw(): void {
    const { view, leg } = this;
    for (const child of [...this.object.children]) free(child);
    this.curve = curveOf(leg.now);
    const end = view?.preview.at(-1);
    if (!view || !end || !this.curve) return;
    const later = curveOf(leg.later);
    this.share = this.curve.getLength() / (this.curve.getLength() + (later?.getLength() ?? 0));
    if (later) this.object.add(new Mesh(tube(later, LATER_RADIUS_M), this.material(LATER)));
    const way = new Mesh(tube(this.curve, RADIUS_M), this.material(view.proposed ? 0.45 : 0.9));
    const goal = new Mesh(new RingGeometry(0.028, 0.034, 40), new MeshBasicMaterial({ color: this.colours.intent, side: 2 }));
    put(goal, end);
    goal.position.copy(this.end ?? goal.position);
    this.object.add(way, goal, this.bead);
    for (const shown of [way, goal]) {
      const through = new Mesh(shown.geometry, new MeshBasicMaterial({ color: this.colours.intent, side: 2, transparent: true, opacity: THROUGH, depthTest: false, depthWrite: false }));
      through.position.copy(shown.position);
      through.quaternion.copy(shown.quaternion);
      this.object.add(through);
    }
  }

  private material(opacity: number): MeshBasicMaterial {
    return new MeshBasicMaterial({ color: this.colours.intent, transparent: true, opacity });
  }

  /** Move the bead to where the motion should be at `server_s`; the result says whether it moves. */
  update(server_s: number, calm: boolean): boolean {
    const { view, curve, share } = this;
    if (!view || !curve) return false;
    const lasts_s = Math.max(0.1, view.duration_s * share);
    const part = view.proposed ? 0 : Math.min(1, Math.max(0, (server_s - (view.begins_t ?? view.started_t)) / lasts_s));
    this.bead.visible = !calm;
    if (!calm) this.bead.position.copy(curve.getPointAt(part));
    return !calm && part < 1 && !view.proposed;
  }

  recolour(colours: Palette): void {
    this.colours = colours;
    this.bead.material.color.copy(colours.intent);
    this.draw();
  }
}

/** A curve through points; null where there are not two apart from each other. */
function curveOf(points: readonly Vector3[]): CatmullRomCurve3 | null {
  const apart = points.filter((p, i, all) => i === 0 || p.distanceTo(all[i - 1] ?? p) > 1e-4);
  return apart.length < 2 ? null : new CatmullRomCurve3(apart, false, "centripetal");
}

const tube = (curve: CatmullRomCurve3, radius_m: number): TubeGeometry => new TubeGeometry(curve, Math.min(160, curve.points.length * 6), radius_m, 8);
