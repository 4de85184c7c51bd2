/** Where the part goes: it flies from its bin to its seat, see-through and outlined, so that nobody takes it for real. */

import { ArrowHelper, Group, LineBasicMaterial, LineSegments, Mesh, MeshStandardMaterial, Quaternion, Vector3 } from "three";
import type { Ghost as GhostView } from "../wire";
import type { Palette } from "./look";
import { load } from "./meshes";
import { free, put, rotation, vector } from "./pose";

const LOOP_S = 4.4;
const REST_S = 2.6; // between two flights nothing moves
const FLIGHT = 0.5; // share of the loop in the air
const SEATING = 0.72; // from here on it rests in its seat
const APPROACH_M = 0.12;
const LIFT_M = 0.16;
const ARROW_M = 0.08;
const HEAD_M = 0.026;

export class Ghost {
  readonly object = new Group();
  private readonly flyer = new Group();
  private view: GhostView | null = null;
  private key = "";
  private began_s = 0;

  constructor(
    private colours: Palette,
    private readonly changed: () => void,
  ) {}

  get present(): boolean {
    return this.view !== null;
  }

  /** Show this ghost from `now` on, or none. */
  set(view: GhostView | null, now_s: number): void {
    const key = view ? JSON.stringify([view, this.colours.ghost.getHex()]) : "";
    if (key === this.key) return;
    this.key = key;
    this.view = view;
    this.began_s = now_s;
    for (const child of [...this.object.children, ...this.flyer.children]) free(child);
    if (!view) return;
    this.object.add(this.flyer);
    put(this.flyer, view.end);
    if (!view.mesh) return;
    load(view.mesh).then(
      ({ geometry, edges }) => {
        if (this.key !== key) return;
        const glass = new MeshStandardMaterial({
          color: this.colours.ghost,
          emissive: this.colours.ghost,
          emissiveIntensity: 0.35,
          transparent: true,
          opacity: 0.36,
          depthWrite: false,
          polygonOffset: true, // the real part may already sit exactly there
          polygonOffsetFactor: -1,
          polygonOffsetUnits: -1,
        });
        const body = new Mesh(geometry, glass);
        const rim = new LineSegments(edges, new LineBasicMaterial({ color: this.colours.ghost }));
        const seat = new LineSegments(edges, new LineBasicMaterial({ color: this.colours.ghost, transparent: true, opacity: 0.55 }));
        put(seat, view.end);
        for (const mesh of [body, rim, seat]) {
          mesh.userData.shared = true;
          mesh.renderOrder = 2;
        }
        this.flyer.add(body, rim);
        this.object.add(seat, this.arrow(view));
        if (view.start) {
          const take = new LineSegments(edges, new LineBasicMaterial({ color: this.colours.take })); // the part itself, in its tray
          take.userData.shared = true;
          take.renderOrder = 2;
          put(take, view.start);
          this.object.add(take);
        }
        this.changed();
      },
      () => undefined, // without a mesh the seat's mark alone shows the place
    );
  }

  /** Fly on; the result says in how many seconds it moves again, null: never. With `calm` it rests in its seat. */
  update(now_s: number, calm: boolean): number | null {
    const { view } = this;
    if (!view) return null;
    if (calm) {
      put(this.flyer, view.end);
      return null;
    }
    const since_s = (now_s - this.began_s) % (LOOP_S + REST_S);
    const phase = Math.min(1, since_s / LOOP_S);
    const end = vector(view.end.p);
    const turn = rotation(view.end.q);
    const above = end.clone().add(new Vector3(0, 0, APPROACH_M).applyQuaternion(turn));
    if (phase < FLIGHT && view.start) {
      const part = ease(phase / FLIGHT);
      const start = vector(view.start.p);
      this.flyer.position.lerpVectors(start, above, part);
      this.flyer.position.z += LIFT_M * Math.sin(Math.PI * part);
      this.flyer.quaternion.copy(new Quaternion().slerpQuaternions(rotation(view.start.q), turn, part));
    } else {
      const from = view.start ? FLIGHT : 0.3;
      const part = ease(Math.min(1, Math.max(0, (phase - from) / (SEATING - from))));
      this.flyer.position.lerpVectors(above, end, part);
      this.flyer.quaternion.copy(turn);
    }
    return phase < SEATING ? 0 : LOOP_S + REST_S - since_s;
  }

  /** Which way the part goes in. */
  private arrow(view: GhostView): Group {
    const group = new Group();
    put(group, view.end);
    group.add(new ArrowHelper(new Vector3(0, 0, -1), new Vector3(0, 0, APPROACH_M), ARROW_M, this.colours.ghost, HEAD_M, HEAD_M * 0.6));
    return group;
  }

  recolour(colours: Palette, now_s: number): void {
    this.colours = colours;
    this.set(this.view, now_s);
  }
}

const ease = (x: number): number => x * x * (3 - 2 * x);
