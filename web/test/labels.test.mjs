// Words in the scene do not cover each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { above } = await load("scene/labels.ts");
const spot = (x, y, height = 20) => ({ x, y, width: 100, height });

test("a label stays where it covers none", () => {
  assert.equal(above(spot(0, 100), []), 100);
  assert.equal(above(spot(0, 100), [spot(101, 100), spot(0, 79), spot(0, 121)]), 100);
});

test("one that would cover another moves above it, and above the next one", () => {
  assert.equal(above(spot(0, 100), [spot(50, 95)]), 71);
  assert.equal(above(spot(0, 100), [spot(0, 70, 30), spot(50, 95)]), 36);
});
