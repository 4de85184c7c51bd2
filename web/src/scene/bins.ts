/** The supply: trays under their slots, with the kind of part that belongs there. */

import { Box3, BoxGeometry, Group, InstancedMesh, Matrix4, Mesh, MeshStandardMaterial, Vector3 } from "three";
import type { BinLevel, BinView } from "../wire";
import type { Palette } from "./look";
import { load } from "./meshes";
import { rotation, vector } from "./pose";

const MARGIN_M = 0.012;
const WALL_M = 0.05; // height of a bin to reach into
const RIM_M = 0.004; // of a tray whose parts a camera finds: beside its corners

export class Bins {
  readonly object = new Group();
  /** The room that each bin takes, by name. */
  readonly boxes = new Map<string, Box3>();
  private readonly stocks = new Map<string, InstancedMesh>();
  private levels: ReadonlyMap<string, BinLevel> = new Map();
  private readonly tray = new MeshStandardMaterial({ roughness: 0.85, metalness: 0 });

  constructor(bins: readonly BinView[], colours: Palette, changed: () => void) {
    this.recolour(colours);
    for (const bin of bins) void this.add(bin).then(changed);
  }

  recolour(colours: Palette): void {
    this.tray.color.copy(colours.bin);
  }

  /** Show what is left: a grid is emptied from its first slot on. */
  fill(levels: ReadonlyMap<string, BinLevel>): void {
    this.levels = levels;
    for (const [name, stock] of this.stocks) stock.count = levels.get(name)?.count ?? stock.instanceMatrix.count;
  }

  private async add(bin: BinView): Promise<void> {
    const group = new Group();
    group.name = bin.name;
    this.object.add(group);
    const room = new Box3();
    for (const slot of bin.slots) room.expandByPoint(vector(slot.p));
    const part = bin.meshes[0] && bin.grid ? await load(bin.meshes[0]).catch(() => null) : null;
    const reach = part ? Math.max(...[part.box.min.x, part.box.min.y, part.box.max.x, part.box.max.y].map(Math.abs)) : 0.06;
    const beside = bin.loose ? RIM_M : reach + MARGIN_M;
    room.expandByVector(new Vector3(beside, beside, 0));
    const seat = room.min.z;
    const below = part ? Math.min(0, part.box.min.z) : 0;
    const bottom = Math.max(0, seat + below - 0.006);
    const size = room.getSize(new Vector3());
    const centre = room.getCenter(new Vector3());
    if (bin.grid || bin.loose) this.slab(group, centre, size.x, size.y, bottom, Math.max(bottom + 0.003, seat - 0.0005));
    else this.box(group, centre, size.x, size.y, Math.max(0, seat - 0.002));
    this.boxes.set(bin.name, new Box3(room.min.clone().setZ(bottom), room.max.clone().setZ(seat + (part?.box.max.z ?? WALL_M))));
    if (!part) return;
    const stock = new InstancedMesh(part.geometry, part.material, bin.slots.length);
    // The last slot is the first instance, so that a smaller count leaves the first slots empty.
    [...bin.slots].reverse().forEach((slot, i) => {
      stock.setMatrixAt(i, new Matrix4().compose(vector(slot.p), rotation(slot.q), new Vector3(1, 1, 1)));
    });
    stock.castShadow = true;
    stock.receiveShadow = true;
    group.add(stock);
    this.stocks.set(bin.name, stock);
    this.fill(this.levels);
  }

  private slab(group: Group, centre: Vector3, x: number, y: number, from: number, to: number): void {
    const plate = new Mesh(new BoxGeometry(x, y, to - from), this.tray);
    plate.position.set(centre.x, centre.y, (from + to) / 2);
    plate.castShadow = true;
    plate.receiveShadow = true;
    group.add(plate);
  }

  private box(group: Group, centre: Vector3, x: number, y: number, from: number): void {
    const wall = 0.004;
    this.slab(group, centre, x, y, from, from + wall);
    for (const side of [-1, 1]) {
      this.slab(group, new Vector3(centre.x + (side * (x - wall)) / 2, centre.y, 0), wall, y, from, from + WALL_M);
      this.slab(group, new Vector3(centre.x, centre.y + (side * (y - wall)) / 2, 0), x, wall, from, from + WALL_M);
    }
  }
}
