/** The scene in a headset, or on a phone that draws onto the world: a WebXR session with the same members and the same card. */

import { Group, Matrix4, NeutralToneMapping, PerspectiveCamera, Quaternion, Scene, Vector3, WebGLRenderer } from "three";
import type { PoseStream } from "../poses";
import { Members } from "../scene/members";
import type { Layer } from "../scene/layers";
import { palette } from "../scene/look";
import { drawsInSoftware } from "../scene/quality";
import { centreOf } from "../scene/views";
import type { Store } from "../store";
import type { SceneView, Vector } from "../wire";
import { chained, placed, pose, undone, type Placed } from "./algebra";
import { Panel } from "./panel";
import { Pointing } from "./pointing";
import { Registration } from "./registration";
import { SIGHT_M, Sighting } from "./sighting";
import { Signs } from "./signs";
import { read, write, type Stored } from "./stored";
import { field, session, told, type Session } from "./told";

const COUNT_S = 3; // from the press to the touch
const HOLD_S = 1; // so long the tip is watched
const MODEL_SCALE = 0.3; // of the cell beside the card, while nobody knows where the real one is
const TELL_MS = 250;

export interface HeadsetOptions {
  view: SceneView;
  store: Store;
  poses: PoseStream;
  place: string | null;
  layers: ReadonlySet<Layer>;
  /** The page whose parts are shown on the panel, and which they are. */
  root: HTMLElement;
  sources: () => readonly HTMLElement[];
  ended: () => void;
}

export class Headset implements Session {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(70, 1, 0.02, 20);
  private readonly members: Members;
  private readonly signs: Signs;
  private readonly panel: Panel;
  private readonly pointing: Pointing;
  private readonly sighting: Sighting;
  private readonly registration: Registration;
  private readonly model = new Matrix4();
  private anchor: XRAnchor | null = null;
  private anchoring = false;
  /** The cell in the anchor's space. */
  private held: Placed | null = null;
  private stored: Stored | null;
  private restoring: Stored | null = null;
  private taking: { name: string; until_ms: number; sight: boolean; samples: Map<XRHandedness, Vector[]> } | null = null;
  private missed = false;
  private placedOnce = false;
  private told_ms = 0;

  /** Begin a session; to be called from a press. Rejects where the device or the person says no. */
  static async begin(options: HeadsetOptions): Promise<Headset> {
    const { xr } = navigator;
    if (!xr) throw new Error("this browser knows no headset");
    const own = await xr.requestSession("immersive-ar", { requiredFeatures: ["local-floor"], optionalFeatures: ["hand-tracking", "anchors", "hit-test"] });
    const headset = new Headset(options, own);
    try {
      await headset.renderer.xr.setSession(own);
    } catch (error) {
      await own.end();
      throw error;
    }
    return headset;
  }

  private constructor(
    private readonly options: HeadsetOptions,
    private readonly own: XRSession,
  ) {
    const { view, store, poses, place, layers, root } = options;
    const software = drawsInSoftware();
    this.renderer = new WebGLRenderer({ antialias: !software, alpha: true });
    if (software) this.renderer.xr.setFramebufferScaleFactor(0.5);
    this.renderer.xr.enabled = true;
    this.renderer.xr.setReferenceSpaceType("local-floor");
    this.renderer.toneMapping = NeutralToneMapping;
    this.signs = new Signs(root);
    this.members = new Members({ view, store, poses, place, layers, labels: this.signs, host: root, sky: 2.1, changed: () => undefined }, centreOf(view));
    this.members.world.matrixAutoUpdate = false;
    this.members.floor.object.removeFromParent(); // there is a real one
    this.members.world.add(this.signs.object);
    this.panel = new Panel(root, options.sources, (wanted) => {
      field.value = wanted;
      wanted.focus();
      wanted.select(); // what is written now replaces what was there
    });
    this.pointing = new Pointing(this.renderer, this.camera, this.panel, palette(root).take);
    this.sighting = new Sighting(own, palette(root).take);
    this.registration = new Registration(view.cell, view.registration);
    this.scene.add(this.members.world, this.panel.object, this.pointing.object, this.sighting.object, new Group().add(this.camera));
    this.stored = read();
    this.restore();
    own.addEventListener("end", this.close);
    this.renderer.setAnimationLoop(this.frame);
    session.value = this;
  }

  take(): void {
    const name = this.registration.wanted;
    this.missed = false;
    if (name) this.taking = { name, until_ms: performance.now() + (COUNT_S + HOLD_S) * 1000, sight: this.bySight, samples: new Map() };
  }

  again(): void {
    this.registration.begin();
    this.taking = null;
    this.missed = false;
    this.anchor?.delete();
    this.anchor = null;
    this.held = null;
    write(null);
  }

  pass(): void {
    this.taking = null;
    this.missed = false;
    this.registration.pass();
  }

  bring(): void {
    this.placedOnce = false;
  }

  end(): void {
    void this.own.end();
  }

  /** Whether a point is looked at, as nothing is there to touch it with. What a touch was begun by it is ended by. */
  private get bySight(): boolean {
    return this.taking ? this.taking.sight : this.pointing.empty && this.sighting.ready;
  }

  private readonly close = (): void => {
    this.renderer.setAnimationLoop(null);
    this.members.dispose();
    this.panel.dispose();
    this.renderer.dispose();
    session.value = null;
    told.value = null;
    field.value = null;
    this.options.ended();
  };

  private readonly frame = (_: number, frame?: XRFrame): void => {
    const space = this.renderer.xr.getReferenceSpace();
    if (!frame || !space) return;
    const eye = frame.getViewerPose(space);
    if (eye && !this.placedOnce) this.arrange(eye.transform);
    this.follow(frame, space);
    this.touch(performance.now(), this.sight(frame, space));
    const { standing } = this.judge();
    const { world } = this.members;
    const onto = standing === "good" ? this.registration.placed : null;
    this.members.onto(onto !== null);
    world.matrix.copy(onto ? matrix(onto) : this.model);
    world.matrixWorldNeedsUpdate = true;
    this.signs.enlarge(onto ? 1 : 1 / MODEL_SCALE / 2);
    this.members.update(performance.now());
    if (field.value?.isConnected === false) field.value = null; // its card has gone
    this.pointing.update(performance.now());
    this.tell(performance.now());
    this.renderer.render(this.scene, this.camera);
    this.show();
  };

  /** The card before the eyes, a little below; the model of the cell to its left, as the person stands before the real one. */
  private arrange({ position, matrix: eye }: XRRigidTransform): void {
    const forward = new Vector3(-(eye[8] ?? 0), 0, -(eye[10] ?? -1));
    if (forward.lengthSq() < 1e-6) forward.set(0, 0, -1);
    forward.normalize();
    const head = new Vector3(position.x, position.y, position.z);
    const side = new Vector3(-forward.z, 0, forward.x); // to the right
    const at = head.clone().addScaledVector(forward, 0.55).addScaledVector(side, 0.12).add(new Vector3(0, -0.12, 0));
    this.panel.object.position.copy(at);
    this.panel.object.lookAt(head.clone().setY(at.y + 0.1));
    const towards = this.fromPlace(); // in the cell, from the person to the work
    const turn = new Quaternion().setFromRotationMatrix(new Matrix4().makeBasis(...basis(towards, forward)));
    const middle = centreOf(this.options.view).multiplyScalar(MODEL_SCALE).applyQuaternion(turn);
    const spot = head.clone().addScaledVector(forward, 0.85).addScaledVector(side, -0.42).add(new Vector3(0, -0.5, 0));
    this.model.compose(spot.sub(middle), turn, new Vector3(MODEL_SCALE, MODEL_SCALE, MODEL_SCALE));
    this.placedOnce = true;
  }

  private fromPlace(): Vector3 {
    const { view, place } = this.options;
    const from = (place && view.places[place]) || Object.values(view.places)[0];
    const centre = centreOf(view);
    const towards = from ? centre.sub(new Vector3(...from.p)).setZ(0) : new Vector3(-1, 0, 0);
    return towards.lengthSq() < 1e-6 ? new Vector3(-1, 0, 0) : towards.normalize();
  }

  private sight(frame: XRFrame, space: XRReferenceSpace): Vector | null {
    if (this.bySight && this.registration.wanted !== null) return this.sighting.look(frame, space);
    this.sighting.hide();
    return null;
  }

  /** Watch the tip, or what is looked at, while a touch is taken. */
  private touch(now_ms: number, seen: Vector | null): void {
    const { taking } = this;
    if (!taking) return;
    const left_ms = taking.until_ms - now_ms;
    if (left_ms <= HOLD_S * 1000) {
      const tips = this.pointing.tips().map(({ source, at }) => [source.handedness, [at.x, at.y, at.z]] as const);
      for (const [hand, at] of taking.sight ? (seen ? [["none", seen] as const] : []) : tips) {
        taking.samples.set(hand, [...(taking.samples.get(hand) ?? []), [...at] as Vector]);
      }
    }
    if (left_ms > 0) return;
    this.taking = null;
    const samples = taking.samples.get("right") ?? taking.samples.get("left") ?? taking.samples.get("none") ?? [];
    this.missed = samples.length === 0 || !this.registration.touch(taking.name, samples, now_t(), taking.sight ? SIGHT_M : 0);
    if (this.registration.judge(null, now_t()).standing === "good") this.anchoring = this.anchor === null;
  }

  /** Hold the cell by an anchor, which the device keeps in its place in the room while its own space drifts. */
  private follow(frame: XRFrame, space: XRReferenceSpace): void {
    const { registration } = this;
    if (this.anchoring && registration.placed) {
      this.anchoring = false;
      const { p, q } = pose(registration.placed);
      const at = new XRRigidTransform({ x: p[0], y: p[1], z: p[2] }, { w: q[0], x: q[1], y: q[2], z: q[3] });
      void frame.createAnchor?.(at, space)?.then(this.anchored, () => undefined); // a device without anchors keeps nothing
    }
    const found = this.anchor && frame.getPose(this.anchor.anchorSpace, space);
    if (!found) return;
    const now = taken(found.transform);
    if (this.restoring) {
      const { kept } = this.restoring;
      this.restoring = null;
      if (!registration.restore(kept, chained(now, placed(kept.placed)))) this.again();
    } else if (registration.placed && this.held) registration.follow(chained(now, this.held));
    if (registration.placed) this.held ??= chained(undone(now), registration.placed);
  }

  private readonly anchored = async (anchor: XRAnchor): Promise<void> => {
    this.anchor = anchor;
    this.held = null;
    const kept = this.registration.keep({ turn: [1, 0, 0, 0, 1, 0, 0, 0, 1], at: [0, 0, 0] }); // the anchor is where the cell is
    const handle = await anchor.requestPersistentHandle?.().catch(() => undefined);
    if (kept && handle) write({ handle, kept });
  };

  private restore(): void {
    const { stored, own } = this;
    if (!stored || !own.restorePersistentAnchor) return;
    own.restorePersistentAnchor(stored.handle).then(
      (anchor) => {
        this.anchor = anchor;
        this.restoring = stored;
      },
      () => write(null), // the device has forgotten it
    );
  }

  private judge(): ReturnType<Registration["judge"]> {
    const { goal } = this.members;
    return this.registration.judge(goal ? [goal.x, goal.y, goal.z] : null, now_t());
  }

  private tell(now_ms: number): void {
    if (now_ms - this.told_ms < TELL_MS) return;
    this.told_ms = now_ms;
    const { registration, taking } = this;
    const [touched, points] = registration.progress;
    const left_s = taking ? Math.ceil((taking.until_ms - now_ms) / 1000 - HOLD_S) : null;
    const next = { ...this.judge(), wanted: registration.wanted, touched, points, count_s: left_s === null ? null : Math.max(0, left_s), missed: this.missed, sight: this.bySight };
    const rounded = { ...next, age_s: next.age_s === null ? null : Math.floor(next.age_s / 10) * 10 };
    if (JSON.stringify(rounded) !== JSON.stringify(told.value)) told.value = rounded;
  }

  /** For whoever looks from outside: where the panel and the tips are. */
  private show(): void {
    const { frame } = this.panel.mirror;
    const plate = this.panel.object.children[0];
    if (plate) frame.dataset.matrix = JSON.stringify(plate.matrixWorld.elements);
    frame.dataset.tips = JSON.stringify(this.pointing.tips().map(({ source, at }) => [source.handedness, ...at]));
    frame.dataset.world = JSON.stringify(this.members.world.matrix.elements);
  }
}

/** UTC s by the device's own clock, which goes on between two days; a cell's may be simulated. */
const now_t = (): number => Date.now() / 1000;

function matrix({ turn, at }: Placed): Matrix4 {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, g = 0, h = 0, i = 1] = turn;
  return new Matrix4().set(a, b, c, at[0], d, e, f, at[1], g, h, i, at[2], 0, 0, 0, 1);
}

const taken = ({ position: p, orientation: q }: XRRigidTransform): Placed => placed({ p: [p.x, p.y, p.z], q: [q.w, q.x, q.y, q.z] });

/** The turn that brings the cell's `towards` to `forward` and its z to the room's up: its axes in the room. */
function basis(towards: Vector3, forward: Vector3): [Vector3, Vector3, Vector3] {
  const up = new Vector3(0, 1, 0);
  const left = new Vector3().crossVectors(up, forward);
  const x = forward.clone().multiplyScalar(towards.x).addScaledVector(left, -towards.y);
  const y = forward.clone().multiplyScalar(towards.y).addScaledVector(left, towards.x);
  return [x, y, up];
}
