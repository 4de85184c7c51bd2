// A unit's steps as a layered graph: where each stands, and which arrows are drawn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { layered } = await load("board/layers.ts");
const steps = (spec) => Object.entries(spec).map(([id, after], index) => ({ id, index, after }));
const layerOf = ({ placed }) => Object.fromEntries(placed.map(({ step, layer }) => [step.id, layer]));

test("every step lies below all that it comes after, in any order of the list", () => {
  const list = steps({ close: ["left", "right"], left: ["base"], right: ["left", "base"], base: [] });
  assert.deepEqual(layerOf(layered(list)), { base: 0, left: 1, right: 2, close: 3 });
});

test("an arrow that a longer way already says is not drawn", () => {
  const { edges } = layered(steps({ a: [], b: ["a"], c: ["a", "b"] }));
  assert.deepEqual(edges, [["a", "b"], ["b", "c"]]);
});

test("steps side by side stand in columns of their own, below what they come after", () => {
  const { placed, columns } = layered(steps({ a: [], b: [], x: ["b"], y: ["a"] }));
  assert.equal(columns, 2);
  assert.deepEqual(placed.map(({ step, column }) => [step.id, column]), [["a", 0], ["b", 1], ["y", 0], ["x", 1]]);
});

test("an unknown name and a ring are no reason to draw nothing", () => {
  const { placed, edges } = layered(steps({ a: ["gone", "b"], b: ["a"] }));
  assert.equal(placed.length, 2);
  assert.equal(edges.length, 1);
});

test("no steps, no layers", () => assert.deepEqual(layered([]), { placed: [], edges: [], layers: 0, columns: 0 }));
