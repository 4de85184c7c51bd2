// The board's events in the reader's words, and found by them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { happened, matches } = await load("board/happened.ts");
const { de } = await load("words/de.ts");
const { en } = await load("words/en.ts");
const event = (type, text) => ({ seq: 1, t: 0, type, subject: "A-1 u1 base", text });

test("an event is named in the reader's language, a state by its word", () => {
  assert.equal(happened(event("cell_changed", "cell changed: held"), de), `Zelle geändert: ${de.cellStates.held}`);
  assert.equal(happened(event("part_moved", "part moved: placed"), de), "Teil bewegt: abgesetzt");
  assert.equal(happened(event("motion_ended", "motion ended: canceled"), en), "Motion ended: broken off");
  assert.equal(happened(event("cell_changed", "cell changed: protective stop"), de), `Zelle geändert: ${de.safety.protective_stop}`);
  assert.equal(happened(event("motion_intended", "motion intended: let go of bearing"), de), "Bewegung beginnt gleich: loslassen");
  assert.equal(happened(event("motion_intended", "motion intended: let go of bearing"), en), "Motion about to start: let go of bearing");
  assert.equal(happened(event("step_started", "step started"), de), "Schritt begonnen");
});

test("what the server's rules say is said in the reader's language", () => {
  const failed = { ...event("step_failed", "step failed: The motion was cancelled."), says: { en: "The motion was cancelled.", de: "Die Bewegung wurde abgebrochen." } };
  assert.equal(happened(failed, de, "de-AT"), "Schritt misslungen: Die Bewegung wurde abgebrochen.");
  assert.equal(happened(failed, en, "en"), "Step failed: The motion was cancelled.");
  assert.ok(matches(failed, "abgebrochen", de, "de"));
});

test("what a person wrote stays as it was written, and so does an event that nobody named", () => {
  assert.equal(happened(event("step_failed", "step failed: M4: it slipped"), de), "Schritt misslungen: M4: it slipped");
  assert.equal(happened(event("unit_ended", "unit ended: constructor"), en), "Unit ended: constructor");
  assert.equal(happened(event("belt_moved", "belt moved"), de), "belt moved");
});

test("an event is found by what is shown, by its subject and by its type", () => {
  const started = event("step_started", "step started");
  for (const wanted of ["", " schritt BEGONNEN ", "u1", "step_started"]) assert.ok(matches(started, wanted, de), wanted);
  for (const wanted of ["misslungen", "step started", "u2"]) assert.ok(!matches(started, wanted, de), wanted);
});
