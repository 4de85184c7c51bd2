import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const stub = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true });
globalThis.addEventListener = () => {};
stub("document", { addEventListener: () => {}, documentElement: { dataset: {} }, visibilityState: "visible" });
stub("navigator", { language: "en-GB", languages: ["en-GB"] });
stub("localStorage", { getItem: () => null, setItem: () => {} });
stub("location", { pathname: "/worker", search: "", hash: "", protocol: "http:" });
const { Commands } = await load("command.ts");

const step = { unit: "u1", step: "a", attempt: 1, place: "front" };
const answer = (changes) => ({ id: "1", ok: true, code: "", message: "", remedy: "", ...changes });

/** A page at a place where nobody is signed in, whose cell answers as told. */
function page(answered, actors = []) {
  const store = { lanes: { value: new Map() }, cards: { value: new Map() }, steps: { value: new Map([["u1/a", { actors }]]) } };
  return new Commands({ line: { value: "online" }, ask: async () => answered }, {}, store, {});
}

test("who reports a problem is told that it arrived, who is asked and what comes next", async () => {
  const commands = page(answer());
  await commands.send({ type: "report_problem", ...step, note: "torn" });
  assert.equal(commands.notice.value.calm, true);
  assert.match(`${commands.notice.value.message} ${commands.notice.value.remedy}`, /reported.*supervisor.*Follow the card.*another step/);
});

test("a problem that did not arrive is not acknowledged", async () => {
  const commands = page(answer({ ok: false, code: "stale", message: "No.", remedy: "Look." }));
  await commands.send({ type: "report_problem", ...step, note: "torn" });
  assert.deepEqual(commands.notice.value, { message: "No.", remedy: "Look." });
});

test("a step that another screen has confirmed is told as that, with its place and without alarm", async () => {
  const commands = page(answer({ ok: false, code: "said_already", message: "This step has been confirmed already, by Kim." }), ["robot", "front"]);
  await commands.send({ type: "confirm_step", ...step });
  assert.equal(commands.notice.value.calm, true);
  assert.match(commands.notice.value.message, /confirmed already: Front\./);
});
