// An emulated Quest 3 (iwer): the page gets WebXR before its own scripts run, and hands that press what the panel shows.
import { require } from "./cell_page.mjs";

const { buildSync } = require("esbuild");
const EMULATOR = `
  import { XRDevice, metaQuest3 } from "iwer";
  // software draws a frame in a tenth of a second: without a rest between two, nothing else would get its turn
  globalThis.questFrame = (draw) => setTimeout(() => window.requestAnimationFrame(draw), 100);
  const device = new XRDevice(metaQuest3, { stereoEnabled: false });
  device.installRuntime({ forceInstall: true });
  // iwer says select when a pinch begins, and before selectstart; a device says it when the fingers open
  const { dispatchEvent } = XRSession.prototype;
  XRSession.prototype.dispatchEvent = function (event) {
    if (event.type === "select") return true;
    if (event.type === "selectend") dispatchEvent.call(this, new XRInputSourceEvent("select", event));
    return dispatchEvent.call(this, event);
  };
  device.primaryInputMode = "hand";
  globalThis.quest = device;
`;
const REACH_M = 0.3; // from where a hand points at the panel

/** The emulator as a script to run before the page's own. */
export function emulator() {
  const resolveDir = new URL("../../web", import.meta.url).pathname;
  return buildSync({ stdin: { contents: EMULATOR, resolveDir }, bundle: true, format: "iife", define: { "globalThis.requestAnimationFrame": "globalThis.questFrame" }, write: false, legalComments: "none" }).outputFiles[0].text;
}

/** Wait so many frames of the session, or until it has ended. */
const frames = (page, n = 3) =>
  page.evaluate(async (count) => {
    for (let i = 0; i < count; i += 1) {
      const session = globalThis.quest.activeSession;
      if (!session) return;
      await new Promise((next) => {
        session.addEventListener("end", next, { once: true });
        session.requestAnimationFrame(next);
      });
    }
  }, n);

/** Where an element of the panel is in the room (m), and the panel's turn; null while it is not there or closed. */
const spot = (page, selector) =>
  page.evaluate((wanted) => {
    const mirror = document.querySelector(".mirror");
    const element = mirror?.querySelector(wanted);
    if (!element || element.getAttribute("aria-disabled") === "true" || !mirror.parentElement.dataset.matrix) return null;
    const [all, one] = [mirror.getBoundingClientRect(), element.getBoundingClientRect()];
    const x = (one.left + one.width / 2 - all.left - all.width / 2) / 1000;
    const y = (all.top + all.height / 2 - one.top - one.height / 2) / 1000;
    const m = JSON.parse(mirror.parentElement.dataset.matrix);
    const at = [0, 1, 2].map((i) => m[i] * x + m[4 + i] * y + m[12 + i]);
    const size = Math.hypot(m[8], m[9], m[10]);
    return { at, normal: [m[8], m[9], m[10]].map((v) => v / size), basis: [0, 4, 8].map((c) => [m[c], m[c + 1], m[c + 2]].map((v) => v / size)) };
  }, selector);

export async function reachable(page, selector, patience_ms = 30_000) {
  for (const until = Date.now() + patience_ms; Date.now() < until; ) {
    const found = await spot(page, selector);
    if (found) return found;
    await page.waitForTimeout(50);
  }
  throw new Error(`nothing to press on the panel: ${selector}`);
}

const hold = (page, side, position, quaternion) =>
  page.evaluate(
    ([which, p, q]) => {
      const hand = globalThis.quest.hands[which];
      hand.position.set(...p);
      if (q) hand.quaternion.set(...q);
    },
    [side, position, quaternion],
  );

const pinch = (page, side, value) => page.evaluate(([which, v]) => globalThis.quest.hands[which].updatePinchValue(v), [side, value]);

/** The quaternion (x, y, z, w) of three axes. */
function quaternion([[a, d, g], [b, e, h], [c, f, i]]) {
  const w = Math.sqrt(Math.max(0, 1 + a + e + i)) / 2;
  if (w > 0.1) return [(h - f) / (4 * w), (c - g) / (4 * w), (d - b) / (4 * w), w];
  const x = Math.sqrt(Math.max(0, 1 + a - e - i)) / 2;
  return [x, (b + d) / (4 * x), (c + g) / (4 * x), (h - f) / (4 * x)];
}

/** Point a hand at what the panel shows. */
export async function aimAt(page, selector, side = "right") {
  const { at, normal, basis } = await reachable(page, selector);
  await hold(page, side, at.map((v, i) => v + REACH_M * normal[i]), quaternion(basis));
  await frames(page);
}

/** Point a hand at what the panel shows, and pinch; `meanwhile` is done before the fingers open again. */
export async function pressByRay(page, selector, side = "right", meanwhile = async () => {}) {
  await aimAt(page, selector, side);
  await pinch(page, side, 1);
  await frames(page);
  await meanwhile();
  await pinch(page, side, 0);
  await frames(page);
}

/** Where a hand's fingertip is, as the page sees it (m). */
export const tipOf = (page, side) =>
  page.evaluate((which) => {
    const tips = JSON.parse(document.querySelector(".mirror-frame").dataset.tips ?? "[]");
    return tips.find(([name]) => name === which)?.slice(1) ?? null;
  }, side);

/** Bring a fingertip to a point of the room (m). */
export async function touch(page, side, point) {
  await frames(page);
  const tip = await tipOf(page, side);
  const held = await page.evaluate((which) => {
    const { x, y, z } = globalThis.quest.hands[which].position;
    return [x, y, z];
  }, side);
  await hold(page, side, held.map((v, i) => v + point[i] - tip[i]));
  await frames(page);
}

/** Push a fingertip through what the panel shows, and back. */
export async function pressByFinger(page, selector, side = "right") {
  const { at, normal } = await reachable(page, selector);
  for (const before_m of [0.06, 0.03, 0.002, -0.004, 0.05, 0.3]) await touch(page, side, at.map((v, i) => v + before_m * normal[i]));
}

/** Reach through what the panel shows, as for something behind it. */
export async function reachThrough(page, selector, side = "right") {
  const { at, normal } = await reachable(page, selector);
  for (const before_m of [0.06, 0.03, 0.002, -0.05, 0.05, 0.3]) await touch(page, side, at.map((v, i) => v + before_m * normal[i]));
}

/** Put the hands away and look at what the panel shows until `done` resolves; then look ahead again, hands up. */
export async function gazeAt(page, selector, done) {
  const { at, normal, basis } = await reachable(page, selector);
  const look = (position, turn, hands) =>
    page.evaluate(
      ([p, q, connected]) => {
        const { quest } = globalThis;
        const before = [quest.position.x, quest.position.y, quest.position.z];
        quest.position.set(...p);
        quest.quaternion.set(...q);
        for (const hand of Object.values(quest.hands)) hand.connected = connected;
        return before;
      },
      [position, turn, hands],
    );
  const before = await look(at.map((v, i) => v + 0.5 * normal[i]), quaternion(basis), false);
  await done;
  await look(before, [0, 0, 0, 1], true);
  await frames(page);
}

export const session = { frames, hold };
