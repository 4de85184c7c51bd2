/** Where the eye is: preset views, and a calm way between them. */

import { Vector3, type PerspectiveCamera } from "three";
import type { OrbitControls } from "three/addons/controls/OrbitControls.js";
import type { SceneView } from "../wire";
import { rotation, vector } from "./pose";

export const VIEWS = ["worker", "above", "robot"] as const;
export type View = (typeof VIEWS)[number];

interface Stand {
  eye: Vector3;
  target: Vector3;
}

const MOVE_MS = 600;

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
    const target = centre.clone().add(new Vector3(-0.1, 0, 0.16));
    const narrow = Math.max(1, 1.25 / this.camera.aspect); // in portrait more room is needed to see the same width
    const out = this.outward(centre);
    switch (view) {
      case "worker":
        return { eye: centre.clone().addScaledVector(out, 1.16 * narrow).setZ(0.95 * narrow), target };
      case "above":
        return { eye: centre.clone().addScaledVector(out, 0.05).setZ(1.75 * narrow), target: centre };
      case "robot":
        return { eye: centre.clone().addScaledVector(out, -1.15 * narrow).setZ(1.0 * narrow), target };
    }
    const camera = this.scene.cameras[view];
    if (!camera) return null;
    const eye = vector(camera.p);
    const forward = new Vector3(0, 0, 1).applyQuaternion(rotation(camera.q));
    // looking straight down has no "up": a touch of slant keeps the horizon
    return { eye: eye.clone().addScaledVector(out, 0.02), target: eye.addScaledVector(forward, Math.max(0.2, eye.z - centre.z)) };
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
