/** The 3D scene: puts its members together and draws when, and only when, something changed. */

import { effect } from "@preact/signals";
import { NeutralToneMapping, PCFShadowMap, PerspectiveCamera, PMREMGenerator, Scene, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { serverNow } from "../clock";
import type { PoseStream } from "../poses";
import { calm } from "../settings";
import type { Store } from "../store";
import { text, words } from "../words";
import type { Card, SceneView } from "../wire";
import { Bins } from "./bins";
import { Ghost } from "./ghost";
import { Intent } from "./intent";
import { Labels } from "./labels";
import { Layers, type Layer } from "./layers";
import { Floor, lights, palette } from "./look";
import { Marks } from "./marks";
import { Parts } from "./parts";
import { vector } from "./pose";
import { drawsInSoftware, Quality } from "./quality";
import { Robot } from "./robot";
import { Stands } from "./stands";
import { Views } from "./views";

const FRAME_MS = 32; // 30 frames a second are as calm as 60 and cost half
const REST_MS = 400; // so long after the last motion the picture is drawn once more, finely

export interface StageOptions {
  canvas: HTMLCanvasElement;
  labels: HTMLElement;
  view: SceneView;
  store: Store;
  poses: PoseStream;
  /** The worker place whose card is shown in the scene; null where nobody works. */
  place: string | null;
  layers: ReadonlySet<Layer>;
}

export class Stage {
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(40, 1, 0.02, 20);
  private readonly renderer: WebGLRenderer;
  private readonly controls: OrbitControls;
  private readonly views: Views;
  private readonly floor: Floor;
  private readonly robot: Robot;
  private readonly parts: Parts;
  private readonly ghost: Ghost;
  private readonly marks: Marks;
  private readonly intent: Intent;
  private readonly stands: Stands;
  private readonly bins: Bins;
  private readonly layers: Layers;
  private readonly labels: Labels;
  private readonly ends: (() => void)[] = [];
  private card: Card | null = null;
  private shown: ReadonlySet<Layer>;
  private shadows = true;
  private request = 0;
  private drawn_ms = 0;
  private moved_ms = 0;
  private resized = true;
  private held = false;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private readonly quality: Quality;

  /** Raises where the device has no WebGL. */
  constructor(private readonly options: StageOptions) {
    const { canvas, view, store, poses, place } = options;
    const software = drawsInSoftware();
    this.renderer = new WebGLRenderer({ canvas, antialias: !software, alpha: true, powerPreference: "low-power" });
    this.quality = new Quality(this.renderer, software);
    this.renderer.toneMapping = NeutralToneMapping;
    this.renderer.toneMappingExposure = software ? 1.25 : 1.05;
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.shadowMap.autoUpdate = false;
    this.camera.up.set(0, 0, 1);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.minDistance = 0.15;
    this.controls.maxDistance = 4;
    this.controls.maxPolarAngle = Math.PI * 0.495; // never below the floor
    this.controls.addEventListener("change", this.redraw);
    this.controls.addEventListener("start", () => {
      this.held = true;
      this.views.stop();
    });
    this.controls.addEventListener("end", () => {
      this.held = false;
      this.redraw();
    });

    const colours = palette(canvas);
    const changed = this.changed;
    this.labels = new Labels(options.labels);
    this.views = new Views(this.camera, this.controls, view, place);
    this.floor = new Floor(colours);
    this.robot = new Robot(view.links, colours);
    this.parts = new Parts(colours, changed);
    this.ghost = new Ghost(colours, changed);
    this.marks = new Marks(colours);
    this.intent = new Intent(colours);
    this.stands = new Stands(view, colours);
    this.bins = new Bins(view.bins, colours, () => {
      this.point();
      changed();
    });
    this.layers = new Layers(view, colours, this.labels);
    this.shown = options.layers;
    for (const { object } of [this.floor, this.stands, this.bins, this.robot, this.parts, this.layers, this.intent, this.marks, this.ghost]) this.scene.add(object);
    this.scene.add(lights(this.views.centre, software ? 2.1 : 0.9));
    if (!software) this.reflect();

    this.ends.push(
      effect(() => {
        this.parts.set(store.parts.value);
        changed();
      }),
      effect(() => {
        this.bins.fill(store.bins.value);
        changed();
      }),
      effect(() => {
        this.card = place === null ? null : (store.cards.value.get(place) ?? null);
        words.value; // labels follow the language
        this.point();
      }),
      effect(() => {
        this.intent.set(store.robot.value?.intent ?? null);
        words.value;
        this.name();
      }),
      poses.listen(changed),
      this.watch(),
    );
    this.show(options.layers);
    this.resize();
    this.look("worker", true);
  }

  /** Look from a preset or from a camera of the cell. */
  look(view: string, atOnce = false): void {
    this.views.go(view, performance.now(), atOnce || calm());
    this.redraw();
  }

  show(layers: ReadonlySet<Layer>): void {
    this.shown = layers;
    this.layers.show(layers);
    this.bins.object.visible = layers.has("bins");
    this.intent.object.visible = layers.has("intent");
    this.name();
  }

  dispose(): void {
    for (const end of this.ends) end();
    cancelAnimationFrame(this.request);
    clearTimeout(this.rest);
    this.controls.dispose();
    this.labels.drop("");
    this.renderer.dispose();
  }

  private readonly changed = (): void => {
    this.shadows = true;
    this.redraw();
  };

  private readonly redraw = (): void => {
    if (!this.request) this.request = requestAnimationFrame(this.frame);
  };

  private readonly frame = (now_ms: number): void => {
    this.request = 0;
    if (now_ms - this.drawn_ms < FRAME_MS - 4) {
      this.request = requestAnimationFrame(this.frame);
      return;
    }
    const { poses, canvas } = this.options;
    const now_s = performance.now() / 1000;
    const still = calm();
    const freshness = this.robot.update(poses, now_s);
    this.parts.update(poses, now_s);
    const flying = this.ghost.update(now_s, still);
    const going = this.intent.update(serverNow(), still);
    const travelling = this.views.update(now_ms);
    this.tell(freshness === "lost");
    const live = poses.moving("robot", now_s) || poses.moving("parts", now_s);
    const more = flying === 0 || going || travelling || live;
    const moves = more || this.held || now_ms - this.moved_ms < REST_MS;
    this.quality.prepare(moves, canvas.clientWidth, canvas.clientHeight, this.resized);
    if ((this.shadows || live) && this.quality.shadows(moves)) {
      this.renderer.shadowMap.needsUpdate = true;
      this.shadows = false;
    }
    this.renderer.render(this.scene, this.camera);
    this.labels.place(this.camera, canvas.clientWidth, canvas.clientHeight);
    canvas.dataset.frames = String(Number(canvas.dataset.frames ?? 0) + 1);
    canvas.dataset.ghost = this.ghost.present ? (this.card?.ghost?.part ?? "") : "";
    this.resized = false;
    if (more) {
      this.quality.learn(now_ms - this.drawn_ms);
      this.moved_ms = now_ms;
    }
    this.drawn_ms = now_ms;
    clearTimeout(this.rest);
    if (more) this.request ||= requestAnimationFrame(this.frame);
    else if (moves && !this.held) this.rest = setTimeout(this.changed, REST_MS);
    else if (flying !== null) this.rest = setTimeout(this.redraw, flying * 1000);
  };

  /** Point at what the card is about. */
  private point(): void {
    const { card } = this;
    const { scene } = words.value;
    const busy = card && (card.status === "step" || card.status === "attention" || card.status === "checking");
    const ghost = busy ? card.ghost : null;
    const goal = ghost?.end ?? (busy ? card.focus : null);
    const bin = busy && card.bin ? (this.bins.boxes.get(card.bin) ?? null) : null;
    this.ghost.set(ghost, performance.now() / 1000);
    this.marks.set(bin, ghost ? null : goal);
    this.labels.drop("card:");
    if (goal) this.labels.put("card:goal", scene.goal, vector(goal.p).add(new Vector3(0, 0, 0.04)), "goal");
    if (bin && card?.status === "step") this.labels.put("card:bin", scene.take, bin.getCenter(new Vector3()).setZ(bin.max.z + 0.02), "take");
    this.changed();
  }

  /** Say in the scene what the robot is about to do. */
  private name(): void {
    const lane = this.options.store.robot.value;
    const { end } = this.intent;
    this.labels.drop("intent");
    if (lane?.intent && end && this.shown.has("intent")) {
      const { robot } = words.value;
      const what = text(lane.intent.text);
      const said = lane.intent.proposed ? robot.proposes(what) : robot.moves(what);
      this.labels.put("intent", said, vector(end.p).add(new Vector3(0, 0, 0.05)), "intent");
    }
    this.changed();
  }

  private tell(lost: boolean): void {
    if (lost && this.options.view.links.length > 0) {
      this.labels.put("lost", words.value.robot.unseen, this.views.centre.add(new Vector3(-0.2, 0, 0.4)), "lost");
    } else this.labels.drop("lost");
  }

  /** A soft studio mirrored in metal; without a graphics processor it costs more than it shows. */
  private reflect(): void {
    const studio = new PMREMGenerator(this.renderer);
    this.scene.environment = studio.fromScene(new RoomEnvironment(), 0.04, 0.1, 20, { size: 128 }).texture;
    this.scene.environmentRotation.set(Math.PI / 2, 0, 0); // the studio has y up
    this.scene.environmentIntensity = 0.4;
    studio.dispose();
  }

  private watch(): () => void {
    const { canvas } = this.options;
    const sizes = new ResizeObserver(() => this.resize());
    sizes.observe(canvas);
    const recolour = (): void => {
      const colours = palette(canvas);
      for (const member of [this.floor, this.stands, this.robot, this.parts, this.marks, this.intent, this.bins, this.layers]) member.recolour(colours);
      this.ghost.recolour(colours, performance.now() / 1000);
      this.point();
    };
    const themes = new MutationObserver(recolour);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", recolour);
    // a stream that falls silent changes the picture too: it fades
    const fading = setInterval(() => {
      if (this.options.poses.freshness("robot", performance.now() / 1000) !== this.robot.freshness) this.changed();
    }, 250);
    return () => {
      sizes.disconnect();
      themes.disconnect();
      dark.removeEventListener("change", recolour);
      clearInterval(fading);
    };
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.options.canvas;
    if (width === 0 || height === 0) return;
    this.resized = true;
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.redraw();
  }
}
