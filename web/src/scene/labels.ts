/** Words in the scene: page elements that follow a point, so that they stay sharp, readable and translated. */

import type { PerspectiveCamera, Vector3 } from "three";

export type Kind = "goal" | "take" | "off" | "intent" | "later" | "lost" | "plain" | "danger" | "warning" | "caution" | "notice";

const HAZARDS: ReadonlySet<Kind> = new Set(["danger", "warning", "caution", "notice"]);

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
  /** Something else is in front of it: it is not shown. */
  covered: boolean;
}

/** Where a label is on the page, px: its middle, its lower edge and its size. */
export interface Spot {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A name that gives way where it would cover another one. */
export interface Name extends Spot {
  /** How far from the camera it is, m. */
  depth: number;
  /** It was not shown in the picture before. */
  covered: boolean;
}

const GAP_PX = 4;
const BACK_PX = 10; // more room than it needs, before a covered name comes back
const KEPT = 0.85; // of its depth, for a name that is shown: two as far away do not take turns
const LOW_PX = 240; // a picture that is lower has room for signal words alone: the card says the rest of a hazard
const BOTTOM_PX = 8;
const LIFT_PX = 12; // between a label and its point

export class Labels implements Lettering {
  private readonly labels = new Map<string, Label>();

  constructor(private readonly host: HTMLElement) {}

  put(id: string, words: string, at: Vector3, kind: Kind): void {
    let label = this.labels.get(id);
    if (!label) {
      const element = document.createElement("span");
      this.host.append(element);
      label = { element, at, kind, covered: false };
      this.labels.set(id, label);
    }
    label.at = at.clone();
    label.kind = kind;
    label.element.className = `tag tag-${kind}${label.covered ? " tag-covered" : ""}`;
    if (label.element.textContent === words) return;
    const end = HAZARDS.has(kind) ? words.indexOf(": ") : -1;
    label.element.textContent = end < 0 ? words : words.slice(0, end);
    if (end < 0) return;
    const rest = document.createElement("span");
    rest.className = "tag-rest";
    rest.textContent = words.slice(end);
    label.element.append(rest);
  }

  drop(prefix: string): void {
    for (const [id, { element }] of this.labels) {
      if (!id.startsWith(prefix)) continue;
      element.remove();
      this.labels.delete(id);
    }
  }

  /** Follow the camera. Of two words that would cover each other the later ones move; a plain name gives way and is not shown. */
  place(camera: PerspectiveCamera, width: number, height: number): void {
    const { left, right, top, bottom, low, taken } = this.room(width, height);
    this.host.classList.toggle("labels-low", low);
    const plain: { label: Label; name: Name }[] = [];
    for (const label of this.labels.values()) {
      const { element, at, kind, covered } = label;
      const seen = at.clone().project(camera);
      const inside = seen.z < 1 && Math.abs(seen.x) < 1.1 && Math.abs(seen.y) < 1.1;
      element.hidden = !inside;
      if (!inside) continue;
      const half = element.offsetWidth / 2 + 6;
      const x = Math.min(right - half, Math.max(left + half, ((seen.x + 1) / 2) * width));
      const spot = { x, y: ((1 - seen.y) / 2) * height, width: element.offsetWidth, height: element.offsetHeight };
      if (kind === "plain") {
        spot.y = Math.min(bottom, Math.max(spot.height + top, spot.y));
        plain.push({ label, name: { ...spot, depth: at.distanceTo(camera.position), covered } });
      } else {
        spot.y = clear(spot, taken, spot.height + top, bottom);
        taken.push(spot);
        cover(label, false);
      }
      element.style.transform = `translate(-50%, -100%) translate(${x.toFixed(1)}px, ${(spot.y - LIFT_PX).toFixed(1)}px)`;
    }
    const hidden = covered(plain.map(({ name }) => name), taken);
    for (const [i, { label }] of plain.entries()) cover(label, hidden[i]!);
  }

  /** The part of the picture that is seen, between its upper buttons and its lower edge, and what lies over it: words under that could not be read. */
  private room(width: number, height: number): { left: number; right: number; top: number; bottom: number; low: boolean; taken: Spot[] } {
    const whole = this.host.closest<HTMLElement>(".scene");
    const own = this.host.getBoundingClientRect();
    const seen = whole?.getBoundingClientRect() ?? own;
    const over = (selector: string): DOMRect | null => whole?.querySelector(selector)?.getBoundingClientRect() ?? null;
    const taken = [".ways", ".onlook-known"].flatMap((selector): Spot[] => {
      const box = over(selector);
      if (!box?.width) return [];
      return [{ x: box.left + box.width / 2 - own.left, y: box.bottom - own.top + LIFT_PX, width: box.width, height: box.height }];
    });
    const views = over(".views");
    const [first, last] = [Math.max(0, seen.top - own.top), Math.min(height, seen.bottom - own.top)];
    return {
      left: Math.max(0, seen.left - own.left),
      right: Math.min(width, seen.right - own.left),
      top: (views?.width ? views.bottom - own.top : first) + GAP_PX + LIFT_PX,
      bottom: last - BOTTOM_PX,
      low: last - first < LOW_PX,
      taken,
    };
  }
}

function cover(label: Label, covered: boolean): void {
  if (label.covered === covered) return;
  label.covered = covered;
  label.element.classList.toggle("tag-covered", covered);
}

/**
 * Which names are not to be shown, in their order: those that would cover a `taken` spot or a name nearer to the camera.
 * One that is shown yields only to a clearly nearer one, and one that was covered comes back only with room to spare: a
 * picture that trembles does not make names blink.
 */
export function covered(names: readonly Name[], taken: readonly Spot[]): boolean[] {
  const rank = (name: Name) => name.depth * (name.covered ? 1 : KEPT);
  const nearest = [...names.keys()].sort((a, b) => rank(names[a]!) - rank(names[b]!) || a - b);
  const shown = [...taken];
  const hidden = names.map(() => true);
  for (const i of nearest) {
    const name = names[i]!;
    if (shown.some((other) => meet(name, other, name.covered ? BACK_PX : 0))) continue;
    hidden[i] = false;
    shown.push(name);
  }
  return hidden;
}

/** Two spots have less than `room` px between them, side by side or one above the other. */
function meet(a: Spot, b: Spot, room: number): boolean {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + room && a.y - a.height < b.y + room && b.y - b.height < a.y + room;
}

/** The lower edge, from `top` to `bottom`, at which a label covers none of the `taken` ones: as little above as does, else below. */
export function clear(spot: Spot, taken: readonly Spot[], top: number, bottom: number): number {
  const y = Math.min(bottom, Math.max(top, spot.y));
  const up = above({ ...spot, y }, taken);
  if (up >= top) return up;
  let down = y;
  for (const other of taken.filter(({ x, width }) => Math.abs(x - spot.x) < (width + spot.width) / 2).sort((a, b) => a.y - b.y)) {
    if (down - spot.height < other.y && other.y - other.height < down) down = other.y + spot.height + GAP_PX;
  }
  return Math.min(bottom, down);
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
