/** A copy of parts of the page, laid out for a panel in a headset: three's HTMLMesh draws it, presses go to the originals. */

const SETTLE_MS = 40;
const HEIGHT_STEP_PX = 60; // a panel that grew by every pixel would be made anew all the time
const MOST_PX = 1200; // of a picture: twice as wide as the panel shows it
const PRESSABLE = "button, summary, input, select, .mirror-text";
const LEFT_OUT = ".unseen, [hidden], dialog:not([open]), details:not([open]) > :not(summary), video, a:not(.evidence-link), script"; // HTMLMesh would draw what is folded away

export class Mirror {
  readonly element = document.createElement("div");
  /** Around it; its attributes are nobody's reason to draw anew. */
  readonly frame = document.createElement("div");
  private readonly originals = new WeakMap<Element, HTMLElement>();
  private readonly observer: MutationObserver;
  private pending: ReturnType<typeof setTimeout> | undefined;

  /** `sources` names what is copied, in its order, below `root`; `changed` is called after each new copy. */
  constructor(
    private readonly root: HTMLElement,
    private readonly sources: () => readonly HTMLElement[],
    private readonly changed: () => void,
  ) {
    this.element.className = "mirror";
    this.element.inert = true;
    this.element.ariaHidden = "true";
    this.frame.className = "mirror-frame";
    this.frame.append(this.element);
    document.body.append(this.frame);
    this.observer = new MutationObserver(this.later);
    this.observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
    root.addEventListener("input", this.later);
    for (const come of ["load", "error"]) root.addEventListener(come, this.later, true); // pictures: neither is told further up
    this.copy();
  }

  /** What can be pressed at a point of the copy (0 to 1, from its top left): the original; null where there is nothing. */
  at(u: number, v: number): HTMLElement | null {
    const all = this.element.getBoundingClientRect();
    const [x, y] = [all.left + u * all.width, all.top + v * all.height];
    let found: HTMLElement | null = null;
    for (const copy of this.element.querySelectorAll(PRESSABLE)) {
      const { left, right, top, bottom } = copy.getBoundingClientRect();
      if (x >= left && x <= right && y >= top && y <= bottom) found = this.originals.get(copy) ?? found;
    }
    return found;
  }

  dispose(): void {
    clearTimeout(this.pending);
    this.observer.disconnect();
    this.root.removeEventListener("input", this.later);
    for (const come of ["load", "error"]) this.root.removeEventListener(come, this.later, true);
    this.frame.remove();
  }

  private readonly later = (): void => {
    this.pending ??= setTimeout(() => {
      this.pending = undefined;
      this.copy();
    }, SETTLE_MS);
  };

  private copy(): void {
    const copies = this.sources().map((source) => {
      const copy = source.cloneNode(true) as HTMLElement;
      this.pair(source, copy);
      copy.querySelectorAll(LEFT_OUT).forEach((left) => left.remove());
      return copy;
    });
    this.element.style.height = "";
    this.element.replaceChildren(...copies);
    apart(this.element).forEach(broken);
    for (const one of this.element.querySelectorAll<HTMLElement>("*")) if (getComputedStyle(one).visibility === "hidden") one.classList.add("mirror-room");
    this.element.style.height = `${Math.ceil(this.element.scrollHeight / HEIGHT_STEP_PX) * HEIGHT_STEP_PX}px`;
    this.changed();
  }

  /** Take over what cloning leaves behind: what was typed, and drawn pictures. */
  private pair(source: Element, copy: Element): void {
    if (source instanceof HTMLElement) this.originals.set(copy, source);
    copy.removeAttribute("id"); // an id is there once
    const name = source.getAttribute("data-testid");
    if (name !== null) {
      copy.removeAttribute("data-testid");
      copy.setAttribute("data-of", name);
    }
    if (source instanceof HTMLInputElement && copy instanceof HTMLInputElement) {
      copy.value = source.value || source.placeholder;
      copy.toggleAttribute("data-empty", source.value === "");
    }
    if (source instanceof HTMLCanvasElement && copy instanceof HTMLCanvasElement && source.width > 0) copy.getContext("2d")?.drawImage(source, 0, 0);
    if (source instanceof SVGSVGElement) copy.replaceWith(drawn(source));
    else if (source instanceof HTMLTextAreaElement) this.originals.set(written(source, copy), source);
    else if (source instanceof HTMLImageElement) copy.replaceWith(pictured(source));
    else [...source.children].map((child, i) => [child, copy.children[i]] as const).forEach(([child, other]) => other && this.pair(child, other));
    const before = /^"(.+)"$/.exec(getComputedStyle(source, "::before").content)?.[1];
    if (before) copy.prepend(Object.assign(document.createElement("span"), { className: "mirror-before", textContent: before }));
  }
}

/** HTMLMesh writes into fields of one line alone: a box with the same words stands for a larger one. */
function written(area: HTMLTextAreaElement, copy: Element): HTMLElement {
  const box = Object.assign(document.createElement("div"), { className: "mirror-text", textContent: area.value || area.placeholder });
  box.toggleAttribute("data-empty", area.value === "");
  box.setAttribute("aria-invalid", String(area.ariaInvalid));
  copy.replaceWith(box);
  return box;
}

/** A picture as it has come, or its words: HTMLMesh draws none that comes later, and breaks off at one that never comes. */
function pictured(image: HTMLImageElement): HTMLElement {
  const { naturalWidth: width, naturalHeight: height } = image;
  if (!image.complete || width === 0) return Object.assign(document.createElement("p"), { className: "mirror-alt", textContent: image.alt });
  const canvas = document.createElement("canvas");
  canvas.className = "mirror-picture";
  const scale = Math.min(1, MOST_PX / width);
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** HTMLMesh draws no SVG: a sign is drawn as a picture of the same size. */
function drawn(svg: SVGSVGElement): HTMLCanvasElement {
  const { width, height } = svg.getBoundingClientRect();
  const { color } = getComputedStyle(svg);
  const canvas = document.createElement("canvas");
  canvas.className = "mirror-sign";
  canvas.width = Math.max(1, Math.ceil(width * 2));
  canvas.height = Math.max(1, Math.ceil(height * 2));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  const box = svg.viewBox.baseVal;
  if (!context || !box?.width || !box.height) return canvas;
  context.scale(canvas.width / box.width, canvas.height / box.height);
  for (const shape of svg.children) {
    const style = getComputedStyle(shape);
    if (shape instanceof SVGPathElement) {
      context.strokeStyle = color;
      context.lineWidth = 2.2;
      context.lineCap = context.lineJoin = "round";
      context.stroke(new Path2D(shape.getAttribute("d") ?? ""));
    } else if (shape instanceof SVGRectElement) {
      context.fillStyle = style.fill;
      context.fillRect(shape.x.baseVal.value, shape.y.baseVal.value, shape.width.baseVal.value, shape.height.baseVal.value);
    }
  }
  return canvas;
}

/** HTMLMesh draws each text in one line: every word becomes a text of its own, so that lines break as on the page. */
function apart(element: Element): Text[] {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  return texts.flatMap((text) => {
    const words = text.data.split(/(\s+)/).filter((word) => word !== "");
    const pieces = words.map((word) => document.createTextNode(word));
    text.replaceWith(...pieces);
    return pieces.filter(({ data }) => data.trim() !== "");
  });
}

/** A word too long for its line goes on in the next one: each of its pieces becomes a text of its own, too. */
function broken(text: Text): void {
  const range = document.createRange();
  range.selectNodeContents(text);
  if (range.getClientRects().length < 2) return;
  const top = (at: number): number => {
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().top;
  };
  const first = top(0);
  const end = [...text.data].findIndex((_, at) => top(at) > first + 1);
  if (end > 0) broken(text.splitText(end));
}
