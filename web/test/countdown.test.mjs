// Counting down to when the robot begins: in whole seconds, by the server's clock, and not beyond the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { countdown } = await load("countdown.ts");

/** A countdown from 0 s to `t`, and what moves its time on. */
function begun(t) {
  let now_ms = 0;
  let due = null;
  const call = (does, ms) => {
    due = { does, at: now_ms + ms };
    return () => (due = null);
  };
  const counting = countdown(() => t, () => now_ms / 1000, call);
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
