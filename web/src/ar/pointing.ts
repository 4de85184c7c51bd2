/** Pressing what a panel shows: by a hand's finger, by the ray of a hand or controller, or by looking at it for a while. */

import { BufferGeometry, Group, Line, LineBasicMaterial, Mesh, MeshBasicMaterial, Raycaster, RingGeometry, SphereGeometry, Vector3, type Camera, type Color, type WebGLRenderer } from "three";
import { Panel } from "./panel";

const HANDS = 2;
const RAY_M = 1.2;
const ARMED_M = 0.02; // a finger must come from before the panel
const TOUCH_M = 0.004;
const BACK_M = 0.008; // and go back out
const THROUGH_M = 0.03; // a hand that goes farther reaches for something behind
const PUSH_MS = 2000;
const NEAR_M = 0.08; // so near it is the finger that presses, not its ray
const DWELL_MS = 1500;
const DOT_M = 0.004;

export interface Tip {
  /** Which input it belongs to. */
  source: XRInputSource;
  at: Vector3;
}

/** What is aimed at, and what a press was about then: the same button for another attempt is another button. */
interface Aim {
  target: HTMLElement;
  about: string;
}

interface Pointer {
  ray: ReturnType<WebGLRenderer["xr"]["getController"]>;
  hand: ReturnType<WebGLRenderer["xr"]["getHand"]>;
  line: Line;
  dot: Mesh;
  source: XRInputSource | null;
  began: Aim | null;
  armed: boolean;
  pushed: (Aim & { since_ms: number }) | null;
}

export class Pointing {
  readonly object = new Group();
  private readonly pointers: Pointer[];
  private readonly raycaster = new Raycaster();
  private readonly cursor: Mesh;
  private readonly ring: Mesh;
  private stared: (Aim & { since_ms: number; done: boolean }) | null = null;

  constructor(
    renderer: WebGLRenderer,
    private readonly camera: Camera,
    private readonly panel: Panel,
    colour: Color,
  ) {
    const ink = new MeshBasicMaterial({ color: colour, depthTest: false, transparent: true });
    const mark = (mesh: Mesh): Mesh => {
      mesh.renderOrder = 20;
      mesh.visible = false;
      this.object.add(mesh);
      return mesh;
    };
    this.cursor = mark(new Mesh(new SphereGeometry(DOT_M, 16, 12), ink));
    this.ring = mark(new Mesh(new RingGeometry(0.011, 0.015, 32), ink));
    this.pointers = Array.from({ length: HANDS }, (_, i) => {
      const [ray, hand] = [renderer.xr.getController(i), renderer.xr.getHand(i)];
      const line = new Line(new BufferGeometry().setFromPoints([new Vector3(), new Vector3(0, 0, -RAY_M)]), new LineBasicMaterial({ color: colour, transparent: true, opacity: 0.55 }));
      ray.add(line);
      this.object.add(ray, hand);
      const pointer: Pointer = { ray, hand, line, dot: mark(new Mesh(new SphereGeometry(DOT_M, 16, 12), ink)), source: null, began: null, armed: false, pushed: null };
      ray.addEventListener("connected", ({ data }) => (pointer.source = data));
      ray.addEventListener("disconnected", () => (pointer.source = null));
      ray.addEventListener("selectstart", () => (pointer.began = this.aimed(pointer)));
      ray.addEventListener("select", () => {
        this.press(pointer.began); // a pinch moves the ray: what it began on counts
        pointer.began = null;
      });
      ray.addEventListener("selectend", () => (pointer.began = null));
      return pointer;
    });
  }

  /** Where fingers and controllers touch: a hand's index finger, the drawn dot before a controller. */
  tips(): Tip[] {
    return this.pointers.flatMap((pointer) => {
      const at = this.tip(pointer);
      return at && pointer.source ? [{ source: pointer.source, at }] : [];
    });
  }

  /** Whether there is nothing to touch with: neither hand nor controller. */
  get empty(): boolean {
    return this.pointers.every(({ source }) => !source || (!source.hand && source.targetRayMode !== "tracked-pointer"));
  }

  update(now_ms: number): void {
    let nearest: { at: Vector3; distance: number } | null = null;
    for (const pointer of this.pointers) {
      const tip = this.tip(pointer);
      pointer.dot.visible = tip !== null;
      if (tip) pointer.dot.position.copy(tip);
      const near = this.poke(pointer, tip, now_ms);
      const hit = pointer.source && !near ? this.cast(pointer) : null;
      pointer.line.visible = pointer.source?.targetRayMode === "tracked-pointer" && !near;
      if (hit && (!nearest || hit.distance < nearest.distance)) nearest = hit;
    }
    this.cursor.visible = nearest !== null;
    if (nearest) this.cursor.position.copy(nearest.at);
    this.gaze(now_ms);
  }

  private press(aim: Aim | null): void {
    if (aim?.target.isConnected && aim.about === this.panel.about(aim.target)) this.panel.press(aim.target);
  }

  /**
   * A finger that comes from before, pushes and goes back presses once; a hand that goes through reaches for something
   * behind the panel. True while a finger is near.
   */
  private poke(pointer: Pointer, tip: Vector3 | null, now_ms: number): boolean {
    const under = tip && pointer.source?.hand ? this.panel.under(tip) : null;
    if (!under || Math.abs(under.before_m) > NEAR_M) {
      pointer.armed = false;
      pointer.pushed = null;
      return false;
    }
    const { pushed } = pointer;
    if (pushed && (under.before_m < -THROUGH_M || now_ms - pushed.since_ms > PUSH_MS)) pointer.pushed = null;
    else if (pushed && under.before_m > BACK_M) {
      pointer.pushed = null;
      this.press(pushed);
    } else if (under.before_m > ARMED_M) pointer.armed = true;
    else if (under.before_m <= TOUCH_M && pointer.armed) {
      pointer.armed = false;
      const target = under.before_m < -THROUGH_M ? null : this.panel.target(under.u, under.v);
      if (target) pointer.pushed = { target, about: this.panel.about(target), since_ms: now_ms };
    }
    return true;
  }

  /** Whoever has nothing to point with looks at a button until the ring is full. */
  private gaze(now_ms: number): void {
    const hands = this.pointers.some(({ source }) => source !== null && source.targetRayMode !== "gaze");
    const hit = hands ? null : this.look();
    const target = hit && this.panel.target(hit.u, hit.v);
    if (!hit || !target || !Panel.byGaze(target)) {
      this.stared = null;
      this.ring.visible = false;
      return;
    }
    const about = this.panel.about(target);
    if (this.stared?.target !== target || this.stared.about !== about) this.stared = { target, about, since_ms: now_ms, done: false };
    const share = Math.min(1, (now_ms - this.stared.since_ms) / DWELL_MS);
    this.ring.visible = !this.stared.done;
    this.ring.position.copy(hit.at);
    this.ring.quaternion.copy(this.camera.quaternion);
    this.ring.scale.setScalar(0.3 + 0.7 * share);
    if (share === 1 && !this.stared.done) {
      this.stared.done = true; // it counts again only after the gaze has left it
      this.panel.press(target);
    }
  }

  private look(): ReturnType<Panel["hit"]> {
    this.raycaster.set(this.camera.getWorldPosition(new Vector3()), this.camera.getWorldDirection(new Vector3()));
    return this.panel.hit(this.raycaster);
  }

  private cast({ ray }: Pointer): ReturnType<Panel["hit"]> {
    ray.updateMatrixWorld();
    this.raycaster.setFromXRController(ray);
    return this.panel.hit(this.raycaster);
  }

  private aimed(pointer: Pointer): Aim | null {
    const tip = this.tip(pointer);
    const under = tip && pointer.source?.hand ? this.panel.under(tip) : null;
    if (under && Math.abs(under.before_m) <= NEAR_M) return null; // its finger presses by itself
    const hit = this.cast(pointer);
    const target = hit && this.panel.target(hit.u, hit.v);
    return target && { target, about: this.panel.about(target) };
  }

  private tip({ hand, ray, source }: Pointer): Vector3 | null {
    if (!source) return null;
    const joint = hand.joints["index-finger-tip"];
    if (source.hand) return joint?.visible ? joint.position.clone() : null;
    return source.targetRayMode === "tracked-pointer" && ray.visible ? ray.position.clone() : null;
  }
}
