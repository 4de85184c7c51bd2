// Names of the cell's and the products' files: in the reader's language, or not yet.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { load } from "./bundle.mjs";

const stub = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true });
stub("document", { documentElement: { dataset: {} } });
stub("navigator", { language: "de-DE", languages: ["de-DE"] });
const answers = []; // of the server, one for each time that the scene is asked for
globalThis.fetch = () => new Promise((resolve, reject) => answers.push({ resolve, reject }));
const settle = () => new Promise((done) => setImmediate(done));
let copies = 0;
const fresh = async () => (await load("common/called.ts", (copies += 1))).called;

afterEach(() => answers.splice(0));

test("a name is not said in the file's own language while the reader's is on its way", async () => {
  const called = await fresh();
  assert.equal(called("gear_reducer"), "…");
  assert.equal(answers.length, 1);
  answers[0].resolve(Response.json({ names: { gear_reducer: { en: "Gear reducer", de: "Getriebe" } } }));
  await settle();
  assert.equal(called("gear_reducer"), "Getriebe");
  assert.equal(called("top_cover"), "Top cover", "one that nobody gave words stays readable");
});

test("where the words do not come, the name is readable, and they are asked for again", async () => {
  const called = await fresh();
  called("gear_reducer");
  answers[0].reject(new Error("no network"));
  await settle();
  assert.equal(called("gear_reducer"), "Gear reducer");
  answers[1].resolve(Response.json({ names: { gear_reducer: { en: "Gear reducer", de: "Getriebe" } } }));
  await settle();
  assert.equal(called("gear_reducer"), "Getriebe");
});
