// The plate that a headset shows: what three's HTMLMesh draws is read off its own canvas, and held to what a person needs.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, base, freshName, open, startOrder, storeOrder, TABLET, topic } from "./cell_page.mjs";
import { states } from "./cards.mjs";
import { emulator, session } from "./quest.mjs";
import { told } from "./told.mjs";

const FINGER_M = 0.022; // what a fingertip hits, at the least
const GLOVE_PX = 60;
const STEP_MS = 2 * 60_000;
const READ = { card: 7, else: 4.5 }; // contrast: AAA on the step card, AA elsewhere
const LARGE = 4.5; // and of letters of 24 px, or 18.6 px and bold, on the card

/** Before the page's own scripts: note what is written onto each canvas, and where, since it was cleared last. */
function noting([theme, language]) {
  for (const [name, value] of Object.entries({ theme, language, detail: "novice" })) localStorage.setItem(`tandem.${name}`, value);
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  globalThis.written = new Map();
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    globalThis.written.set(this.canvas, []);
    return clearRect.apply(this, box);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const clear = this.fillStyle === "rgba(0, 0, 0, 0)";
    const high = Number.parseFloat(/([\d.]+)px/.exec(this.font)[1]);
    if (!clear && text.trim()) globalThis.written.get(this.canvas)?.push({ text, x, y, wide: this.measureText(text).width, high, font: this.font, colour: this.fillStyle });
    return fillText.call(this, text, x, y);
  };
}

/** What stands on the plate: its picture, its texts with their contrasts, and what can be pressed. */
const plate = (page) =>
  page.evaluate(() => {
    const mirror = document.querySelector(".mirror");
    const { offsetWidth: width, offsetHeight: height } = mirror;
    const [canvas, texts] = [...globalThis.written].filter(([one]) => one.width === width && one.height === height).at(-1) ?? [];
    if (!canvas) return null;
    const all = mirror.getBoundingClientRect();
    const card = mirror.querySelector(".card")?.getBoundingClientRect();
    const context = canvas.getContext("2d");
    const { data } = context.getImageData(0, 0, width, height);
    const light = (channels) => channels.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const probe = new OffscreenCanvas(1, 1).getContext("2d");
    const colour = (css) => {
      probe.fillStyle = css;
      probe.fillRect(0, 0, 1, 1);
      return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const read = texts.map((one) => {
      const at = 4 * (Math.round(one.y + one.high / 2) * width + Math.max(0, Math.round(one.x) - 2));
      const [a, b] = [light(colour(one.colour)), light([...data.slice(at, at + 3)])].toSorted((p, q) => q - p);
      return { ...one, contrast: (a + 0.05) / (b + 0.05), card: card !== undefined && one.y < card.bottom - all.top && one.y > card.top - all.top };
    });
    const m = JSON.parse(mirror.parentElement.dataset.matrix);
    return {
      width,
      height,
      px_m: Math.hypot(m[0], m[1], m[2]) / 1000,
      colours: new Set(new Uint32Array(data.buffer)).size,
      texts: read,
      controls: [...mirror.querySelectorAll("button, summary, input, .mirror-text")].map((one) => {
        const box = one.getBoundingClientRect();
        return { what: one.innerText || one.value || one.className, x: box.left - all.left, y: box.top - all.top, wide: box.width, high: box.height, over: one.closest(".further-sheet") !== null };
      }),
      picture: canvas.toDataURL("image/png").split(",")[1],
    };
  });

/** Wait until the plate has been drawn as the page is. */
export async function drawn(page) {
  await page.waitForFunction(() => {
    const mirror = document.querySelector(".mirror");
    const [, texts = []] = [...globalThis.written].filter(([one]) => one.width === mirror.offsetWidth && one.height === mirror.offsetHeight).at(-1) ?? [];
    const plain = (text) => text.replaceAll(/\s+/g, "");
    const says = plain(texts.map(({ text }) => text).join(""));
    const asking = [...document.querySelectorAll(".worker dialog[open]")].at(-1);
    const parts = asking ? [asking] : [...document.querySelectorAll(".work > .card, .work > .actions-main")];
    const own = parts.flatMap((part) => [...part.querySelectorAll("h1, h2, .do, .more, .hazard > p, dd, legend, .found strong, button > span:last-child")]).filter((one) => one.checkVisibility());
    return texts.length > 0 && own.every((one) => says.includes(plain(one.textContent)));
  });
  await session.frames(page, 2);
  return plate(page);
}

const meet = (a, b, by = 1) => a.x + a.wide > b.x + by && b.x + b.wide > a.x + by && a.y + a.high > b.y + by && b.y + b.high > a.y + by;

export function hold(what, { width, height, px_m, colours, texts, controls }) {
  assert.ok(colours > 20, `${what}: only ${colours} colours are drawn`);
  const beside = texts.filter(({ x, y, wide, high }) => x < 0 || y < 0 || x + wide > width || y + high > height);
  assert.deepEqual(beside.map(({ text }) => text), [], `${what}: words run over the plate's edge`);
  const over = texts.flatMap((a, i) => texts.slice(i + 1).filter((b) => meet(a, b, 3)).map((b) => `${a.text} / ${b.text}`));
  assert.deepEqual(what.includes("more") ? [] : over, [], `${what}: words are written over each other`);
  const faint = texts.filter(({ contrast, card, high, font }) => contrast < (card && high < (/^[678]00/.test(font) ? 18.6 : 24) ? READ.card : card ? LARGE : READ.else));
  assert.deepEqual(faint.map(({ text, contrast }) => `${text} ${contrast.toFixed(1)}`), [], `${what}: hard to read`);
  const small = controls.filter(({ wide, high }) => Math.min(wide, high) < GLOVE_PX - 0.5 || Math.min(wide, high) * px_m < FINGER_M);
  assert.deepEqual(small.map((one) => `${one.what} ${(one.wide * px_m * 1000).toFixed(0)} x ${(one.high * px_m * 1000).toFixed(0)} mm`), [], `${what}: too small for a finger`);
  const hidden = controls.flatMap((a, i) => controls.slice(i + 1).filter((b) => !a.over && !b.over && meet(a, b)).map((b) => `${a.what} / ${b.what}`));
  assert.deepEqual(hidden, [], `${what}: one button lies over another`);
}

export function keep(name, { picture }) {
  const folder = process.env.TANDEM_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), Buffer.from(picture, "base64"));
}

export async function wear(browser, look, before = async () => {}) {
  const context = await browser.newContext({ viewport: TABLET, locale: "en-GB", baseURL: base });
  await context.addInitScript(noting, look);
  await context.addInitScript(emulator());
  await before(context);
  const line = await told(context);
  const page = await open({ newContext: () => context }, "/worker");
  await page.locator("[data-testid=card]:not([data-status=none])").waitFor();
  const all = states(line.topic("card/front"), line.topic("cell"), line.topic("lane/robot"));
  line.tell(all.step);
  await page.getByTestId("way-headset").click();
  await page.locator(".mirror-frame[data-matrix]").waitFor({ state: "attached" });
  return { page, line, all };
}

const say = (command) => ask("/api/v1/commands", { id: freshName(command.type), command });

/** Have the cell ask somebody for a step of their own, without a page that draws; returns the order. */
export async function atStep(browser) {
  await say({ type: "leave_place", place: "front" }).catch(() => {}); // with whoever's device was closed
  await say({ type: "join_place", place: "front", operator: "Kim" });
  const board = await open(browser, "/board");
  const id = await storeOrder(freshName("plate"));
  await startOrder(board, id);
  const began = Date.now();
  while (topic(board, "card/front")?.status !== "step") {
    assert.ok(Date.now() - began < STEP_MS, `no step for a person: ${JSON.stringify(topic(board, "card/front"))}`);
    await board.waitForTimeout(100);
  }
  await board.context().close();
  return id;
}
