/** Words in the scene: page elements that follow a point, so that they stay sharp, readable and translated. */

import type { PerspectiveCamera, Vector3 } from "three";

export type Kind = "goal" | "take" | "intent" | "lost" | "plain" | "danger" | "warning" | "caution" | "notice";

/** Where words in the scene are written: beside the picture, or in it. Points are in the cell's frame, metres. */
export interface Lettering {
  put(id: string, words: string, at: Vector3, kind: Kind): void;
  /** Take away every label whose id starts so. */
  drop(prefix: string): void;
}

interface Label {
  element: HTMLElement;
  at: Vector3;
}

export class Labels implements Lettering {
  private readonly labels = new Map<string, Label>();

  constructor(private readonly host: HTMLElement) {}

  put(id: string, words: string, at: Vector3, kind: Kind): void {
    let label = this.labels.get(id);
    if (!label) {
      const element = document.createElement("span");
      this.host.append(element);
      label = { element, at };
      this.labels.set(id, label);
    }
    label.at = at.clone();
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

  /** Follow the camera. */
  place(camera: PerspectiveCamera, width: number, height: number): void {
    for (const { element, at } of this.labels.values()) {
      const seen = at.clone().project(camera);
      const inside = seen.z < 1 && Math.abs(seen.x) < 1.1 && Math.abs(seen.y) < 1.1;
      element.hidden = !inside;
      if (!inside) continue;
      const half = element.offsetWidth / 2 + 6;
      const x = Math.min(width - half, Math.max(half, ((seen.x + 1) / 2) * width));
      const y = Math.min(height - 8, Math.max(element.offsetHeight + 84, ((1 - seen.y) / 2) * height));
      element.style.transform = `translate(-50%, -100%) translate(${x.toFixed(1)}px, ${(y - 12).toFixed(1)}px)`;
    }
  }
}
