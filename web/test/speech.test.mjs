// A card's words are spoken with the device's own voice, once, and never by a server's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Speech, spoken, voiceFor } = await load("card/speech.ts");
const OWN = { lang: "de_DE", localService: true };
const CLOUD = { lang: "de-DE", localService: false };
const SIGNAL = { danger: "DANGER", warning: "WARNING", caution: "CAUTION" };
const SAY = { title: "Press the bearing", do: "Up to the shoulder.", more: "", ask: {}, hazards: { ram: "Keep fingers out", oil: "Slippery" }, media: {} };
const card = (changes = {}) => ({ status: "step", hazards: { ram: "warning", oil: "caution" }, ...changes });

function mouth(...voices) {
  const heard = [];
  return { heard, getVoices: () => voices, speak: ({ text, voice }) => heard.push([text, voice.lang]), cancel: () => heard.push("silence") };
}

test("only a voice of the device itself speaks, in the reader's language", () => {
  assert.equal(voiceFor(mouth(CLOUD, OWN), "de"), OWN);
  assert.equal(voiceFor(mouth(CLOUD), "de"), undefined);
  assert.equal(voiceFor(mouth(OWN), "en"), undefined);
  assert.equal(voiceFor(null, "de"), undefined);
});

test("what must not be missed is said first", () => {
  assert.equal(spoken(card(), SAY, SIGNAL), "WARNING: Keep fingers out. Press the bearing. Up to the shoulder.");
  assert.equal(spoken(card({ status: "checking" }), SAY, SIGNAL), "");
  assert.equal(spoken(card(), undefined, SIGNAL), "");
});

test("a text is said once, and the next one ends it", () => {
  const own = mouth(OWN);
  const speech = new Speech(own, (text) => ({ text }));
  speech.say("Eins.", "de");
  speech.say("Eins.", "de");
  speech.say("Zwei.", "de");
  speech.say("", "de");
  speech.say("Zwei.", "de");
  assert.deepEqual(own.heard, ["silence", ["Eins.", "de_DE"], "silence", ["Zwei.", "de_DE"], "silence", "silence", ["Zwei.", "de_DE"]]);
});

test("a device without a voice of its own stays silent", () => {
  const cloud = mouth(CLOUD);
  new Speech(cloud, (text) => ({ text })).say("Eins.", "de");
  assert.deepEqual(cloud.heard, ["silence"]);
  new Speech(null).say("Eins.", "de");
});
