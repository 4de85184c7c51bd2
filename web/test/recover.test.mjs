import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { stageOf, stagesOf, restOf, changes } = await load("recover/stage.ts");

const cell = (more = {}) => ({ state: "held", safety: "normal", acknowledged: false, ...more });
const recovery = (more = {}) => ({ since_t: 1, held: null, looked: [], ...more });
const read = (...stages) => new Set(stages);

test("what there is to read comes first, then what the cell wants, and nothing where it runs", () => {
  assert.equal(stageOf(cell(), null, [], read()), null);
  assert.equal(stageOf(cell(), recovery(), [], read()), "happened");
  assert.equal(stageOf(cell({ safety: "emergency_stop" }), recovery(), [], read("happened")), "safety");
  assert.equal(stageOf(cell({ safety: "protective_stop" }), recovery(), [], read("happened")), "clear", "the word releases it");
  const held = recovery({ held: { part: "u1/a", certain: true }, looked: [{ step: "a" }] });
  assert.equal(stageOf(cell(), held, [{}], read("happened")), "gripper");
  assert.equal(stageOf(cell(), held, [{}], read("happened", "gripper")), "looked");
  assert.equal(stageOf(cell(), held, [{}], read("happened", "gripper", "looked")), "decide");
  assert.equal(stageOf(cell(), held, [], read("happened", "gripper", "looked")), "clear");
  assert.equal(stageOf(cell({ acknowledged: true }), held, [], read("happened", "gripper", "looked")), "go");
});

test("a safety state that turns bad on the way comes first again", () => {
  const all = read("happened", "gripper", "looked", "decide");
  assert.equal(stageOf(cell({ safety: "unknown", acknowledged: true }), recovery(), [], all), "safety");
});

test("the list keeps what was met and leaves out what there is not", () => {
  assert.deepEqual(stagesOf(cell(), recovery(), [], read()), ["happened", "clear", "go"]);
  assert.deepEqual(stagesOf(cell(), recovery(), [], read("decide")), ["happened", "decide", "clear", "go"]);
  assert.ok(changes(cell({ state: "unholding" })) && !changes(cell()));
});

test("a journal that can't be written is not called a cell that needs no recovery", () => {
  assert.equal(restOf([]), "over");
  assert.equal(restOf([{ kind: "camera" }]), "over");
  assert.equal(restOf([{ kind: "camera" }, { kind: "journal" }]), "dead");
});
