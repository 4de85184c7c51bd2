// An emulated Quest 3 (iwer): the page gets WebXR before its own scripts run, and hands that press what the panel shows.
import { require } from "./cell_page.mjs";

const { buildSync } = require("esbuild");
const EMULATOR = `
  import { XRDevice, metaQuest3 } from "iwer";
  const { rest_ms } = globalThis.questOptions;
  globalThis.questFrame = rest_ms === 0 ? (draw) => window.requestAnimationFrame(draw) : (draw) => setTimeout(() => window.requestAnimationFrame(draw), rest_ms);
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
const SURFACES = `
  import { SyntheticEnvironmentModule } from "@iwer/sem";
  globalThis.quest.installSEM(SyntheticEnvironmentModule);
  const box = (uuid, [x, y, z]) => ({
    uuid,
    semanticLabel_META: "TABLE",
    locatable_META: { position: { x, y, z }, orientation: { x: 0, y: 0, z: 0, w: 1 } },
    bounded3D_META: { offset: { x: -0.06, y: -0.04, z: -0.06 }, extent: { width: 0.12, height: 0.04, depth: 0.12 } },
  });
  globalThis.quest.sem.loadEnvironment({ type: "scene", version: "1", spatialEntities: globalThis.questOptions.surfaces.map((at, i) => box("box-" + i, at)) });
`;
const AHEAD = [0, 0, 0, 1];
const RESTS_M = 0.001;
const REACH_M = 0.3; // from where a hand points at the panel

/**
 * The emulator as a script to run before the page's own, with a small table below each of `surfaces` (m, the room) for hit
 * tests. Software draws a frame in a tenth of a second: without a rest between two, nothing else would get its turn.
 */
export function emulator({ surfaces = [], rest_ms = 100 } = {}) {
  const contents = `globalThis.questOptions = ${JSON.stringify({ surfaces, rest_ms })};\n${EMULATOR}\n${surfaces.length > 0 ? SURFACES : ""}`;
  const resolveDir = new URL("../../web", import.meta.url).pathname;
  const define = { "globalThis.requestAnimationFrame": "globalThis.questFrame" };
  const loader = { ".json": "empty" }; // rooms that come with @iwer/sem
  return buildSync({ stdin: { contents, resolveDir }, bundle: true, format: "iife", define, loader, write: false, legalComments: "none" }).outputFiles[0].text;
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

const hold = (page, side, position, quaternion, tool = "hands") =>
  page.evaluate(
    ([which, p, q, kind]) => {
      const held = globalThis.quest[kind][which];
      held.position.set(...p);
      if (q) held.quaternion.set(...q);
    },
    [side, position, quaternion, tool],
  );

const pinch = (page, side, value) => page.evaluate(([which, v]) => globalThis.quest.hands[which].updatePinchValue(v), [side, value]);

/** The quaternion (x, y, z, w) of three axes. */
function quaternion([[a, d, g], [b, e, h], [c, f, i]]) {
  const w = Math.sqrt(Math.max(0, 1 + a + e + i)) / 2;
  if (w > 0.1) return [(h - f) / (4 * w), (c - g) / (4 * w), (d - b) / (4 * w), w];
  const x = Math.sqrt(Math.max(0, 1 + a - e - i)) / 2;
  return [x, (b + d) / (4 * x), (c + g) / (4 * x), (h - f) / (4 * x)];
}

/** Point a hand (or a controller) at what the panel shows, and follow where it moves until it rests. */
export async function aimAt(page, selector, side = "right", tool = "hands") {
  for (let before = null; ; ) {
    const { at, normal, basis } = await reachable(page, selector);
    if (before && Math.hypot(...at.map((v, i) => v - before[i])) < RESTS_M) return;
    await hold(page, side, at.map((v, i) => v + REACH_M * normal[i]), quaternion(basis), tool);
    await frames(page);
    before = at;
  }
}

/** Take up the controllers, point one at what the panel shows and pull its trigger; then lay them down again. */
export async function pressByTrigger(page, selector, side = "right") {
  const take = (what) => page.evaluate((mode) => (globalThis.quest.primaryInputMode = mode), what);
  const pull = (value) => page.evaluate(([which, v]) => globalThis.quest.controllers[which].updateButtonValue("trigger", v), [side, value]);
  await take("controller");
  await frames(page);
  await aimAt(page, selector, side, "controllers");
  for (const value of [1, 0]) {
    await pull(value);
    await frames(page);
  }
  await take("hand");
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

/** Lead a fingertip along a line before what the panel shows, one frame at each distance (m): a push is over before long. */
async function lead(page, selector, side, distances_m) {
  const { at, normal } = await reachable(page, selector);
  const before = (distance_m) => at.map((v, i) => v + distance_m * normal[i]);
  const [first, ...rest] = distances_m;
  await touch(page, side, before(first));
  const held = await page.evaluate((which) => {
    const { x, y, z } = globalThis.quest.hands[which].position;
    return [x, y, z];
  }, side);
  for (const distance_m of rest) {
    await hold(page, side, held.map((v, i) => v + (distance_m - first) * normal[i]));
    await frames(page, 1);
  }
  await frames(page);
}

/** Push a fingertip through what the panel shows, and back. */
export const pressByFinger = (page, selector, side = "right") => lead(page, selector, side, [0.06, 0.03, 0.002, -0.004, 0.05, 0.3]);

/** Reach through what the panel shows, as for something behind it. */
export const reachThrough = (page, selector, side = "right") => lead(page, selector, side, [0.06, 0.03, 0.002, -0.05, 0.05, 0.3]);

/** Stand and look; returns where the head was. */
const head = (page, position, turn) =>
  page.evaluate(
    ([p, q]) => {
      const { quest } = globalThis;
      const before = [quest.position.x, quest.position.y, quest.position.z];
      quest.position.set(...p);
      quest.quaternion.set(...q);
      return before;
    },
    [position, turn],
  );

const hands = (page, connected) =>
  page.evaluate((yes) => {
    for (const hand of Object.values(globalThis.quest.hands)) hand.connected = yes;
  }, connected);

/** Put the hands away for good, and look ahead. */
export async function stare(page) {
  await hands(page, false);
  await head(page, [0, 1.6, 0], AHEAD);
  await frames(page);
}

/** Look at a point of the room, from `from` beside it (m). */
export const lookAt = (page, point, from) => {
  const size = Math.hypot(...from);
  const back = from.map((v) => v / size); // the eye looks along its -z
  const flat = Math.hypot(back[0], back[2]);
  const right = [back[2] / flat, 0, -back[0] / flat];
  const up = [back[1] * right[2], back[2] * right[0] - back[0] * right[2], -back[1] * right[0]];
  return head(page, point.map((v, i) => v + from[i]), quaternion([right, up, back]));
};

/** Look at what the panel shows until `done` resolves. */
export async function dwell(page, selector, done) {
  const { at, normal, basis } = await reachable(page, selector);
  const before = await head(page, at.map((v, i) => v + 0.5 * normal[i]), quaternion(basis));
  await done;
  return before;
}

/** Put the hands away and look at what the panel shows until `done` resolves; then look ahead again, hands up. */
export async function gazeAt(page, selector, done) {
  await hands(page, false);
  const before = await dwell(page, selector, done);
  await head(page, before, AHEAD);
  await hands(page, true);
  await frames(page);
}

export const session = { frames, hold };
