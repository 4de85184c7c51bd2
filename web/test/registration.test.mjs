import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";
import { gauss, leaning } from "./pictures.mjs";

const { fit, expected_m } = await load("ar/rigid.ts");
const { average } = await load("ar/average.ts");
const { Registration } = await load("ar/registration.ts");
const A = await load("ar/algebra.ts");

const TOUCH = { nest_1: [0.45, -0.15, 0.02], nest_2: [0.45, 0.15, 0.02], press: [0.25, 0.45, 0.02], out: [0.72, 0, 0] };
const RULES = { max_off_m: 0.003, max_age_s: 3600, touch: TOUCH, board: null };
const SPACE = { turn: leaning(70, 20, 130), at: [0.3, 1.1, -0.8] }; // the cell in a headset's space
const GOAL = [0.5, 0.1, 0.05];

/** Points as a hand touches them: `sigma` metres beside on each axis. */
const touched = (random, sigma) => Object.values(TOUCH).map((p) => A.moved(SPACE, p).map((v) => v + sigma * random()));

test("three points say where the cell is, exactly, whatever way it is turned", () => {
  const from = Object.values(TOUCH).slice(0, 3);
  for (let i = 0; i < 40; i += 1) {
    const space = { turn: leaning(i * 9, i * 31, i * 57), at: [i / 10, -1, 2] };
    const found = fit(from, from.map((p) => A.moved(space, p)));
    assert.ok(found.residual_m < 1e-9 && A.between(found.placed.turn, space.turn) < 1e-6);
    assert.ok(A.distance(A.moved(found.placed, GOAL), A.moved(space, GOAL)) < 1e-9);
  }
});

test("two points, and points in a line, say nothing", () => {
  const line = [[0, 0, 0], [0.2, 0, 0], [0.4, 0.001, 0]];
  assert.equal(fit(line, line), null);
  assert.equal(fit(line.slice(0, 2), line.slice(0, 2)), null);
});

test("a mirrored cell is never fitted by a reflection", () => {
  const from = [[0, 0, 0], [0.4, 0, 0], [0, 0.3, 0], [0.1, 0.1, 0.5]];
  const found = fit(from, from.map(([x, y, z]) => [x, -y, z]));
  const [a, b, c, d, e, f, g, h, i] = found.placed.turn;
  assert.ok(Math.abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) - 1) < 1e-9);
  assert.ok(found.residual_m > 0.05);
});

test("residual and expected error are what really happens, over many trials", () => {
  const random = gauss(7);
  let [residual2, expected2, true2] = [0, 0, 0];
  const trials = 1500;
  for (let i = 0; i < trials; i += 1) {
    const from = Object.values(TOUCH);
    const found = fit(from, touched(random, 0.001));
    residual2 += found.residual_m ** 2;
    expected2 += expected_m(found, GOAL) ** 2;
    true2 += A.distance(A.moved(found.placed, GOAL), A.moved(SPACE, GOAL)) ** 2;
  }
  const rms = (sum) => Math.sqrt(sum / trials);
  assert.ok(Math.abs(rms(residual2) - 0.001 * Math.sqrt(3)) < 0.0001, `residual ${rms(residual2)}`);
  assert.ok(Math.abs(rms(expected2) / rms(true2) - 1) < 0.1, `expected ${rms(expected2)}, true ${rms(true2)}`);
});

test("poses are averaged without those that are far off", () => {
  const random = gauss(3);
  const one = { turn: leaning(25, 40, 10), at: [0.1, 0.2, 1] };
  const samples = Array.from({ length: 30 }, () => ({ turn: A.product(A.about([0, 0, 1].map(() => 0.002 * random())), one.turn), at: one.at.map((v) => v + 0.001 * random()) }));
  const astray = Array.from({ length: 8 }, () => ({ turn: A.product(A.about([0.4, 0, 0]), one.turn), at: [0.3, 0.2, 1.2] }));
  const found = average([...astray, ...samples]);
  assert.ok(found.used <= 30 && found.used >= 25);
  assert.ok(A.distance(found.placed.at, one.at) < 0.001 && A.between(found.placed.turn, one.turn) < 0.002);
  assert.ok(found.scatter_m > 0.001 && found.scatter_m < 0.003);
  const apart = Array.from({ length: 12 }, (_, i) => ({ turn: one.turn, at: [i < 4 ? 0 : i < 8 ? 1 : 2, 0.001 * random(), 0] }));
  assert.ok(average(apart).scatter_m > 0.5, "samples that agree with nobody show in the scatter");
  assert.equal(average([]), null);
});

const touchAll = (registration, at, now = 1000) => {
  for (const [i, name] of registration.points.entries()) registration.touch(name, [at[i], at[i]], now);
};

test("the cell is known once every point is touched, and overlays may be drawn", () => {
  const registration = new Registration("bench", RULES);
  assert.equal(registration.judge(GOAL, 1000).standing, "unknown");
  const at = touched(gauss(1), 0.0005);
  registration.touch("nest_1", [at[0]], 1000);
  assert.equal(registration.wanted, "nest_2");
  assert.deepEqual(registration.progress, [1, 4]);
  touchAll(registration, at);
  const judged = registration.judge(GOAL, 1060);
  assert.equal(judged.standing, "good");
  assert.equal(judged.age_s, 60);
  assert.ok(judged.off_m > 0 && judged.off_m < 0.003);
  assert.ok(A.distance(A.moved(registration.placed, GOAL), A.moved(SPACE, GOAL)) < 0.002);
});

test("a hand that moved is not taken for a touch", () => {
  const registration = new Registration("bench", RULES);
  const moving = Array.from({ length: 20 }, (_, i) => [i / 500, 0, 0]);
  assert.equal(registration.touch("nest_1", moving, 1000), false);
  assert.equal(registration.wanted, "nest_1");
});

test("above the cell's limit nothing precise is drawn, and neither when it is too old", () => {
  const registration = new Registration("bench", RULES);
  const at = touched(gauss(1), 0);
  touchAll(registration, [at[0].map((v) => v + 0.02), ...at.slice(1)]); // one point was missed by 35 mm
  assert.equal(registration.judge(GOAL, 1000).standing, "off");
  registration.begin();
  touchAll(registration, at);
  assert.equal(registration.judge(GOAL, 1000).standing, "good");
  assert.equal(registration.judge(GOAL, 1000 + 3601).standing, "old");
});

test("a kept place counts only after a point was touched where it should be", () => {
  const first = new Registration("bench", RULES);
  const at = touched(gauss(2), 0.0003);
  touchAll(first, at);
  const kept = JSON.parse(JSON.stringify(first.keep(first.placed)));
  const again = new Registration("bench", RULES);
  assert.equal(again.restore(kept, A.placed(kept.placed)), true);
  assert.equal(again.judge(GOAL, 1100).standing, "unchecked");
  assert.equal(again.keep(again.placed), null, "what is unchecked is not kept on");
  again.touch(again.wanted, [A.moved(SPACE, TOUCH.nest_1)], 1100);
  assert.equal(again.judge(GOAL, 1100).standing, "good");
  assert.equal(again.judge(GOAL, 1100).age_s, 100, "its age is that of the touched points, not of the check");

  const shifted = new Registration("bench", RULES);
  shifted.restore(kept, { ...A.placed(kept.placed), at: A.placed(kept.placed).at.map((v, i) => v + (i === 0 ? 0.012 : 0)) });
  shifted.touch("nest_1", [A.moved(SPACE, TOUCH.nest_1)], 1100);
  const judged = shifted.judge(GOAL, 1100);
  assert.equal(judged.standing, "moved");
  assert.ok(Math.abs(judged.off_m - 0.012) < 0.001);
});

test("what was kept of other points or another cell is not taken up", () => {
  const first = new Registration("bench", RULES);
  touchAll(first, touched(gauss(2), 0));
  const kept = first.keep(first.placed);
  assert.equal(new Registration("other", RULES).restore(kept, first.placed), false);
  const elsewhere = { ...RULES, touch: { ...TOUCH, press: [0.3, 0.45, 0.02] } };
  assert.equal(new Registration("bench", elsewhere).restore(kept, first.placed), false);
});

test("a point on which something stands is left out, as long as three are left", () => {
  const registration = new Registration("bench", RULES);
  const at = touched(gauss(5), 0);
  assert.equal(registration.pass(), true);
  assert.equal(registration.wanted, "nest_2");
  assert.equal(registration.pass(), false, "three are needed");
  assert.deepEqual(registration.progress, [0, 3]);
  for (const [i, name] of registration.points.entries()) if (i > 0) registration.touch(name, [at[i]], 1000);
  assert.equal(registration.judge(GOAL, 1000).standing, "good");
  const again = new Registration("bench", RULES);
  again.restore(registration.keep(registration.placed), registration.placed);
  assert.equal(again.wanted, "nest_1");
  again.pass();
  assert.equal(again.wanted, "nest_2", "another point does for the check");
});

test("points that were looked at are no more exact than a hit test, whatever the residual", () => {
  const wide = { ...RULES, max_off_m: 0.015 };
  const looked = new Registration("bench", wide);
  const at = touched(gauss(1), 0);
  for (const [i, name] of looked.points.entries()) looked.touch(name, [at[i]], 1000, i === 2 ? 0.01 : 0);
  assert.equal(looked.judge(GOAL, 1000).off_m, 0.01);
  assert.equal(looked.judge(GOAL, 1000).standing, "good", "the cell allows 15 mm");

  const strict = new Registration("bench", RULES);
  assert.equal(strict.restore(JSON.parse(JSON.stringify(looked.keep(looked.placed))), looked.placed), true);
  strict.touch(strict.wanted, [at[0]], 1000);
  assert.equal(strict.judge(GOAL, 1000).standing, "off", "what was kept stays as inexact as it was");
  strict.begin();
  touchAll(strict, at);
  assert.equal(strict.judge(GOAL, 1000).standing, "good");

  const checked = new Registration("bench", wide);
  const { least_m, ...old } = looked.keep(looked.placed); // as kept before there were hit tests
  checked.restore(old, looked.placed);
  checked.touch(checked.wanted, [at[0]], 1000, 0.01);
  assert.equal(checked.judge(GOAL, 1000).off_m, 0.01, "a check by a look says no more than the look");
});
