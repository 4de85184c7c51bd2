// Between two steps of one's own another unit's question does not flash up; one that stays comes a moment later.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Settling } = await load("card/settled.ts");
const card = (unit, status, step = "a") => ({ unit, status, step, buttons: [{ label: "confirm" }], asks: [{}], lots: ["lid"], photo: true });
const about = ({ card: { unit, step, status }, settling }) => [unit, step, status, settling].join(" ");

test("another unit's question between two steps is never shown", () => {
  const cards = new Settling();
  cards.show(card("u1", "step"), 0);
  const between = cards.show(card("u2", "attention"), 100);
  assert.equal(about(between), "u1 a step true");
  assert.deepEqual([between.card.buttons, between.card.asks, between.card.lots, between.card.photo], [[], [], [], false], "and nothing can be said to what is over");
  assert.equal(about(cards.show(card("u1", "step", "b"), 300)), "u1 b step false");
  assert.equal(cards.again_ms, null);
});

test("one that stays is shown after a moment, however often it is told meanwhile", () => {
  const cards = new Settling();
  cards.show(card("u1", "checking"), 0);
  let now = 100;
  while (cards.show(card("u2", "attention"), now).settling) {
    assert.ok(cards.again_ms > 0);
    now += Math.min(300, cards.again_ms);
  }
  assert.ok(now <= 1_200, `${now} ms`);
  assert.equal(about(cards.show(card("u3", "attention"), now)), "u3 a attention false", "from one question to the next nothing waits");
});

test("a question about the unit in hand, and one to who has nothing to do, are there at once", () => {
  for (const before of [card("u1", "step"), card("", "idle"), card("u2", "attention")]) {
    const cards = new Settling();
    cards.show(before, 0);
    assert.equal(about(cards.show(card("u1", "attention"), 1)), "u1 a attention false");
  }
  assert.equal(about(new Settling().show(card("u1", "attention"), 0)), "u1 a attention false");
  assert.equal(new Settling().show(null, 0).card, null);
});
