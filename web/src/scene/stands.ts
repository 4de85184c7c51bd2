/** What nests and other seats on the table rest on, so that no part hangs in the air. */

import { BoxGeometry, Group, Mesh, MeshStandardMaterial } from "three";
import type { SceneView } from "../wire";
import type { Palette } from "./look";
import { rotation } from "./pose";

const LOW_M = 0.004; // flatter than this it is the table itself
const HIGH_M = 0.08; // higher up it is a place in the air, such as a handover
const NEST_M = [0.13, 0.104] as const;
const SEAT_M = [0.1, 0.1] as const;

export class Stands {
  readonly object = new Group();
  private readonly material = new MeshStandardMaterial({ roughness: 0.7, metalness: 0.1 });

  constructor(view: SceneView, colours: Palette) {
    this.recolour(colours);
    const nests = new Set(Object.values(view.nests).flat());
    for (const [name, pose] of Object.entries(view.frames)) {
      const height = pose.p[2];
      if (height < LOW_M || height > HIGH_M) continue;
      const [x, y] = nests.has(name) ? NEST_M : SEAT_M;
      const block = new Mesh(new BoxGeometry(x, y, height - 0.0006), this.material);
      block.position.set(pose.p[0], pose.p[1], (height - 0.0006) / 2);
      block.quaternion.copy(rotation(pose.q));
      block.castShadow = true;
      block.receiveShadow = true;
      this.object.add(block);
    }
  }

  recolour(colours: Palette): void {
    this.material.color.copy(colours.stand);
  }
}
