/** The parts of the ledger, where it believes them to be; parts that move follow the pose stream. */

import { Group, LineBasicMaterial, LineSegments, Mesh, MeshStandardMaterial } from "three";
import type { PoseStream } from "../poses";
import type { Table } from "../store";
import type { PartView } from "../wire";
import type { Palette } from "./look";
import { load } from "./meshes";
import { free, put } from "./pose";

interface Shown {
  view: PartView;
  object: Group;
}

export class Parts {
  readonly object = new Group();
  private readonly shown = new Map<string, Shown>();

  constructor(
    private colours: Palette,
    private readonly changed: () => void,
  ) {}

  /** Show these parts and no others. */
  set(parts: Table<PartView>): void {
    for (const [id, { object }] of this.shown) {
      if (parts.has(id)) continue;
      free(object);
      this.shown.delete(id);
    }
    for (const [id, view] of parts) {
      const known = this.shown.get(id);
      if (known && known.view.mesh === view.mesh && known.view.certainty === view.certainty) {
        known.view = view;
        if (carried(view)) continue;
        put(known.object, view.pose);
        known.object.visible = true;
      } else {
        if (known) free(known.object);
        this.shown.set(id, { view, object: this.make(view) });
      }
    }
  }

  /** Let parts that move follow the stream at `now`. */
  update(poses: PoseStream, now: number): void {
    for (const name of poses.names("parts")) {
      const part = this.shown.get(name);
      if (!part) continue;
      const pose = carried(part.view) ? poses.at("parts", name, now) : part.view.pose;
      if (!pose) continue;
      put(part.object, pose);
      part.object.visible = true;
    }
  }

  recolour(colours: Palette): void {
    this.colours = colours;
  }

  private make(view: PartView): Group {
    const object = new Group();
    put(object, view.pose);
    object.visible = !carried(view); // its pose is in the gripper's frame: the stream knows where that is
    this.object.add(object);
    if (!view.mesh) return object;
    load(view.mesh).then(
      ({ geometry, edges, material }) => {
        if (object.parent === null) return;
        const sure = view.certainty === "known";
        const own = sure ? material : new MeshStandardMaterial({ color: this.colours.lost, transparent: true, opacity: 0.55 });
        const mesh = new Mesh(geometry, own);
        mesh.userData.shared = true;
        mesh.castShadow = sure;
        mesh.receiveShadow = true;
        object.add(mesh);
        if (!sure) {
          const lines = new LineSegments(edges, new LineBasicMaterial({ color: this.colours.intent }));
          lines.userData.shared = true;
          object.add(lines);
        }
        this.changed();
      },
      () => undefined, // a part without its mesh stays a name in the list
    );
    return object;
  }
}

const carried = (view: PartView): boolean => view.holder === "gripper";
