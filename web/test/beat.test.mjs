// The scene draws what was asked for, also on a device that is slow enough to rest between two pictures.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Beat } = await load("scene/beat.ts");

/** A browser of whose pictures and timers the test says when they come. */
function browser(t) {
  const frames = new Map();
  let n = 0;
  globalThis.requestAnimationFrame = (then) => frames.set((n += 1), then) && n;
  globalThis.cancelAnimationFrame = (id) => frames.delete(id);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  return {
    picture() {
      const due = [...frames.values()];
      frames.clear();
      for (const then of due) then(0);
    },
    wait: (ms) => t.mock.timers.tick(ms),
  };
}

test("however often it is asked for, one picture is drawn", (t) => {
  const { picture } = browser(t);
  let drawn = 0;
  const beat = new Beat(() => (drawn += 1));
  beat.ask();
  beat.ask();
  picture();
  picture();
  assert.equal(drawn, 1);
});

test("a slow device rests, and draws on afterwards, whatever asked before", (t) => {
  const { picture, wait } = browser(t);
  let drawn = 0;
  const beat = new Beat(() => {
    drawn += 1;
    if (drawn === 1) {
      beat.ask(); // the camera has moved
      beat.rest(100);
    }
  });
  beat.ask();
  picture();
  beat.ask();
  picture();
  assert.equal(drawn, 1, "it rests");
  wait(100);
  picture();
  assert.equal(drawn, 2);
  beat.ask();
  picture();
  assert.equal(drawn, 3, "it is not left resting for ever");
});

test("what is to be done later is not done once a picture was drawn before, nor after the end", (t) => {
  const { picture, wait } = browser(t);
  let done = 0;
  const beat = new Beat(() => undefined);
  beat.later(50, () => (done += 1));
  beat.ask();
  picture();
  wait(60);
  assert.equal(done, 0);
  beat.later(50, () => (done += 1));
  wait(60);
  assert.equal(done, 1);
  beat.rest(50);
  beat.stop();
  wait(60);
  picture();
  assert.equal(done, 1);
});
