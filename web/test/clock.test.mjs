import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { load } from "./bundle.mjs";

const START_S = 1_800_000_000;
let copies = 0;

/** A page's clock that nobody else has taught, under a time that stands but for `pass`. */
async function fresh(t) {
  mock.timers.enable({ apis: ["Date", "setInterval"], now: START_S * 1000 });
  t.after(() => mock.timers.reset());
  return load("clock.ts", (copies += 1));
}
const pass = (seconds) => mock.timers.tick(seconds * 1000);
const here = () => Date.now() / 1000;

test("the time of a server that is an hour ahead is known within half a round trip", async (t) => {
  const { learn, serverNow } = await fresh(t);
  for (const trip_s of [0.4, 0.02, 0.3]) {
    learn(here() + 3600 - trip_s / 2, here() - trip_s, here());
    pass(2.5);
  }
  assert.ok(Math.abs(serverNow() - (here() + 3600)) < 0.02);
});

test("a cell that runs eight times as fast is followed between two pongs", async (t) => {
  const { learn, serverNow } = await fresh(t);
  const server = () => START_S + 8 * (here() - START_S);
  for (let i = 0; i < 4; i += 1) {
    learn(server() - 0.08, here() - 0.02, here());
    pass(2.5);
  }
  assert.ok(Math.abs(serverNow() - server()) < 0.3, `${serverNow() - server()}`);
});

test("a server's clock that is set once makes no other pace of it", async (t) => {
  const { learn, serverNow } = await fresh(t);
  let ahead_s = 0;
  for (let i = 0; i < 8; i += 1) {
    if (i === 3) ahead_s = 60;
    learn(here() + ahead_s, here(), here());
    pass(2.5);
  }
  assert.ok(Math.abs(serverNow() - (here() + 60)) < 0.01);
});

test("a slow network is no other pace", async (t) => {
  const { learn, serverNow } = await fresh(t);
  for (let i = 0; i < 20; i += 1) {
    const trip_s = i % 3 === 0 ? 0.01 : 0.8;
    learn(here() - (i % 2 ? trip_s : 0), here() - trip_s, here()); // all of the way out, or all of the way back
    pass(2.5);
  }
  assert.ok(Math.abs(serverNow() - here()) < 0.1);
});
