// A device that nobody touched for a while asks who is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Presence, AWAY_MS } = await load("common/presence.ts");

function device(kept = new Map()) {
  const clock = { now_ms: 1_000_000 };
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
  return { clock, kept, presence: new Presence(() => clock.now_ms, () => storage) };
}

test("whoever keeps touching it is asked nothing", () => {
  const { clock, presence } = device();
  for (let i = 0; i < 10; i += 1) {
    presence.touched();
    clock.now_ms += AWAY_MS - 1;
  }
  assert.equal(presence.doubtful.value, false);
});

test("the first touch after a while asks, until somebody has said who they are", () => {
  const { clock, presence } = device();
  presence.touched();
  clock.now_ms += AWAY_MS;
  presence.touched();
  presence.touched();
  assert.equal(presence.doubtful.value, true, "a second touch answers nothing");
  presence.sure();
  presence.touched();
  assert.equal(presence.doubtful.value, false);
});

test("a reload and another page of the device know of the last touch", () => {
  const first = device();
  first.presence.touched();
  const second = device(first.kept);
  second.clock.now_ms += AWAY_MS;
  second.presence.touched();
  assert.equal(second.presence.doubtful.value, true);
});

test("without storage it goes by the page's own touches", () => {
  const clock = { now_ms: 0 };
  const refuse = () => {
    throw new Error("switched off");
  };
  const presence = new Presence(() => clock.now_ms, refuse);
  presence.touched();
  assert.equal(presence.doubtful.value, false);
  clock.now_ms += AWAY_MS;
  presence.touched();
  assert.equal(presence.doubtful.value, true);
});
