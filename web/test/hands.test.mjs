import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { load } from "./bundle.mjs";

globalThis.document ??= { documentElement: { dataset: {} } };
globalThis.navigator ??= { language: "en" };
mock.timers.enable({ apis: ["setTimeout"] });
const { Keys, KEYS, assign, eligible } = await load("hands/keys.ts");
const { nextEmpty } = await load("hands/scan.ts");

const press = (key, more = {}) => ({ key, repeat: false, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...more });
const FAR_MS = 1_000;

/** What is done after presses `[press, at ms, busy]`, once every wait is over. */
function done(...presses) {
  const all = [];
  const keys = new Keys((doing) => all.push(doing));
  for (const [one, at, busy = false] of presses) keys.press(one, FAR_MS + at, busy);
  mock.timers.tick(100);
  return all;
}

test("a pedal does what it stands for, once", () => {
  assert.deepEqual(done([press("F13"), 0]), ["next"]);
  assert.deepEqual(done([press("F14"), 0]), ["problem"]);
  assert.deepEqual(done([press("F16"), 0]), []);
});

test("a pedal that is held does nothing more", () => {
  assert.deepEqual(done([press("F13", { repeat: true }), 0]), []);
});

test("a key does nothing while a field or a dialog has it, or with a modifier", () => {
  assert.deepEqual(done([press("F13"), 0, true]), []);
  for (const held of ["ctrlKey", "altKey", "metaKey", "shiftKey"]) assert.deepEqual(done([press("F13", { [held]: true }), 0]), []);
});

test("a key in a row that a code reader types is none, at its beginning, within and at its end", () => {
  assert.deepEqual(done([press("F13"), 0], [press("4"), 2], [press("7"), 4], [press("Enter"), 6]), []);
  assert.deepEqual(done([press("4"), 0], [press("F13"), 2], [press("7"), 4]), []);
  assert.deepEqual(done([press("4"), 0], [press("7"), 2], [press("F13"), 4]), []);
});

test("what writes, moves on or ends a scan can't stand for anything", () => {
  for (const key of ["a", "7", " ", "Enter", "Tab", "Escape", "Shift"]) assert.equal(eligible(key), false, key);
  assert.equal(assign("next", "Enter"), false);
  assert.equal(KEYS.next.value, "F13");
});

test("a key stands for one thing", () => {
  assert.ok(assign("next", "PageDown"));
  assert.ok(assign("problem", "PageDown"));
  assert.deepEqual([KEYS.next.value, KEYS.problem.value], ["", "PageDown"]);
});

test("a scan belongs into the first empty field that waits for a code", () => {
  const scan = (value) => ({ value, spec: { kind: "scan" } });
  const card = { asks: [{ value: "torque_Nm", spec: { kind: "number" } }, scan("label"), scan("box")], lots: ["housing"] };
  const entry = (values, lots = {}) => ({ values: { value: values }, lots: { value: lots } });
  assert.deepEqual(nextEmpty(card, entry({})), { kind: "value", name: "label" });
  assert.deepEqual(nextEmpty(card, entry({ label: "A", box: " " })), { kind: "value", name: "box" });
  assert.deepEqual(nextEmpty(card, entry({ label: "A", box: "B" })), { kind: "lot", name: "housing" });
  assert.equal(nextEmpty(card, entry({ label: "A", box: "B" }, { housing: "C" })), null);
});
