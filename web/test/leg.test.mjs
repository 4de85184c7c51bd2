// The stretch of a plan's way that the arm goes next, and where the tool's tip is at its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { legOf, tipAtEnd } = await load("scene/leg.ts");
const still = [1, 0, 0, 0];
const at = (...p) => ({ p, q: still });
const spot = (pose) => Object.assign(legOf([pose, pose], null, null).now[0]);
const told = (points) => points.map(({ x, y, z }) => [x, y, z].map((v) => Math.round(v * 100) / 100));
// from home over the bin, down, up again, over the nest, down, up again, home
const [home, bin, grip, nest, seat] = [at(0, 0, 0.5), at(0.4, 0, 0.3), at(0.4, 0, 0.1), at(-0.4, 0, 0.3), at(-0.4, 0, 0.1)];
const way = [home, bin, grip, bin, nest, seat, nest, home];
const leg = (from, to) => legOf(way, spot(from), spot(to));

test("the first leg is next and all that follows is later", () => {
  const { now, later } = leg(home, grip);
  assert.deepEqual(told(now), [home, bin, grip].map(({ p }) => p));
  assert.deepEqual(told(later), [grip, bin, nest, seat, nest, home].map(({ p }) => p));
});

test("a leg in the middle begins where the arm is; what was gone already is not drawn", () => {
  const { now, later } = leg(grip, nest);
  assert.deepEqual(told(now), [grip, bin, nest].map(({ p }) => p));
  assert.deepEqual(told(later).at(0), nest.p);
  assert.deepEqual(told(later).at(-1), home.p);
});

test("a place that is passed twice is the one that comes next", () => {
  assert.deepEqual(told(leg(nest, seat).now), [nest, seat].map(({ p }) => p));
  assert.deepEqual(told(leg(seat, nest).now), [seat, nest].map(({ p }) => p));
});

test("the last leg leaves nothing for later", () => {
  const { now, later } = leg(nest, home);
  assert.deepEqual(told(now), [nest, home].map(({ p }) => p));
  assert.deepEqual(later, []);
});

test("where the end is not known, or not on the way, all of it is next", () => {
  for (const split of [legOf(way, spot(home), null), legOf(way, null, spot(grip)), leg(home, at(2, 2, 2))]) {
    assert.equal(split.now.length, way.length);
    assert.deepEqual(split.later, []);
  }
});

test("the tip ends where the palm carries it, whatever the fingers do", () => {
  const body = (role) => ({ shape: "box", size_m: [0.1, 0.1, 0.1], role, pose: at(0, 0, 0) });
  const views = [["base", "arm"], ["palm", "gripper"], ["finger", "finger"]].map(([name, role]) => ({ name, bodies: [body(role)] }));
  const now = { tcp: at(0.5, 0, 0.3), palm: at(0.5, 0, 0.4), finger: at(0.53, 0, 0.32) };
  const down = { p: [0, 0.6, 0.4], q: [0, 1, 0, 0] }; // turned over about x: what was below the palm is above it
  const end = tipAtEnd({ end: [at(0, 0, 0), down, at(9, 9, 9)] }, views, (name) => now[name] ?? null);
  assert.deepEqual(told([end]), [[0, 0.6, 0.5]]);
  assert.equal(tipAtEnd({ end: [] }, views, (name) => now[name] ?? null), null);
  assert.equal(tipAtEnd({ end: [at(0, 0, 0), down, down] }, views, () => null), null);
});
