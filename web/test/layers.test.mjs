// A unit's steps as a layered graph: where each stands, which arrows are drawn, and that they run between the boxes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { layered } = await load("board/layers.ts");
const { curve, laidOut } = await load("board/layout.ts");
const SIZES = { width: 172, height: 84, across: 16, down: 30, edge: 6 };
const steps = (spec) => Object.entries(spec).map(([id, after], index) => ({ id, index, after }));
const rowsOf = ({ rows }) => rows.map((row) => row.map(({ step }) => step?.id ?? "|"));
const arrowsOf = ({ edges }) => edges.map(({ from, to }) => [from, to]);

test("every step lies below all that it comes after, in any order of the list", () => {
  const list = steps({ close: ["left", "right"], left: ["base"], right: ["left", "base"], base: [] });
  assert.deepEqual(rowsOf(layered(list)), [["base"], ["left"], ["right"], ["close"]]);
});

test("an arrow that a longer way already says is not drawn", () => {
  assert.deepEqual(arrowsOf(layered(steps({ a: [], b: ["a"], c: ["a", "b"] }))), [["a", "b"], ["b", "c"]]);
});

test("steps side by side stand below what they come after", () => {
  assert.deepEqual(rowsOf(layered(steps({ a: [], b: [], x: ["b"], y: ["a"] }))), [["a", "b"], ["y", "x"]]);
});

test("an arrow has a place of its own in each row that it passes", () => {
  const graph = layered(steps({ a: [], b: ["a"], c: ["b"], d: [], e: ["c", "d"] }));
  assert.deepEqual(rowsOf(graph), [["a", "d"], ["b", "|"], ["c", "|"], ["e"]]);
  assert.deepEqual(graph.edges.map(({ through }) => through.length), [0, 0, 0, 2]);
});

test("an unknown name and a ring are no reason to draw nothing", () => {
  const { rows, edges } = layered(steps({ a: ["gone", "b"], b: ["a"] }));
  assert.equal(rows.flat().length, 2);
  assert.equal(edges.length, 1);
});

test("no steps, no rows", () => {
  assert.deepEqual(layered([]), { rows: [], edges: [] });
  assert.deepEqual(laidOut([], SIZES), { boxes: [], arrows: [], width: 12, height: 12 });
});

/** Dice that always fall alike for a seed. */
function dice(seed) {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Points along what is drawn. */
function along(d) {
  const out = [];
  let at = [0, 0];
  for (const [, kind, numbers] of d.matchAll(/([MCL])([-\d. ]+)/g)) {
    const n = numbers.trim().split(" ").map(Number);
    const [a, b, c] = kind === "C" ? [n.slice(0, 2), n.slice(2, 4), n.slice(4)] : [at, n.slice(0, 2), n.slice(0, 2)];
    for (let t = kind === "M" ? 1 : 0; t <= 1; t += 1 / 32) {
      const u = 1 - t;
      out.push(kind === "C" ? [0, 1].map((i) => u ** 3 * at[i] + 3 * u * u * t * a[i] + 3 * u * t * t * b[i] + t ** 3 * c[i]) : [0, 1].map((i) => u * at[i] + t * b[i]));
    }
    at = n.slice(-2);
  }
  return out;
}

function holds({ boxes, arrows, width, height }, about) {
  const inside = ([x, y], box) => x > box.x && x < box.x + SIZES.width && y > box.y && y < box.y + SIZES.height;
  for (const { from, to, points } of arrows) {
    const line = along(curve(points));
    assert.ok(line.length > 30, about);
    for (const box of boxes) assert.ok(!line.some((point) => inside(point, box)), `${from} -> ${to} crosses ${box.step.id} (${about})`);
    assert.ok(line.every(([x, y]) => x >= 0 && x <= width && y >= 0 && y <= height), `${from} -> ${to} leaves the plane (${about})`);
    const [start, end] = [boxes.find(({ step }) => step.id === from), boxes.find(({ step }) => step.id === to)];
    assert.deepEqual(points[0], [start.x + SIZES.width / 2, start.y + SIZES.height]);
    assert.deepEqual(points.at(-1), [end.x + SIZES.width / 2, end.y - 1]);
  }
  for (const [i, a] of boxes.entries()) {
    assert.ok(a.x >= 0 && a.x + SIZES.width <= width && a.y >= 0 && a.y + SIZES.height <= height, about);
    for (const b of boxes.slice(i + 1)) assert.ok(a.y !== b.y || Math.abs(a.x - b.x) >= SIZES.width + SIZES.across - 1, `${a.step.id} and ${b.step.id} overlap (${about})`);
  }
}

test("whatever comes after what, no arrow crosses a box and no two boxes overlap", () => {
  let long = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const roll = dice(seed);
    const list = Array.from({ length: 2 + roll(28) }, (_, index) => ({
      id: `s${index}`,
      index,
      after: index === 0 ? [] : Array.from({ length: roll(4) }, () => `s${Math.max(0, index - 1 - roll(index))}`),
    }));
    const graph = laidOut(list, SIZES);
    assert.equal(graph.boxes.length, list.length);
    long += graph.arrows.filter(({ points }) => points.length > 2).length;
    holds(graph, `seed ${seed}`);
  }
  assert.ok(long > 300, "many of them span several rows");
});
