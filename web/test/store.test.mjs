import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Store } = await load("store.ts");
const { PoseStream } = await load("poses.ts");

test("a snapshot replaces everything, puts and drops change one topic", () => {
  const store = new Store();
  store.apply({ type: "snapshot", payload: { topics: { cell: { name: "a" }, "order/o1": { id: "o1" }, "step/u/1/x": { id: "x" } }, log: [] } });
  assert.equal(store.orders.value.size, 1);
  assert.ok(store.steps.value.has("u/1/x"), "ids may hold slashes");
  store.apply({ type: "put", payload: { topic: "order/o2", value: { id: "o2" } } });
  store.apply({ type: "drop", payload: { topic: "order/o1" } });
  assert.deepEqual([...store.orders.value.keys()], ["o2"]);
  store.apply({ type: "snapshot", payload: { topics: {}, log: [] } });
  assert.equal(store.cell.value, null);
  assert.equal(store.orders.value.size, 0);
});

test("a topic of a kind that this page does not know is no fault", () => {
  const store = new Store();
  store.apply({ type: "put", payload: { topic: "weather/today", value: {} } });
  assert.equal(store.orders.value.size, 0);
});

const pose = (x) => ({ p: [x, 0, 0], q: [1, 0, 0, 0] });

test("poses are interpolated, and fade and vanish with silence", () => {
  const stream = new PoseStream();
  for (let i = 0; i <= 10; i += 1) stream.take({ topic: "robot", t: 100 + i * 0.04, poses: { tool: pose(i) } }, 5 + i * 0.04);
  const x = stream.at("robot", "tool", 5.4).p[0];
  assert.ok(x > 8 && x < 9.2, `about 1.5 intervals behind, not ${x}`);
  assert.equal(stream.at("robot", "tool", 6).p[0], 10);
  assert.equal(stream.freshness("robot", 5.5), "live");
  assert.equal(stream.freshness("robot", 5.8), "stale");
  assert.equal(stream.freshness("robot", 6.5), "lost");
  stream.take({ topic: "robot", t: 101.5, poses: {} }, 6.6);
  assert.equal(stream.freshness("robot", 6.7), "live", "standing still is news too");
});

test("a late frame is ignored", () => {
  const stream = new PoseStream();
  stream.take({ topic: "robot", t: 2, poses: { tool: pose(2) } }, 1);
  stream.take({ topic: "robot", t: 1, poses: { tool: pose(1) } }, 1.1);
  assert.equal(stream.at("robot", "tool", 9).p[0], 2);
});
