import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Wedge } = await load("access/badge.ts");

/** What comes of keys, each `gap` ms after the one before. */
function read(keys, gap, ...shortest) {
  const wedge = new Wedge(...shortest);
  let t = 1_000;
  return keys.map((key) => wedge.key(key, (t += gap))).filter((one) => one !== null);
}

const keys = (text) => [...text, "Enter"];

test("a badge is what is typed faster than by hand", () => {
  assert.deepEqual(read(keys("04A22F91"), 8), ["04A22F91"]);
  assert.deepEqual(read([...keys("04A22F91"), ...keys("1234")], 8), ["04A22F91", "1234"]);
});

test("a PIN that is typed by hand is no badge", () => {
  assert.deepEqual(read(keys("271828"), 160), []);
});

test("Enter alone, or after a key or two, is no badge", () => {
  assert.deepEqual(read(["Enter"], 8), []);
  assert.deepEqual(read(keys("ab"), 8), []);
});

test("where codes may be as short, a serial number of two signs is one; by hand it is none", () => {
  assert.deepEqual(read(keys("u1"), 8, 2), ["u1"]);
  assert.deepEqual(read(keys("u1"), 120, 2), []);
  assert.deepEqual(read(keys("u"), 8, 2), []);
});

test("keys that print nothing are not part of a number", () => {
  assert.deepEqual(read(["Shift", "A", "Shift", "B", "1", "2", "Enter"], 8), ["AB12"]);
});

test("what was typed before by hand does not stick to a badge", () => {
  const wedge = new Wedge();
  wedge.key("9", 1_000);
  wedge.key("9", 1_300);
  const out = keys("1234").map((key, i) => wedge.key(key, 2_000 + 5 * i));
  assert.deepEqual(out.filter(Boolean), ["1234"]);
});
