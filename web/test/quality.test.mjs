// A slow device draws half of the time, and coarser; one that draws easily is left as it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

globalThis.devicePixelRatio = 2;
const { Quality } = await load("scene/quality.ts");

const drawn = () => ({ ratio: 0, setPixelRatio(ratio) { this.ratio = ratio; }, setSize() {} });

test("a device that draws easily rests never and stays fine", () => {
  const canvas = drawn();
  const quality = new Quality(canvas, false);
  for (let frame = 0; frame < 100; frame += 1) {
    quality.learn(33);
    assert.equal(quality.rest_ms, 0);
  }
  quality.prepare(true, 800, 600, false);
  assert.equal(canvas.ratio, 1.75);
});

test("a slow one rests for as long as a frame took, a quarter of a second at most, and gets coarser", () => {
  const canvas = drawn();
  const quality = new Quality(canvas, false);
  quality.learn(0); // the first after a rest tells nothing
  assert.equal(quality.rest_ms, 0);
  for (let frame = 0; frame < 100; frame += 1) {
    quality.learn(120);
    assert.equal(quality.rest_ms, 120);
  }
  quality.prepare(true, 800, 600, false);
  assert.equal(canvas.ratio, 0.7);
  quality.learn(900);
  assert.equal(quality.rest_ms, 250);
  quality.learn(33);
  assert.equal(quality.rest_ms, 0);
});
