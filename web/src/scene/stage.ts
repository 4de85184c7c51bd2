/** The 3D view: draws the scene's members when, and only when, something changed. */

import { NeutralToneMapping, PCFShadowMap, PerspectiveCamera, PMREMGenerator, Scene, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import type { PoseStream } from "../poses";
import { calm } from "../settings";
import type { Store } from "../store";
import type { SceneView } from "../wire";
import { Beat } from "./beat";
import { Labels } from "./labels";
import type { Layer } from "./layers";
import { Members } from "./members";
import { drawsInSoftware, Quality } from "./quality";
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
  private readonly members: Members;
  private readonly labels: Labels;
  private readonly unwatch: () => void;
  private shadows = true;
  private readonly beat = new Beat((now_ms) => this.frame(now_ms));
  private drawn_ms = 0;
  private moved_ms = 0;
  private resized = true;
  private held = false;
  private rested_ms = 0; // so long, after the last frame
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

    this.labels = new Labels(options.labels);
    this.views = new Views(this.camera, this.controls, view, place);
    const { changed } = this;
    this.members = new Members({ view, store, poses, place, layers: options.layers, labels: this.labels, host: canvas, sky: software ? 2.1 : 0.9, changed }, this.views.centre);
    this.scene.add(this.members.world);
    if (!software) this.reflect();
    this.unwatch = this.watch();
    this.resize();
    this.look("worker", true);
  }

  /** Look from a preset or from a camera of the cell. */
  look(view: string, atOnce = false): void {
    this.views.go(view, performance.now(), atOnce || calm());
    this.redraw();
  }

  show(layers: ReadonlySet<Layer>): void {
    this.members.show(layers);
  }

  dispose(): void {
    this.unwatch();
    this.members.dispose();
    this.beat.stop();
    this.controls.dispose();
    this.renderer.dispose();
  }

  private readonly changed = (): void => {
    this.shadows = true;
    this.redraw();
  };

  private readonly redraw = (): void => this.beat.ask();

  private frame(now_ms: number): void {
    if (now_ms - this.drawn_ms < FRAME_MS - 4) {
      this.redraw();
      return;
    }
    const { canvas } = this.options;
    const { flying, going, live } = this.members.update(performance.now());
    const travelling = this.views.update(now_ms);
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
    const { ghost, card, endPose } = this.members;
    canvas.dataset.ahead = String(endPose.object.visible);
    canvas.dataset.ghost = ghost.present ? (card?.ghost?.part ?? "") : "";
    this.resized = false;
    if (more) {
      this.quality.learn(this.moved_ms === this.drawn_ms ? now_ms - this.drawn_ms - this.rested_ms : 0);
      this.moved_ms = now_ms;
    }
    this.drawn_ms = now_ms;
    this.rested_ms = more && !this.held ? this.quality.rest_ms : 0;
    if (this.rested_ms > 0) this.beat.rest(this.rested_ms);
    else if (more) this.redraw();
    else if (moves && !this.held) this.beat.later(REST_MS, this.changed);
    else if (flying !== null) this.beat.later(flying * 1000, this.redraw);
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
    const recolour = (): void => this.members.recolour();
    const themes = new MutationObserver(recolour);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", recolour);
    // a stream that falls silent changes the picture too: it fades
    const fading = setInterval(() => {
      if (this.options.poses.freshness("robot", performance.now() / 1000) !== this.members.robot.freshness) this.changed();
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
