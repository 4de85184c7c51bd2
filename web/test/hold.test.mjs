import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Hold, RENEW_MS } = await load("jog/hold.ts");
const ALONG = { frame: "base", linear_m_s: [0.1, 0, 0] };

/** A hold over a line that answers when the test says so. */
function bench(context) {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const asked = [];
  const released = [];
  let names = 0;
  const line = {
    renew: (press, twist) => new Promise((resolve, reject) => asked.push({ press, twist, resolve, reject })),
    release: (press) => released.push(press),
  };
  return { hold: new Hold(line, () => `p${(names += 1)}`), asked, released, pass: (ms) => context.mock.timers.tick(ms) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a press begins at once, is renewed while it is held, and released once", async (context) => {
  const { hold, asked, released, pass } = bench(context);
  let speed = 0.1;
  hold.start("x+", () => ({ frame: "base", linear_m_s: [speed, 0, 0] }));
  assert.equal(hold.held.value, "x+");
  assert.deepEqual(asked.map(({ press, twist }) => [press, twist.linear_m_s[0]]), [["p1", 0.1]]);
  asked[0].resolve({});
  await settled();
  speed = 0.05;
  pass(RENEW_MS);
  assert.equal(asked[1].twist.linear_m_s[0], 0.05);
  hold.stop();
  hold.stop();
  pass(10 * RENEW_MS);
  assert.equal(asked.length, 2);
  assert.deepEqual(released, ["p1"]);
  assert.equal(hold.held.value, "");
});

test("a slow line gets no queue of old wishes", (context) => {
  const { hold, asked, pass } = bench(context);
  hold.start("x+", () => ALONG);
  pass(20 * RENEW_MS);
  assert.equal(asked.length, 2);
  hold.stop();
});

test("a refusal ends the press and is told; one of an older press is not", async (context) => {
  const { hold, asked, released, pass } = bench(context);
  hold.start("x+", () => ALONG);
  hold.start("y+", () => ALONG);
  assert.deepEqual(released, ["p1"]);
  asked[0].reject({ message: "old", remedy: "" });
  await settled();
  assert.equal(hold.held.value, "y+");
  assert.equal(hold.said.value, null);
  asked[1].reject({ message: "Joint 6 is at its limit of 360°.", remedy: "Jog the other way." });
  await settled();
  assert.equal(hold.held.value, "");
  assert.equal(hold.said.value.message, "Joint 6 is at its limit of 360°.");
  pass(10 * RENEW_MS);
  assert.equal(asked.length, 2);
  assert.deepEqual(released, ["p1", "p2"]);
  hold.start("x+", () => ALONG);
  assert.equal(hold.said.value, null, "a new press begins afresh");
  hold.stop();
});
