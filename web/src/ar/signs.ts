/** Words in the scene for a headset: small plates that face the eye. */

import { CanvasTexture, Group, Sprite, SpriteMaterial, SRGBColorSpace, type Vector3 } from "three";
import type { Kind, Lettering } from "../scene/labels";

const HEIGHT_M = 0.034; // of a line, in the cell's own measure
const FONT_PX = 36;
const PAD_PX = 18;

export class Signs implements Lettering {
  readonly object = new Group();
  private readonly signs = new Map<string, { sprite: Sprite; key: string }>();
  private scale = 1;

  /** `host` is where the stylesheet's colours are read. */
  constructor(private readonly host: Element) {}

  /** Keep their size where the scene is drawn at `scale`. */
  enlarge(scale: number): void {
    if (scale === this.scale) return;
    this.scale = scale;
    for (const { sprite } of this.signs.values()) this.size(sprite);
  }

  put(id: string, words: string, at: Vector3, kind: Kind): void {
    const key = `${kind}\n${words}`;
    let sign = this.signs.get(id);
    if (sign?.key !== key) {
      if (sign) this.remove(id);
      sign = { key, sprite: this.draw(words, kind) };
      this.signs.set(id, sign);
      this.object.add(sign.sprite);
    }
    sign.sprite.position.copy(at);
  }

  drop(prefix: string): void {
    for (const id of [...this.signs.keys()]) if (id.startsWith(prefix)) this.remove(id);
  }

  private remove(id: string): void {
    const sign = this.signs.get(id);
    if (!sign) return;
    sign.sprite.removeFromParent();
    sign.sprite.material.map?.dispose();
    sign.sprite.material.dispose();
    this.signs.delete(id);
  }

  private draw(words: string, kind: Kind): Sprite {
    const probe = document.createElement("span");
    probe.className = `tag tag-${kind}`;
    this.host.append(probe);
    const { backgroundColor, color, fontFamily } = getComputedStyle(probe);
    probe.remove();
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    const font = `600 ${FONT_PX}px ${fontFamily}`;
    if (!context) throw new Error("this browser has no 2D canvas");
    context.font = font;
    canvas.width = Math.ceil(context.measureText(words).width) + 2 * PAD_PX;
    canvas.height = FONT_PX + 2 * PAD_PX;
    context.font = font;
    context.fillStyle = backgroundColor;
    context.beginPath();
    context.roundRect(0, 0, canvas.width, canvas.height, PAD_PX);
    context.fill();
    context.fillStyle = color;
    context.textBaseline = "middle";
    context.fillText(words, PAD_PX, canvas.height / 2 + 2);
    const map = new CanvasTexture(canvas);
    map.colorSpace = SRGBColorSpace;
    const sprite = new Sprite(new SpriteMaterial({ map, depthTest: false, depthWrite: false, toneMapped: false }));
    sprite.renderOrder = 10;
    sprite.center.set(0.5, 0);
    sprite.userData.aspect = canvas.width / canvas.height;
    this.size(sprite);
    return sprite;
  }

  private size(sprite: Sprite): void {
    const height = (HEIGHT_M * this.scale * (FONT_PX + 2 * PAD_PX)) / FONT_PX;
    sprite.scale.set(height * Number(sprite.userData.aspect), height, 1);
  }
}
