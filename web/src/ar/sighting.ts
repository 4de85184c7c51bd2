/** What the middle of the view rests on, by the device's own hit test: for whoever has neither hand nor controller to touch with. */

import { DoubleSide, Mesh, MeshBasicMaterial, RingGeometry, type Color } from "three";
import type { Vector } from "../wire";

/** How far beside a surface a device's hit test may be, metres. No device says it, and the same for all points no residual shows it. */
export const SIGHT_M = 0.01;

export class Sighting {
  readonly object: Mesh;
  private source: XRHitTestSource | null = null;

  constructor(own: XRSession, colour: Color) {
    this.object = new Mesh(new RingGeometry(0.008, 0.011, 32), new MeshBasicMaterial({ color: colour, side: DoubleSide, depthTest: false, transparent: true }));
    this.object.renderOrder = 20;
    this.object.visible = false;
    void this.begin(own).catch(() => undefined); // a device without hit tests: points are touched, or not at all
  }

  /** Whether the device tests what is looked at. */
  get ready(): boolean {
    return this.source !== null;
  }

  /** The point of the room that is looked at, metres; the ring is shown there. Null where the device knows no surface. */
  look(frame: XRFrame, space: XRReferenceSpace): Vector | null {
    const found = this.source && first(frame, this.source)?.getPose(space);
    this.object.visible = Boolean(found);
    if (!found) return null;
    const { position: p, orientation: q } = found.transform;
    this.object.position.set(p.x, p.y, p.z);
    this.object.quaternion.set(q.x, q.y, q.z, q.w);
    this.object.rotateX(Math.PI / 2); // a hit's y points out of the surface, a ring's z
    return [p.x, p.y, p.z];
  }

  hide(): void {
    this.object.visible = false;
  }

  private async begin(own: XRSession): Promise<void> {
    const viewer = await own.requestReferenceSpace("viewer");
    this.source = (await own.requestHitTestSource?.({ space: viewer })) ?? null;
  }
}

function first(frame: XRFrame, source: XRHitTestSource): XRHitTestResult | undefined {
  try {
    return frame.getHitTestResults(source)[0];
  } catch {
    return undefined; // the source was made while this frame was drawn
  }
}
