/** The magic window: a camera's picture, and the scene drawn onto it from where a printed board says that the camera is. */

import { Matrix4, NeutralToneMapping, PerspectiveCamera, Scene, WebGLRenderer } from "three";
import type { PoseStream } from "../poses";
import { Labels } from "../scene/labels";
import type { Layer } from "../scene/layers";
import { Members } from "../scene/members";
import { centreOf } from "../scene/views";
import type { Store } from "../store";
import type { BoardView, SceneView, Vector } from "../wire";
import { chained, moved, placed, undone, type Placed } from "./algebra";
import { Board } from "./board";
import { assumed, projection, seen, type Lens } from "./lens";
import { Finder } from "./sight";
import { Tracker, type Seen } from "./tracker";

const [NEAR_M, FAR_M] = [0.05, 10];
const LOOK_MS = 66; // fifteen pictures a second; more would only warm the tablet
const MARGIN = 0.35; // of the board's size, around where it was last: it is looked for there first
const WANTED = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } } as const;

/** What the page says beside the picture. */
export interface Onlooking {
  seen: Seen;
  off_m: number | null;
  /** Views taken of the lens; null once it is measured. */
  taken: number | null;
  /** Whether the card is about a place; else nothing is drawn. */
  goal: boolean;
}

export interface OnlookOptions {
  view: SceneView;
  board: BoardView;
  scale: number;
  store: Store;
  poses: PoseStream;
  place: string | null;
  layers: ReadonlySet<Layer>;
  /** Holds picture, overlay and labels, one above the other. */
  frame: HTMLElement;
  picture: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
  labels: HTMLElement;
  told: (now: Onlooking) => void;
  /** Called when the camera is gone. */
  lost: () => void;
}

export class Onlook {
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera();
  private readonly renderer: WebGLRenderer;
  private readonly members: Members;
  private readonly labels: Labels;
  private readonly tracker: Tracker;
  private readonly board: Placed; // in the cell
  private readonly sizes: ResizeObserver;
  private request = 0;
  private looked_ms = 0;
  private last: Onlooking | null = null;
  private region: [number, number, number, number] | null = null;

  /** Ask for the camera and begin. Rejects where it is refused or not there. */
  static async begin(options: OnlookOptions): Promise<Onlook> {
    const stream = await navigator.mediaDevices.getUserMedia({ video: WANTED, audio: false });
    try {
      const video = document.createElement("video");
      video.muted = true;
      video.playsInline = true;
      video.srcObject = stream;
      await video.play();
      const finder = await Finder.of(new Board(options.board, options.scale));
      return new Onlook(options, stream, video, finder);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
  }

  private constructor(
    private readonly options: OnlookOptions,
    private readonly stream: MediaStream,
    private readonly video: HTMLVideoElement,
    private readonly finder: Finder,
  ) {
    const { view, board, store, poses, place, layers, frame, overlay } = options;
    const { videoWidth: width, videoHeight: height } = video;
    this.renderer = new WebGLRenderer({ canvas: overlay, alpha: true, antialias: true });
    this.renderer.toneMapping = NeutralToneMapping;
    this.renderer.setSize(width, height, false);
    this.labels = new Labels(options.labels);
    this.members = new Members({ view, store, poses, place, layers, labels: this.labels, host: overlay, sky: 2.1, changed: () => undefined }, centreOf(view));
    this.members.onto(true);
    this.members.exact(false);
    this.scene.add(this.members.world);
    this.camera.matrixAutoUpdate = false;
    this.board = placed(board.pose);
    this.tracker = new Tracker(this.stored() ?? assumed(width, height), view.registration.max_off_m);
    this.sizes = new ResizeObserver(() => this.fit());
    if (frame.parentElement) this.sizes.observe(frame.parentElement);
    for (const track of stream.getTracks()) track.addEventListener("ended", options.lost);
    this.request = requestAnimationFrame(this.draw);
  }

  /** Measure the lens anew. */
  forget(): void {
    localStorage.removeItem(this.key);
    this.tracker.forget(assumed(this.video.videoWidth, this.video.videoHeight));
  }

  dispose(): void {
    cancelAnimationFrame(this.request);
    this.sizes.disconnect();
    this.members.dispose();
    this.renderer.dispose();
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }

  private readonly draw = (now_ms: number): void => {
    this.request = requestAnimationFrame(this.draw);
    if (now_ms - this.looked_ms >= LOOK_MS && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      this.looked_ms = now_ms;
      this.look(now_ms / 1000);
    }
    const now_s = now_ms / 1000;
    const { goal } = this.members;
    const at: Vector = goal ? [goal.x, goal.y, goal.z] : this.board.at;
    const onBoard = moved(undone(this.board), at);
    const judged = this.tracker.judge(onBoard, now_s);
    const inCamera = this.tracker.placed(now_s);
    this.members.exact(judged.seen === "good");
    this.members.update(performance.now());
    if (inCamera) this.stand(inCamera, moved(inCamera, onBoard));
    this.renderer.render(this.scene, this.camera);
    this.labels.place(this.camera, this.options.overlay.clientWidth, this.options.overlay.clientHeight);
    this.tell({ ...judged, taken: this.tracker.taken, goal: goal !== null });
  };

  /** Take a picture, show it, and look for the board: what is drawn next belongs to this picture. */
  private look(now_s: number): void {
    const { picture } = this.options;
    const { videoWidth: width, videoHeight: height } = this.video;
    if (picture.width !== width || picture.height !== height) [picture.width, picture.height] = [width, height];
    const context = picture.getContext("2d", { willReadFrequently: true });
    if (!context || width === 0) return;
    context.drawImage(this.video, 0, 0);
    const [x, y, w, h] = this.region ?? [0, 0, width, height];
    const found = this.finder.look(context.getImageData(x, y, w, h), [x, y]);
    this.region = null;
    if (found) {
      const [us, vs] = [found.matches.map(({ px }) => px[0]), found.matches.map(({ px }) => px[1])];
      const [left, right, top, bottom] = [Math.min(...us), Math.max(...us), Math.min(...vs), Math.max(...vs)];
      const around = MARGIN * Math.max(right - left, bottom - top) + 24;
      const [x0, y0] = [Math.max(0, Math.floor(left - around)), Math.max(0, Math.floor(top - around))];
      this.region = [x0, y0, Math.min(width, Math.ceil(right + around)) - x0, Math.min(height, Math.ceil(bottom + around)) - y0];
    }
    if (this.tracker.see(found, now_s)) this.store(this.tracker.lens);
  }

  /** Stand where the camera is; the drawn goal is shifted to where the lens bends it. */
  private stand(inCamera: Placed, goal: Vector): void {
    const cell = chained(inCamera, undone(this.board)); // the cell in the camera's frame
    const { turn, at } = undone(cell);
    const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, g = 0, h = 0, i = 1] = turn;
    this.camera.matrix.set(a, -b, -c, at[0], d, -e, -f, at[1], g, -h, -i, at[2], 0, 0, 0, 1); // its y is down, its z away
    this.camera.matrixWorld.copy(this.camera.matrix);
    this.camera.matrixWorldInverse.copy(this.camera.matrix).invert();
    const { lens } = this.tracker;
    const bent = goal[2] > NEAR_M ? seen(lens, goal) : lens.centre_px;
    const plain = goal[2] > NEAR_M ? seen({ ...lens, bend: 0 }, goal) : lens.centre_px;
    const moved_: Lens = { ...lens, centre_px: [lens.centre_px[0] + bent[0] - plain[0], lens.centre_px[1] + bent[1] - plain[1]] };
    this.camera.projectionMatrix.fromArray(projection(moved_, NEAR_M, FAR_M));
    this.camera.projectionMatrixInverse.copy(this.camera.projectionMatrix).invert();
    this.options.frame.dataset.eye = JSON.stringify(new Matrix4().copy(this.camera.matrixWorld).elements);
  }

  private tell(now: Onlooking): void {
    const rounded = { ...now, off_m: now.off_m === null ? null : Math.round(now.off_m * 1e4) / 1e4 };
    if (JSON.stringify(rounded) === JSON.stringify(this.last)) return;
    this.last = rounded;
    this.options.told(rounded);
  }

  /** Fill what is there with the picture, cut at its edges. */
  private fit(): void {
    const { frame } = this.options;
    const room = frame.parentElement;
    if (!room || this.video.videoWidth === 0) return;
    const scale = Math.max(room.clientWidth / this.video.videoWidth, room.clientHeight / this.video.videoHeight);
    const [width, height] = [this.video.videoWidth * scale, this.video.videoHeight * scale];
    Object.assign(frame.style, {
      width: `${width}px`,
      height: `${height}px`,
      left: `${(room.clientWidth - width) / 2}px`,
      top: `${(room.clientHeight - height) / 2}px`,
    });
  }

  private get key(): string {
    const label = this.stream.getVideoTracks()[0]?.label ?? "";
    return `tandem.ar.lens.${label}.${this.video.videoWidth}x${this.video.videoHeight}`;
  }

  private stored(): Lens | null {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "null") as Lens | null;
    } catch {
      return null;
    }
  }

  private store(lens: Lens): void {
    try {
      localStorage.setItem(this.key, JSON.stringify(lens));
    } catch {
      // storage can be switched off; the lens is then measured each time
    }
  }
}
