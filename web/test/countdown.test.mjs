// Counting down to when the robot begins: in whole seconds, by the server's clock, and not beyond the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { countdown, signal } = await load("../test/countdown_with_signals.ts");

/** A countdown from 0 s to `t` of a wait that lasts `most_s`, and what moves its time on. */
function begun(t, most_s = 10, wait = { get value() { return t === null ? null : { t, most_s }; } }) {
  let now_ms = 0;
  let due = null;
  const call = (does, ms) => {
    due = { does, at: now_ms + ms };
    return () => (due = null);
  };
  const counting = countdown(() => wait.value, () => now_ms / 1000, call);
  const pass = (s) => {
    const until = now_ms + s * 1000;
    while (due && due.at <= until) {
      now_ms = due.at;
      const { does } = due;
      due = null;
      does();
    }
    now_ms = until;
  };
  return { counting, pass };
}

test("each second is told from its begin to its end", () => {
  const { counting, pass } = begun(2.5);
  const told = [counting.left.value];
  for (let i = 0; i < 4; i += 1) {
    pass(0.7);
    told.push(counting.left.value);
  }
  assert.deepEqual(told, [3, 2, 2, 1, 0]);
});

test("where the clocks differ, no more is counted than the wait lasts", () => {
  const { counting, pass } = begun(7, 2);
  const told = [counting.left.value];
  for (let i = 0; i < 3; i += 1) {
    pass(0.8);
    told.push(counting.left.value);
  }
  assert.deepEqual(told, [2, 2, 1, 0]);
});

test("a wait that is told again is counted on, the next one from its own begin", () => {
  const wait = signal({ t: 7, most_s: 2 });
  const { counting, pass } = begun(7, 2, wait);
  pass(1.5);
  wait.value = { t: 7, most_s: 2 };
  assert.equal(counting.left.value, 1);
  wait.value = { t: 9, most_s: 3 };
  assert.equal(counting.left.value, 3);
});

test("where nothing is about to begin, or did long ago, nothing counts", () => {
  for (const t of [null, -5, 0]) {
    const { counting, pass } = begun(t);
    assert.equal(counting.left.value, 0);
    pass(2);
    assert.equal(counting.left.value, 0);
    }
});

test("one that was ended tells nothing more", () => {
  const { counting, pass } = begun(3);
  counting.end();
  pass(5);
  assert.equal(counting.left.value, 3);
});
