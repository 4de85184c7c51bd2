/** The arm: primitives of each link, posed from the pose stream. Greyed, not gone, while its pose is not known. */

import {
  BoxGeometry,
  CylinderGeometry,
  Group,
  Mesh,
  MeshStandardMaterial,
  SphereGeometry,
  type BufferGeometry,
} from "three";
import type { Freshness, PoseStream } from "../poses";
import type { LinkView, Primitive } from "../wire";
import type { Palette } from "./look";
import { put } from "./pose";

const ROLES = { arm: "arm", body: "arm", joint: "joint", gripper: "gripper", tool: "gripper", finger: "gripper", pad: "gripper" } as const;
const FADE: Record<Freshness, number> = { live: 1, stale: 0.6, lost: 0.3 };

export class Robot {
  readonly object = new Group();
  private readonly links = new Map<string, Group>();
  private readonly materials: Record<"arm" | "joint" | "gripper", MeshStandardMaterial>;
  /** What is shown: how far the pose can be believed. */
  freshness: Freshness = "live";

  constructor(
    views: readonly LinkView[],
    private colours: Palette,
  ) {
    const make = (roughness: number, metalness: number): MeshStandardMaterial => new MeshStandardMaterial({ roughness, metalness });
    this.materials = { arm: make(0.5, 0.15), joint: make(0.45, 0.1), gripper: make(0.5, 0.3) };
    for (const view of views) {
      const link = new Group();
      link.visible = false; // until its first pose comes
      for (const body of view.bodies) link.add(this.body(body));
      this.links.set(view.name, link);
      this.object.add(link);
    }
    this.recolour(colours);
  }

  /** Move to where the stream says it is at `now`; the result says how far that can be believed. */
  update(poses: PoseStream, now: number): Freshness {
    for (const [name, link] of this.links) {
      const pose = poses.at("robot", name, now);
      if (!pose) continue;
      put(link, pose);
      link.visible = true;
    }
    const freshness = poses.freshness("robot", now);
    if (freshness !== this.freshness) {
      this.freshness = freshness;
      this.recolour(this.colours);
    }
    return freshness;
  }

  recolour(colours: Palette): void {
    this.colours = colours;
    for (const [role, material] of Object.entries(this.materials) as ["arm" | "joint" | "gripper", MeshStandardMaterial][]) {
      material.color.copy(this.freshness === "lost" ? colours.lost : colours[role]);
      material.opacity = FADE[this.freshness];
      material.transparent = this.freshness !== "live";
      material.needsUpdate = true;
    }
  }

  private body(body: Primitive): Mesh {
    const role = ROLES[body.role as keyof typeof ROLES] ?? "arm";
    const mesh = new Mesh(shape(body), this.materials[role]);
    put(mesh, body.pose);
    mesh.castShadow = true;
    mesh.receiveShadow = true;
    return mesh;
  }
}

/** The geometry of a primitive. */
export function shape({ shape: kind, size_m: [a, b, c] }: Primitive): BufferGeometry {
  switch (kind) {
    case "box":
      return new BoxGeometry(a, b, c);
    case "sphere":
      return new SphereGeometry(a, 32, 20);
    case "cylinder":
      return new CylinderGeometry(a, a, b, 40).rotateX(Math.PI / 2);
  }
}
