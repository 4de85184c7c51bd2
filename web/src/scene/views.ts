/** Where the eye is: preset views, and a calm way between them. */

import { Vector3, type PerspectiveCamera } from "three";
import type { OrbitControls } from "three/addons/controls/OrbitControls.js";
import type { SceneView } from "../wire";
import { fit, type Stand } from "./fit";
import { rotation, vector } from "./pose";

export const VIEWS = ["worker", "above", "robot"] as const;
export type View = (typeof VIEWS)[number];
const isView = (name: string): name is View => (VIEWS as readonly string[]).includes(name);

const MOVE_MS = 600;
const BIN_M = 0.05; // half as wide as what lies in a bin's slot
const ARM_M = new Vector3(0.05, 0.1, 0.66); // how far beside and above its base an arm that rests reaches
/** Which way each preset looks: from the work towards the worker, to their right, up. */
const FROM: Readonly<Record<View, readonly [number, number, number]>> = {
  worker: [1, 0, 0.5],
  above: [0.03, 0, 1],
  robot: [-1, 0.5, 1.05],
};

export class Views {
  private from: Stand | null = null;
  private to: Stand | null = null;
  private began = 0;

  constructor(
    private readonly camera: PerspectiveCamera,
    private readonly controls: OrbitControls,
    private readonly scene: SceneView,
    private readonly place: string | null,
  ) {}

  /** The middle of the nests, where the work is. */
  get centre(): Vector3 {
    return centreOf(this.scene);
  }

  /** Go to a preset, or to a camera of the cell by its name. */
  go(view: string, now: number, calm: boolean): void {
    const to = this.stand(view);
    if (!to) return;
    this.from = { eye: this.camera.position.clone(), target: this.controls.target.clone() };
    this.to = to;
    this.began = calm ? now - MOVE_MS : now;
    this.update(now);
  }

  /** Move on; the result says whether the move goes on. */
  update(now: number): boolean {
    if (!this.from || !this.to) return false;
    const x = Math.min(1, (now - this.began) / MOVE_MS);
    const part = x * x * (3 - 2 * x);
    this.camera.position.lerpVectors(this.from.eye, this.to.eye, part);
    this.controls.target.lerpVectors(this.from.target, this.to.target, part);
    this.controls.update();
    if (x === 1) this.to = null;
    return x < 1;
  }

  /** The person took over: stop moving. */
  stop(): void {
    this.to = null;
  }

  private stand(view: string): Stand | null {
    const centre = this.centre;
    const out = this.outward(centre);
    if (isView(view)) {
      const [towards, right, up] = FROM[view];
      const from = out.clone().multiplyScalar(towards).add(new Vector3(-out.y, out.x, 0).multiplyScalar(right)).setZ(up);
      return fit(from, [...this.reach()], this.camera, centre);
    }
    const camera = this.scene.cameras[view];
    if (!camera) return null;
    const eye = vector(camera.p);
    const forward = new Vector3(0, 0, 1).applyQuaternion(rotation(camera.q));
    // looking straight down has no "up": a touch of slant keeps the horizon
    return { eye: eye.clone().addScaledVector(out, 0.02), target: eye.addScaledVector(forward, Math.max(0.2, eye.z - centre.z)) };
  }

  /** What is to be seen: where parts lie and are built, and the arm at rest. */
  private *reach(): Iterable<Vector3> {
    const { bins, frames, nests } = this.scene;
    yield this.centre;
    for (const { p } of bins.flatMap(({ slots }) => slots)) {
      for (const [x, y] of [[-BIN_M, -BIN_M], [-BIN_M, BIN_M], [BIN_M, -BIN_M], [BIN_M, BIN_M]] as const) yield vector(p).add(new Vector3(x, y, 0));
    }
    for (const name of Object.values(nests).flat()) if (frames[name]) yield vector(frames[name].p);
    if (this.scene.links.length > 0) {
      yield ARM_M.clone();
      yield ARM_M.clone().setY(-ARM_M.y);
    }
  }

  /** From the work towards the worker, level. */
  private outward(centre: Vector3): Vector3 {
    const places = this.scene.places;
    const place = (this.place && places[this.place]) || Object.values(places)[0];
    const out = place ? vector(place.p).sub(centre).setZ(0) : new Vector3(1, 0, 0);
    return out.lengthSq() < 1e-6 ? new Vector3(1, 0, 0) : out.normalize();
  }
}

/** The middle of the nests, where the work is. */
export function centreOf(scene: SceneView): Vector3 {
  const nests = Object.values(scene.nests).flat();
  const points = nests.flatMap((name) => (scene.frames[name] ? [vector(scene.frames[name].p)] : []));
  if (points.length === 0) return new Vector3(0.4, 0, 0);
  return points.reduce((sum, point) => sum.add(point), new Vector3()).divideScalar(points.length);
}
