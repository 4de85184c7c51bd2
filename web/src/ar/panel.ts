/** The step card in a headset: the page's own card and actions on a plate, pressed by finger, ray or gaze. */

import { Group, type Raycaster, Vector3 } from "three";
import { HTMLMesh } from "three/addons/interactive/HTMLMesh.js";
import { Mirror } from "./mirror";

const WIDTH_M = 0.46;
const TALLEST_M = 0.62;
const PX_M = 0.001; // HTMLMesh makes a pixel a millimetre

/** What a gaze alone may press: the person's own word. What lets the robot move takes a hand. */
const BY_GAZE = "[data-command=confirm_step], [data-command=confirm_undo], [data-command$=_help], .ack, .claim, .segment, .key, .wearing button, .whose button";

export class Panel {
  readonly object = new Group();
  readonly mirror: Mirror;
  private mesh: HTMLMesh | null = null;
  private size = "";

  constructor(
    private readonly root: HTMLElement,
    sources: () => readonly HTMLElement[],
    /** Called with a field that was pressed: it wants to be written in. */
    private readonly write: (field: HTMLInputElement | HTMLTextAreaElement) => void,
  ) {
    this.mirror = new Mirror(root, sources, () => this.fit());
    this.fit();
  }

  /** Where a ray meets it: from its top left, 0 to 1; null where it misses. */
  hit(ray: Raycaster): { u: number; v: number; at: Vector3; distance: number } | null {
    const found = this.mesh && ray.intersectObject(this.mesh, false)[0];
    return found?.uv ? { u: found.uv.x, v: 1 - found.uv.y, at: found.point, distance: found.distance } : null;
  }

  /** Where a point is on it, from its top left, and how far before it (m); null beside it. */
  under(point: Vector3): { u: number; v: number; before_m: number } | null {
    if (!this.mesh) return null;
    const { width, height } = this.mesh.geometry.parameters;
    const at = this.mesh.worldToLocal(point.clone());
    const [u, v] = [at.x / width + 0.5, 0.5 - at.y / height];
    return u < 0 || u > 1 || v < 0 || v > 1 ? null : { u, v, before_m: at.z * this.mesh.getWorldScale(new Vector3()).z };
  }

  /** What a press would be about: the card's attempt and the button's command. One that was begun for another is none. */
  about(target: HTMLElement): string {
    const { unit, step, attempt, status } = this.root.querySelector<HTMLElement>(".card")?.dataset ?? {};
    return JSON.stringify([unit, step, attempt, status, target.dataset.key]);
  }

  target(u: number, v: number): HTMLElement | null {
    return this.mirror.at(u, v);
  }

  static byGaze(target: HTMLElement): boolean {
    return target.matches(BY_GAZE);
  }

  press(target: HTMLElement): void {
    if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) this.write(target);
    else target.click();
  }

  dispose(): void {
    this.mirror.dispose();
    this.drop();
  }

  private drop(): void {
    this.mesh?.removeFromParent();
    this.mesh?.dispose();
    this.mesh = null;
  }

  /** Another size is another plate; HTMLMesh watches the copy and draws it anew by itself. */
  private fit(): void {
    const element = this.mirror?.element;
    if (!element) return;
    const { offsetWidth: width, offsetHeight: height } = element;
    const size = `${width} ${height}`;
    if (size === this.size || width === 0 || height === 0) return;
    this.size = size;
    this.drop();
    this.mesh = new HTMLMesh(element);
    const scale = Math.min(WIDTH_M / (width * PX_M), TALLEST_M / (height * PX_M));
    this.mesh.scale.setScalar(scale);
    this.mesh.renderOrder = 15; // over words in the scene
    this.object.add(this.mesh);
  }
}
