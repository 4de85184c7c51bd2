/** What the worker should look at: the bin to take from, and the place where the part goes. */

import { BoxGeometry, EdgesGeometry, Group, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, RingGeometry, type Box3, Vector3 } from "three";
import type { Pose } from "../wire";
import type { Palette } from "./look";
import { free, put } from "./pose";

export class Marks {
  readonly object = new Group();

  constructor(private colours: Palette) {}

  /** Frame a bin's box and ring the goal. */
  set(bin: Box3 | null, goal: Pose | null): void {
    for (const child of [...this.object.children]) free(child);
    if (bin) {
      const size = bin.getSize(new Vector3()).addScalar(0.03);
      const centre = bin.getCenter(new Vector3());
      const box = new BoxGeometry(size.x, size.y, size.z);
      const frame = new LineSegments(new EdgesGeometry(box), new LineBasicMaterial({ color: this.colours.take }));
      frame.position.copy(centre);
      const pane = new Mesh(
        box,
        new MeshBasicMaterial({ color: this.colours.take, transparent: true, opacity: 0.14, depthWrite: false }),
      );
      pane.position.copy(centre);
      pane.renderOrder = 1;
      this.object.add(pane, frame);
    }
    if (goal) {
      const material = new MeshBasicMaterial({ color: this.colours.ghost, transparent: true, opacity: 0.9, depthTest: false });
      const ring = new Mesh(new RingGeometry(0.05, 0.056, 48), material);
      put(ring, goal);
      ring.renderOrder = 3;
      this.object.add(ring);
    }
  }

  recolour(colours: Palette): void {
    this.colours = colours;
  }
}
