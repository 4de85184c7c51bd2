/** How far beside its seat the last check measured a part: an arrow from the seat that way, long enough to be seen. */

import { ConeGeometry, CylinderGeometry, Group, Mesh, MeshBasicMaterial, Vector3 } from "three";
import { SMALLEST_MM } from "../card/deviation";
import type { Pose, Vector } from "../wire";
import type { Palette } from "./look";
import { free, rotation, vector } from "./pose";

const LEAST_M = 0.05; // of the arrow: a tenth of a millimetre could not be seen
const PER_MM_M = 0.006; // it grows with what was measured ...
const MOST_M = 0.11; // ... up to here; from there on it is as long as the deviation itself
const THICK_M = 0.004;
const HEAD_M = 0.026;
const UP = new Vector3(0, 1, 0); // along which three makes its cylinders

export class Deviation {
  readonly object = new Group();
  /** Where the arrow ends, metres in the cell's frame; null while none is shown. */
  tip: Vector3 | null = null;
  private key = "";

  constructor(private colours: Palette) {}

  /** Show an offset (mm, in the seat's axes), or none. */
  set(offset_mm: Vector | null, seat: Pose | null): void {
    const key = offset_mm && seat ? JSON.stringify([offset_mm, seat]) : "";
    if (key === this.key) return;
    this.key = key;
    this.draw(offset_mm, seat);
  }

  recolour(colours: Palette): void {
    this.colours = colours;
    for (const { material } of this.object.children as Mesh<CylinderGeometry, MeshBasicMaterial>[]) material.color.copy(colours.off);
  }

  private draw(offset_mm: Vector | null, seat: Pose | null): void {
    this.tip = null;
    for (const child of [...this.object.children]) free(child);
    if (!offset_mm || !seat) return;
    const way = vector(offset_mm).applyQuaternion(rotation(seat.q));
    const off_mm = way.length();
    if (off_mm < SMALLEST_MM) return; // turned only: there is no way to point
    const long_m = drawn_m(off_mm);
    way.normalize();
    this.object.position.copy(vector(seat.p));
    this.object.quaternion.setFromUnitVectors(UP, way);
    this.object.add(
      this.piece(new CylinderGeometry(THICK_M, THICK_M, long_m - HEAD_M, 12), (long_m - HEAD_M) / 2),
      this.piece(new ConeGeometry(HEAD_M * 0.5, HEAD_M, 20), long_m - HEAD_M / 2),
    );
    this.tip = vector(seat.p).addScaledVector(way, long_m);
  }

  /** A piece of the arrow; the part itself does not hide it. */
  private piece(geometry: CylinderGeometry, along_m: number): Mesh {
    const mesh = new Mesh(geometry, new MeshBasicMaterial({ color: this.colours.off, depthTest: false, transparent: true }));
    mesh.position.y = along_m;
    mesh.renderOrder = 4;
    return mesh;
  }
}

/** How long the arrow of a deviation is. */
export const drawn_m = (off_mm: number): number => Math.max(off_mm / 1000, Math.min(MOST_M, LEAST_M + PER_MM_M * off_mm));
