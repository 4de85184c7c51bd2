/** Words in the scene: page elements that follow a point, so that they stay sharp, readable and translated. */

import type { PerspectiveCamera, Vector3 } from "three";

export type Kind = "goal" | "take" | "off" | "intent" | "later" | "lost" | "plain" | "danger" | "warning" | "caution" | "notice";

/** Where words in the scene are written: beside the picture, or in it. Points are in the cell's frame, metres. */
export interface Lettering {
  put(id: string, words: string, at: Vector3, kind: Kind): void;
  /** Take away every label whose id starts so. */
  drop(prefix: string): void;
}

interface Label {
  element: HTMLElement;
  at: Vector3;
  kind: Kind;
}

/** Where a label is on the page, px: its middle, its lower edge and its size. */
export interface Spot {
  x: number;
  y: number;
  width: number;
  height: number;
}

const GAP_PX = 4;

export class Labels implements Lettering {
  private readonly labels = new Map<string, Label>();

  constructor(private readonly host: HTMLElement) {}

  put(id: string, words: string, at: Vector3, kind: Kind): void {
    let label = this.labels.get(id);
    if (!label) {
      const element = document.createElement("span");
      this.host.append(element);
      label = { element, at, kind };
      this.labels.set(id, label);
    }
    label.at = at.clone();
    label.kind = kind;
    label.element.className = `tag tag-${kind}`;
    if (label.element.textContent !== words) label.element.textContent = words;
  }

  drop(prefix: string): void {
    for (const [id, { element }] of this.labels) {
      if (!id.startsWith(prefix)) continue;
      element.remove();
      this.labels.delete(id);
    }
  }

  /** Follow the camera. Of two that would cover each other, the later one moves up; names of frames are too many for that. */
  place(camera: PerspectiveCamera, width: number, height: number): void {
    const taken: Spot[] = [];
    for (const { element, at, kind } of this.labels.values()) {
      const seen = at.clone().project(camera);
      const inside = seen.z < 1 && Math.abs(seen.x) < 1.1 && Math.abs(seen.y) < 1.1;
      element.hidden = !inside;
      if (!inside) continue;
      const half = element.offsetWidth / 2 + 6;
      const x = Math.min(width - half, Math.max(half, ((seen.x + 1) / 2) * width));
      const spot = { x, y: ((1 - seen.y) / 2) * height, width: element.offsetWidth, height: element.offsetHeight };
      if (kind !== "plain") {
        spot.y = above(spot, taken);
        taken.push(spot);
      }
      const y = Math.min(height - 8, Math.max(spot.height + 84, spot.y));
      element.style.transform = `translate(-50%, -100%) translate(${x.toFixed(1)}px, ${(y - 12).toFixed(1)}px)`;
    }
  }
}

/** The lower edge at which a label covers none of the `taken` ones: where it is, or as little above as does. */
export function above(spot: Spot, taken: readonly Spot[]): number {
  const beside = taken.filter(({ x, width }) => Math.abs(x - spot.x) < (width + spot.width) / 2);
  let { y } = spot;
  for (const other of beside.sort((a, b) => b.y - a.y)) {
    if (y - spot.height < other.y && other.y - other.height < y) y = other.y - other.height - GAP_PX;
  }
  return y;
}
