/** What a programmer switches on: frames, zones and cameras, each named. */

import { AxesHelper, Box3, Box3Helper, BufferGeometry, Float32BufferAttribute, Group, LineBasicMaterial, LineSegments, Vector3 } from "three";
import { called } from "../common/called";
import type { Pose, SceneView } from "../wire";
import type { Lettering } from "./labels";
import type { Palette } from "./look";
import { put, vector } from "./pose";

export const LAYERS = ["frames", "zones", "bins", "cameras", "intent"] as const;
export type Layer = (typeof LAYERS)[number];

export class Layers {
  readonly object = new Group();
  private readonly groups: Record<"frames" | "zones" | "cameras", Group> = {
    frames: new Group(),
    zones: new Group(),
    cameras: new Group(),
  };
  private readonly lines: LineBasicMaterial;

  constructor(
    private readonly view: SceneView,
    colours: Palette,
    private readonly labels: Lettering,
  ) {
    this.lines = new LineBasicMaterial({ color: colours.zone });
    const { frames, zones, cameras } = this.groups;
    for (const pose of Object.values({ ...view.frames, ...view.places })) frames.add(axes(pose));
    for (const [low, high] of Object.values(view.zones)) {
      const helper = new Box3Helper(new Box3(new Vector3(...low), new Vector3(...high)));
      helper.material = this.lines;
      zones.add(helper);
    }
    for (const pose of Object.values(view.cameras)) cameras.add(this.frustum(pose));
    this.object.add(frames, zones, cameras);
    this.show(new Set());
  }

  show(layers: ReadonlySet<Layer>): void {
    for (const [name, group] of Object.entries(this.groups)) group.visible = layers.has(name as Layer);
    this.labels.drop("layer:");
    if (layers.has("frames")) {
      for (const [name, pose] of Object.entries({ ...this.view.frames, ...this.view.places })) this.labels.put(`layer:frame:${name}`, called(name), vector(pose.p), "plain");
    }
    if (layers.has("zones")) {
      for (const [name, [low, high]] of Object.entries(this.view.zones)) {
        this.labels.put(`layer:zone:${name}`, called(name), new Vector3((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[2]), "plain");
      }
    }
    if (layers.has("cameras")) {
      for (const [name, pose] of Object.entries(this.view.cameras)) this.labels.put(`layer:camera:${name}`, called(name), vector(pose.p), "plain");
    }
  }

  recolour(colours: Palette): void {
    this.lines.color.copy(colours.zone);
  }

  /** A camera's view: z forward, x right, y down. */
  private frustum(pose: Pose): LineSegments {
    const [x, y, z] = [0.11, 0.08, 0.2];
    const corners = [[-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]] as const;
    const points = corners.flatMap((corner, i) => [0, 0, 0, ...corner, ...corner, ...(corners[(i + 1) % 4] ?? corner)]);
    const lines = new LineSegments(new BufferGeometry().setAttribute("position", new Float32BufferAttribute(points, 3)), this.lines);
    put(lines, pose);
    return lines;
  }
}

function axes(pose: Pose): AxesHelper {
  const helper = new AxesHelper(0.07);
  put(helper, pose);
  return helper;
}
