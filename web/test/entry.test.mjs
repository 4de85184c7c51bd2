import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Entry, judge, onlyCode, parse } = await load("card/entry.ts");
const number = { kind: "number", nominal: 12, low: 10.5, high: 13.5, unit: "Nm", pattern: "", choices: [], passing: [] };
const card = (changes = {}) => ({ unit: "u1", step: "tighten@1", attempt: 1, hazards: {}, asks: [], lots: [], ...changes });
const confirm = { type: "confirm_step", unit: "u1", step: "tighten@1", attempt: 1, place: "front" };

function entered(of, change = () => {}, who = "anna") {
  const entry = new Entry();
  entry.follow(of, who);
  change(entry);
  return entry;
}

test("numbers are read with point or comma, and nothing else is a number", () => {
  assert.equal(parse("12,5"), 12.5);
  assert.equal(parse(" 12.5 "), 12.5);
  for (const typed of ["", "12 Nm", "1e3", "0x10", "1,2,3"]) assert.equal(parse(typed), null, typed);
});

test("a code that can only be one is told, the unit's serial number among them; one of many is not", () => {
  const scan = (pattern) => ({ ...number, kind: "scan", unit: "", pattern });
  assert.equal(onlyCode(scan("u1"), "u1"), "u1");
  assert.equal(onlyCode(scan("$serial"), "u1"), "u1");
  assert.equal(onlyCode(scan("A-12-$serial"), "u1"), "A-12-u1");
  for (const pattern of ["", "[A-Z]{3}-\\d+", "lot|serie"]) assert.equal(onlyCode(scan(pattern), "u1"), null);
  assert.equal(onlyCode(number, "u1"), null);
});

test("danger and warning are acknowledged before the step is confirmed, caution is not", () => {
  const of = card({ hazards: { crush: "danger", pinch: "caution" } });
  assert.equal(entered(of).complete(of, confirm), null);
  assert.deepEqual(entered(of, (entry) => entry.acknowledge("crush", true)).complete(of, confirm).values, {});
});

test("a value within its limits is sent as a number", () => {
  const of = card({ asks: [{ value: "torque_Nm", spec: number }] });
  assert.equal(entered(of).complete(of, confirm), null);
  const done = entered(of, (entry) => entry.setValue("torque_Nm", "12,4")).complete(of, confirm);
  assert.deepEqual(done.values, { torque_Nm: 12.4 });
});

test("a value outside its limits takes a second press of the same value", () => {
  const of = card({ asks: [{ value: "torque_Nm", spec: number }] });
  const entry = entered(of, (one) => one.setValue("torque_Nm", "9"));
  assert.equal(entry.complete(of, confirm), null);
  entry.setValue("torque_Nm", "8");
  assert.equal(entry.complete(of, confirm), null, "another value asks again");
  assert.deepEqual(entry.complete(of, confirm).values, { torque_Nm: 8 });
});

test("entries belong to one attempt, acknowledgements to one step with its repetitions", () => {
  const of = card({ hazards: { pinch: "warning" }, asks: [{ value: "torque_Nm", spec: number }] });
  const entry = entered(of, (one) => {
    one.acknowledge("pinch", true);
    one.setValue("torque_Nm", "12");
  });
  entry.follow({ ...of, step: "tighten@2" }, "anna");
  assert.deepEqual(entry.values.value, {});
  assert.ok(entry.acknowledged.value.has("pinch"));
  entry.follow({ ...of, step: "turn" }, "anna");
  assert.ok(!entry.acknowledged.value.has("pinch"));
});

test("claims must be so, and scans must fit", () => {
  assert.equal(judge({ value: "snapped", spec: { ...number, kind: "claim" } }, false, "u1"), "claim");
  const scan = { value: "code", spec: { ...number, kind: "scan", pattern: "A-\\d+" } };
  assert.equal(judge(scan, "A-17", "u1"), null);
  assert.equal(judge(scan, "B-17", "u1"), "pattern");
  const own = { value: "code", spec: { ...scan.spec, pattern: "$serial" } };
  assert.equal(judge(own, "u1", "u1"), null);
  assert.equal(judge(own, "u2", "u1"), "pattern");
});

test("a card that asks for a picture is not confirmed without one", () => {
  const of = card({ photo: true });
  const entry = entered(of);
  assert.equal(entry.complete(of, confirm), null);
  assert.equal(entry.fault("photo"), "photo");
  entry.setPictured(true);
  assert.equal(entry.fault("photo"), null);
  assert.notEqual(entry.complete(of, confirm), null);
});

test("what somebody typed is theirs: the next person at the card begins afresh, and they find it again", () => {
  const shelf = new Map();
  globalThis.localStorage = { getItem: (name) => shelf.get(name) ?? null, setItem: (name, value) => shelf.set(name, value) };
  const of = card({ hazards: { crush: "danger" }, asks: [{ value: "snapped", spec: { ...number, kind: "claim" } }] });
  const entry = entered(of, (one) => {
    one.acknowledge("crush", true);
    one.setValue("snapped", true);
  });
  assert.notEqual(entry.complete(of, confirm), null);
  entry.follow(of, "bert"); // the device is handed on in the middle of the step
  assert.deepEqual([entry.values.value, entry.acknowledged.value.size], [{}, 0]);
  assert.equal(entry.complete(of, confirm), null, "nobody confirms what another has ticked");
  entry.setValue("snapped", false);
  entry.follow(of, "anna");
  assert.deepEqual(entry.values.value, { snapped: true });
  const fresh = entered(of); // after a sign-out the page is loaded anew
  assert.deepEqual([fresh.values.value, fresh.acknowledged.value.size], [{ snapped: true }, 0], "hazards are asked anew");
  for (let n = 0; n < 20; n++) entered({ ...of, attempt: 2 + n }, (one) => one.setValue("snapped", true));
  assert.equal(JSON.parse(shelf.get("tandem.draft")).length, 8);
  shelf.set("tandem.draft", "{");
  assert.deepEqual(entered(of).values.value, {});
  delete globalThis.localStorage;
});
