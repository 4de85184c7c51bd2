import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { deviationWords, turnWords } = await load("card/deviation.ts");
const words = {
  left: (mm) => `${mm} left`,
  right: (mm) => `${mm} right`,
  near: (mm) => `${mm} near`,
  far: (mm) => `${mm} far`,
  high: (mm) => `${mm} high`,
  low: (mm) => `${mm} low`,
  none: "in place",
  plain: (x, y, z) => `${x} ${y} ${z}`,
};
const format = (mm) => mm.toFixed(1);
const level = { p: [0.45, 0, 0.02], q: [1, 0, 0, 0] };
const front = { p: [0.95, 0, 0], q: [1, 0, 0, 0] }; // stands at +x and looks towards -x: its right hand is at +y
const say = (offset, seat = level, place = front) => deviationWords(offset, seat, place, words, format);

test("a deviation is told as the worker sees it", () => {
  assert.equal(say([0, -2.1, 0]), "2.1 left");
  assert.equal(say([0, 2.1, 0]), "2.1 right");
  assert.equal(say([1.5, 0, 0]), "1.5 near");
  assert.equal(say([-1.5, 0, 0]), "1.5 far");
  assert.equal(say([0, 0, 3]), "3.0 high");
});

test("the largest comes first and small ones are left out", () => {
  assert.equal(say([0.6, -2.1, 0.1]), "2.1 left, 0.6 near");
});

test("the seat's own turn counts", () => {
  const half = Math.SQRT1_2;
  assert.equal(say([2, 0, 0], { p: level.p, q: [half, 0, 0, half] }), "2.0 right"); // its x points along +y
});

test("without a place the numbers stay as measured, and nothing is in place", () => {
  assert.equal(say([1, 2, 3], null, null), "1.0 2.0 3.0");
  assert.equal(say([0.01, 0, 0]), "in place");
});

test("a turn is told as seen from above, and a tilt as such", () => {
  const own = { tilted: (deg) => `${deg} tilted`, clockwise: (deg) => `${deg} clockwise`, anticlockwise: (deg) => `${deg} anticlockwise` };
  const turn = (about, seat = level) => turnWords(about, seat, own, format);
  assert.equal(turn([0, 0, 12]), "12.0 anticlockwise");
  assert.equal(turn([1, 0, -12]), "12.0 clockwise");
  assert.equal(turn([3, 4, 1]), "5.0 tilted");
  assert.equal(turn([0, 0, 12], { p: level.p, q: [0, 1, 0, 0] }), "12.0 clockwise"); // the seat looks down
});
