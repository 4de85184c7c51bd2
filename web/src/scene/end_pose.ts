/** The arm where it will stand when its motion has ended, until that begins: see-through and outlined, so that nobody takes it for the robot. */

import { EdgesGeometry, Group, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial } from "three";
import type { Intent, LinkView, Pose } from "../wire";
import type { Palette } from "./look";
import { put } from "./pose";
import { shape } from "./robot";

const EDGE_DEG = 30;
const STAYS_M = 0.002; // what moves less is there already, and not drawn twice
const STAYS_Q = 1e-5;

export class EndPose {
  readonly object = new Group();
  private readonly links: Group[] = [];
  private stands = false;
  private begins_t: number | null = null;
  private readonly glass: MeshBasicMaterial;
  private readonly rim: LineBasicMaterial;

  constructor(
    private readonly views: readonly LinkView[],
    colours: Palette,
  ) {
    this.glass = new MeshBasicMaterial({
      transparent: true,
      opacity: 0.16,
      depthWrite: false,
      polygonOffset: true, // the arm itself comes to stand exactly there
      polygonOffsetFactor: -1,
      polygonOffsetUnits: -1,
    });
    this.rim = new LineBasicMaterial({ transparent: true, opacity: 0.6, depthWrite: false });
    for (const { bodies } of views) {
      const link = new Group();
      for (const body of bodies) {
        const geometry = shape(body);
        const mesh = new Mesh(geometry, this.glass);
        const rim = new LineSegments(new EdgesGeometry(geometry, EDGE_DEG), this.rim);
        for (const drawn of [mesh, rim]) {
          put(drawn, body.pose);
          drawn.renderOrder = 2;
          link.add(drawn);
        }
      }
      this.links.push(link);
      this.object.add(link);
    }
    this.object.visible = false;
    this.recolour(colours);
  }

  /** Stand where this motion ends, but for links that are there already; gone without one, or where nobody said where that is. */
  set(view: Intent | null, now: (link: string) => Pose | null): void {
    const { links } = this;
    const end = view?.end.length === links.length ? view.end : [];
    this.stands = end.length > 0;
    this.begins_t = view?.begins_t ?? null;
    this.object.visible = this.stands;
    end.forEach((pose, i) => {
      const [link, here] = [links[i], now(this.views[i]?.name ?? "")];
      if (!link) return;
      put(link, pose);
      link.visible = !here || !same(here, pose);
    });
  }

  /** Go once the motion is under way: from then on the arm itself shows what it does. */
  update(server_s: number): void {
    this.object.visible = this.stands && (this.begins_t === null || server_s < this.begins_t);
  }

  recolour(colours: Palette): void {
    this.glass.color.copy(colours.intent);
    this.rim.color.copy(colours.intent);
  }
}

const same = (a: Pose, b: Pose): boolean =>
  Math.hypot(...a.p.map((v, i) => v - (b.p[i] ?? 0))) < STAYS_M && 1 - Math.abs(a.q.reduce((sum, v, i) => sum + v * (b.q[i] ?? 0), 0)) < STAYS_Q;
