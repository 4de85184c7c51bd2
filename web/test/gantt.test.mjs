// A lane as bars in time: what happened, what runs and how it stands to its time, what is planned.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { bars, behind, until } = await load("board/gantt.ts");
const LANE = { actor: "front", unit: "u1", step: "press", started_t: 100, expected_s: 30, paused_t: null, paused_s: 0, ahead: [] };
const RUNS = { key: "a", actor: "front", unit: "u1", step: "press", title: { en: "Press" }, status: "active", from_t: 100, to_t: null };
const drawn = (lane, episodes, now_t, late_s = 0) => bars(lane, episodes, ({ step }) => ({ en: step }), now_t, late_s).map(({ kind, from_t, to_t }) => [kind, from_t, to_t]);

test("a step under way is drawn up to now, and what its time still allows beyond", () => {
  assert.deepEqual(drawn(LANE, [RUNS], 110), [["runs", 100, 110], ["rest", 110, 130]]);
  assert.deepEqual(drawn(LANE, [RUNS], 130), [["runs", 100, 130]]);
});

test("what runs beyond its time is a bar of its own, which grows", () => {
  assert.deepEqual(drawn(LANE, [RUNS], 137), [["runs", 100, 130], ["late", 130, 137]]);
});

test("a pause is no part of its time", () => {
  assert.deepEqual(drawn({ ...LANE, paused_s: 20 }, [RUNS], 137), [["runs", 100, 137], ["rest", 137, 150]]);
  assert.deepEqual(drawn({ ...LANE, paused_t: 110 }, [RUNS], 140), [["runs", 100, 140], ["rest", 140, 160]], "while it lasts the end moves on");
});

test("without a time, or while a camera looks, a step is neither in time nor late", () => {
  assert.deepEqual(drawn({ ...LANE, expected_s: null }, [RUNS], 300), [["runs", 100, 300]]);
  assert.deepEqual(drawn(LANE, [{ ...RUNS, status: "verifying" }], 300), [["runs", 100, 300]]);
});

test("what is over keeps its place; another lane's work is not drawn", () => {
  const over = { ...RUNS, status: "done", to_t: 120 };
  assert.deepEqual(drawn({ ...LANE, step: "", started_t: null }, [over, { ...over, actor: "robot" }], 400), [["was", 100, 120]]);
});

test("what happened is not drawn beyond now, where its news came before the page's clock", () => {
  const over = { ...RUNS, status: "done", to_t: 120 };
  assert.deepEqual(drawn({ ...LANE, step: "", started_t: null }, [over], 112), [["was", 100, 112]]);
  assert.deepEqual(drawn({ ...LANE, step: "", started_t: null }, [over], 98), [["was", 98, 98]]);
});

test("what is planned follows, later by as much as the plan is behind", () => {
  const ahead = [{ unit: "u1", step: "turn", from_t: 130, to_t: 150 }, { unit: "u1", step: "plate", from_t: 150, to_t: 160 }];
  const robot = { ahead: [{ unit: "u1", step: "load", from_t: 160, to_t: 170 }] };
  assert.equal(behind([{ ahead }, robot], 110), 0);
  const late_s = behind([{ ahead }, robot], 142);
  assert.equal(late_s, 12);
  assert.deepEqual(drawn({ ...LANE, ahead }, [RUNS], 142, late_s), [["runs", 100, 130], ["late", 130, 142], ["planned", 142, 162], ["planned", 162, 172]]);
});

test("when something comes is said while the plan goes on, and not while it is held up", () => {
  const lane = { ...LANE, unit: "", step: "", started_t: null, ahead: [{ unit: "u1", step: "seal", from_t: 120, to_t: 130 }, { unit: "u1", step: "test", from_t: 150, to_t: 160 }] };
  const told = (now_t) => bars(lane, [], () => ({}), now_t, behind([lane], now_t)).map((bar) => until(bar, now_t, behind([lane], now_t)));
  assert.deepEqual(told(100), [20, 50]);
  assert.deepEqual(told(119.8), [null, 30.200000000000003], "not in 0 s");
  assert.deepEqual(told(200), [null, null]);
});
