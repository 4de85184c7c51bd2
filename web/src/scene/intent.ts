/** What the robot is about to do or does: the swept way of its tool centre point, the end pose, and how far it is. */

import { CatmullRomCurve3, Group, Mesh, MeshBasicMaterial, RingGeometry, SphereGeometry, TubeGeometry } from "three";
import type { Intent as IntentView } from "../wire";
import type { Palette } from "./look";
import { free, put, vector } from "./pose";

const RADIUS_M = 0.0035;
const THROUGH = 0.35; // how much is seen of what the arm or a part hides

export class Intent {
  readonly object = new Group();
  private readonly bead: Mesh<SphereGeometry, MeshBasicMaterial>;
  private view: IntentView | null = null;
  private curve: CatmullRomCurve3 | null = null;

  constructor(private colours: Palette) {
    this.bead = new Mesh(new SphereGeometry(0.012, 20, 14), new MeshBasicMaterial({ color: colours.intent }));
    this.bead.userData.shared = true;
  }

  /** Where its label belongs; null where there is no motion to show. */
  get end(): IntentView["preview"][number] | null {
    return this.view?.preview.at(-1) ?? null;
  }

  set(view: IntentView | null): void {
    if (view?.motion === this.view?.motion && view?.proposed === this.view?.proposed) return;
    this.view = view;
    this.draw();
  }

  private draw(): void {
    const { view } = this;
    for (const child of [...this.object.children]) free(child);
    this.curve = null;
    const points = (view?.preview ?? []).map((pose) => vector(pose.p)).filter((p, i, all) => i === 0 || p.distanceTo(all[i - 1] ?? p) > 1e-4);
    const end = this.end;
    if (!view || !end || points.length < 2) return;
    this.curve = new CatmullRomCurve3(points, false, "centripetal");
    const material = new MeshBasicMaterial({ color: this.colours.intent, transparent: true, opacity: view.proposed ? 0.45 : 0.8 });
    const tube = new Mesh(new TubeGeometry(this.curve, Math.min(160, points.length * 6), RADIUS_M, 8), material);
    const goal = new Mesh(new RingGeometry(0.028, 0.034, 40), new MeshBasicMaterial({ color: this.colours.intent, side: 2 }));
    put(goal, end);
    this.object.add(tube, goal, this.bead);
    for (const shown of [tube, goal]) {
      const through = new Mesh(shown.geometry, new MeshBasicMaterial({ color: this.colours.intent, side: 2, transparent: true, opacity: THROUGH, depthTest: false, depthWrite: false }));
      through.position.copy(shown.position);
      through.quaternion.copy(shown.quaternion);
      this.object.add(through);
    }
  }

  /** Move the bead to where the motion should be at `server_s`; the result says whether it moves. */
  update(server_s: number, calm: boolean): boolean {
    const { view, curve } = this;
    if (!view || !curve) return false;
    const part = view.proposed ? 0 : Math.min(1, Math.max(0, (server_s - (view.begins_t ?? view.started_t)) / Math.max(0.1, view.duration_s)));
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
