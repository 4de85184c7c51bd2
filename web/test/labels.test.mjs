// Words in the scene do not cover each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { above, clear } = await load("scene/labels.ts");
const spot = (x, y, height = 20) => ({ x, y, width: 100, height });

test("a label stays where it covers none", () => {
  assert.equal(above(spot(0, 100), []), 100);
  assert.equal(above(spot(0, 100), [spot(101, 100), spot(0, 79), spot(0, 121)]), 100);
});

test("one that would cover another moves above it, and above the next one", () => {
  assert.equal(above(spot(0, 100), [spot(50, 95)]), 71);
  assert.equal(above(spot(0, 100), [spot(0, 70, 30), spot(50, 95)]), 36);
});

test("a label that has no room above goes below, and stays in the picture", () => {
  const taken = [{ x: 100, y: 110, width: 80, height: 30 }];
  const one = { x: 120, y: 105, width: 80, height: 30 };
  assert.equal(clear(one, taken, 20, 400), 76, "above, where there is room");
  assert.equal(clear(one, taken, 100, 400), 144, "else below");
  assert.equal(clear({ ...one, y: -50 }, taken, 100, 400), 144, "also one that came from beyond the edge");
  assert.equal(clear({ ...one, x: 300 }, taken, 100, 400), 105, "where nothing is beside it, it stays");
  assert.equal(clear({ ...one, x: 300, y: 900 }, taken, 100, 400), 400);
});
