// The arm at the end of its motion: each link where the motion ends, see-through, and gone with the motion.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { EndPose } = await load("scene/end_pose.ts");
const colour = { isColor: true, r: 1, g: 0.5, b: 0 };
const still = { p: [0, 0, 0], q: [1, 0, 0, 0] };
const body = { shape: "box", size_m: [0.1, 0.1, 0.3], role: "arm", pose: still };
const views = ["base", "hand"].map((name) => ({ name, bodies: [body] }));
const motion = { end: [{ p: [0.1, 0, 0], q: [1, 0, 0, 0] }, { p: [0.4, 0.2, 0.3], q: [0, 1, 0, 0] }] };

const nowhere = () => null;
const drawn = (shown) => shown.object.children.flatMap((link) => link.children);

test("it stands where the motion ends, and is gone with it", () => {
  const shown = new EndPose(views, { intent: colour });
  assert.equal(shown.object.visible, false);
  shown.set(motion, nowhere);
  assert.equal(shown.object.visible, true);
  assert.deepEqual(shown.object.children.map(({ position }) => position.toArray()), motion.end.map(({ p }) => p));
  shown.set(null, nowhere);
  assert.equal(shown.object.visible, false);
});

test("a motion that does not say where it ends shows no arm", () => {
  const shown = new EndPose(views, { intent: colour });
  shown.set(motion, nowhere);
  for (const end of [[], motion.end.slice(1)]) {
    shown.set({ end }, nowhere);
    assert.equal(shown.object.visible, false);
  }
});

test("it is never solid: it hides nothing, throws no shadow, and does not flicker where the arm itself comes to stand", () => {
  const pieces = drawn(new EndPose(views, { intent: colour }));
  assert.ok(pieces.length >= 4);
  for (const { material, castShadow } of pieces) {
    assert.ok(material.transparent && material.opacity < 0.7 && !material.depthWrite && !castShadow);
  }
  assert.ok(pieces.filter(({ isMesh }) => isMesh).every(({ material }) => material.polygonOffset && material.polygonOffsetUnits < 0));
});

test("a link that stays where it is is not drawn twice", () => {
  const shown = new EndPose(views, { intent: colour });
  shown.set(motion, (link) => (link === "base" ? motion.end[0] : still));
  assert.deepEqual(shown.object.children.map(({ visible }) => visible), [false, true]);
  shown.set({ end: motion.end.toReversed() }, () => motion.end[0]);
  assert.deepEqual(shown.object.children.map(({ visible }) => visible), [true, false]);
});

test("it goes once the motion is under way, and stays while that waits for a word", () => {
  const shown = new EndPose(views, { intent: colour });
  shown.set({ ...motion, begins_t: 105 }, nowhere);
  for (const [t, visible] of [[101, true], [104.9, true], [105, false], [107, false]]) {
    shown.update(t);
    assert.equal(shown.object.visible, visible, `at ${t} s`);
  }
  shown.set({ ...motion, begins_t: null }, nowhere);
  shown.update(900);
  assert.equal(shown.object.visible, true);
  shown.set(null, nowhere);
  shown.update(0);
  assert.equal(shown.object.visible, false);
});
