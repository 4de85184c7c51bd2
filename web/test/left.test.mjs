import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { minutesLeft } = await load("card/left.ts");

test("minutes are whole, and above ten to five", () => {
  const told = { 0: 0, 40: 0, 50: 1, 89: 1, 100: 2, 175: 3, 600: 10, 625: 10, 660: 10, 800: 15, 3600: 60 };
  for (const [seconds, minutes] of Object.entries(told)) assert.equal(minutesLeft(Number(seconds)), minutes, seconds);
});

test("a figure at the edge stays what it was, either way, and moves once it is another", () => {
  assert.equal(minutesLeft(155, 2), 2);
  assert.equal(minutesLeft(145, 3), 3);
  assert.equal(minutesLeft(180, 2), 3, "clearly more: a part is to be done again");
  assert.equal(minutesLeft(100, 3), 2);
  assert.equal(minutesLeft(60, 10), 1);
});

test("as a unit goes on the figure only falls, however the seconds wobble by less than the edge", () => {
  let shown = null;
  for (let left = 2000; left >= 0; left -= 7) {
    const now = minutesLeft(Math.max(0, left + (left % 2 ? 9 : -9)), shown);
    assert.ok(shown === null || now <= shown, `${shown} became ${now} at ${left} s`);
    shown = now;
  }
  assert.equal(shown, 0);
});
