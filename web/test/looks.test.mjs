import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { load } from "./bundle.mjs";

mock.timers.enable({ apis: ["setTimeout"] });
const { Looks, SHOWN_MS } = await load("looks.ts");
const card = { unit: "u1", step: "pin", attempt: 2, live: true };
const frame = (verdict, attempt = 2) => ({ topic: "look/u1/pin", t: 1, poses: {}, look: { unit: "u1", step: "pin", attempt, verdict } });

test("the newest look at what a card is about counts, for as long as it is news", () => {
  const looks = new Looks();
  looks.take(frame("missing"));
  looks.take(frame("displaced"));
  assert.equal(looks.of(card).verdict, "displaced");
  mock.timers.tick(SHOWN_MS - 1);
  looks.take(frame("ok"));
  mock.timers.tick(SHOWN_MS - 1);
  assert.equal(looks.of(card).verdict, "ok");
  mock.timers.tick(1);
  assert.equal(looks.of(card), null);
});

test("a look of another attempt, or at another step, says nothing of this one", () => {
  const looks = new Looks();
  looks.take(frame("ok", 1));
  assert.equal(looks.of(card), null);
  looks.take(frame("ok"));
  assert.equal(looks.of({ ...card, step: "cap" }), null);
  assert.equal(looks.of({ ...card, live: false }), null);
});

test("a frame of poses is none, and what is forgotten is gone at once", () => {
  const looks = new Looks();
  looks.take({ topic: "look/u1/pin", t: 1, poses: {} });
  assert.equal(looks.of(card), null);
  looks.take(frame("ok"));
  looks.forget(card);
  assert.equal(looks.of(card), null);
});
