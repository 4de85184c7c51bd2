import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { best, first, lack } = await load("ar/ways.ts");
const { ask } = await load("ar/device.ts");
const { scaleOf } = await load("ar/ruler.ts");

const TABLET = { secure: true, headset: false, camera: true, allowed: false, board: true };
const QUEST = { secure: true, headset: true, camera: false, allowed: false, board: true };
const DESK = { secure: true, headset: false, camera: false, allowed: false, board: false };

test("each device has its best way, and says why it has not the others", () => {
  assert.deepEqual([best(QUEST), best(TABLET), best(DESK)], ["headset", "window", "view"]);
  assert.equal(lack("headset", TABLET), "no_headset");
  assert.equal(lack("window", { ...TABLET, camera: false }), "no_camera");
  assert.equal(lack("window", { ...TABLET, board: false }), "no_board");
  assert.equal(lack("view", DESK), null);
});

test("on plain HTTP over a network that is the reason, whatever else is missing", () => {
  const plain = { ...DESK, secure: false };
  assert.equal(lack("headset", plain), "insecure");
  assert.equal(lack("window", plain), "insecure");
  assert.equal(best(plain), "view");
});

test("a page begins without a question: a camera that was allowed before comes back, a headset waits for a press", () => {
  assert.equal(first(TABLET, ""), "view");
  assert.equal(first({ ...TABLET, allowed: true }, ""), "window");
  assert.equal(first({ ...TABLET, allowed: true }, "view"), "view");
  assert.equal(first(QUEST, ""), "view");
  assert.equal(first({ ...TABLET, allowed: true, camera: false }, "window"), "view");
});

test("a browser that has nothing of it, or refuses to be asked, has the 3D view", async () => {
  const bare = { isSecureContext: false, navigator: {} };
  assert.deepEqual(await ask(true, bare), { secure: false, headset: false, camera: false, allowed: false, board: true });
  const refusing = {
    isSecureContext: true,
    navigator: {
      xr: { isSessionSupported: () => Promise.reject(new Error("no")) },
      mediaDevices: { enumerateDevices: () => Promise.resolve([{ kind: "videoinput" }]) },
      permissions: { query: () => Promise.reject(new TypeError("camera is not known")) },
    },
  };
  assert.deepEqual(await ask(false, refusing), { secure: true, headset: false, camera: true, allowed: false, board: false });
});

test("a ruler that is a little off corrects the board, one that is far off refuses it", () => {
  assert.equal(scaleOf(100), 1);
  assert.equal(scaleOf(98.2), 0.982);
  for (const bad of [94, 104, 0, -100, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(scaleOf(bad), null);
});
