import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { load } from "./bundle.mjs";

globalThis.document ??= { documentElement: { dataset: {} } };
globalThis.navigator ??= { language: "en" };
mock.timers.enable({ apis: ["setTimeout"] });
const { ears, fetchLanguage, hear, listening, look } = await load("hands/hear.ts");
const { doingOf } = await load("hands/phrases.ts");
const hands = { en: (await load("words/en.ts")).en.hands, de: (await load("words/de.ts")).de.hands };

const made = [];
class Recogniser {
  static how = "available";
  static asked = [];
  static async available(options) {
    Recogniser.asked.push(options);
    return Recogniser.how;
  }
  static async install() {
    Recogniser.how = "available";
    return true;
  }
  constructor() {
    made.push(this);
  }
  start() {
    this.started = { local: this.processLocally, lang: this.lang };
    this.onstart();
  }
  abort() {
    this.onend();
  }
  say(transcript, { confidence = 0.9, isFinal = true } = {}) {
    this.onresult({ resultIndex: 0, results: [Object.assign([{ transcript, confidence }], { isFinal })] });
  }
}

const settled = async () => {
  for (let i = 0; i < 10; i += 1) await null;
};

beforeEach(() => {
  made.length = 0;
  Recogniser.how = "available";
  Recogniser.asked = [];
  globalThis.SpeechRecognition = Recogniser;
});

test("a browser that can only send the sound away is not asked to listen", async () => {
  globalThis.SpeechRecognition = class extends Recogniser {};
  globalThis.SpeechRecognition.available = undefined;
  hear("en", assert.fail)();
  hear("en", assert.fail);
  await settled();
  assert.deepEqual([made.length, ears.value], [0, "absent"]);
  delete globalThis.SpeechRecognition;
  await look("en");
  assert.equal(ears.value, "absent");
});

test("what is heard stays on the device, in the worker's language", async () => {
  const said = [];
  const end = hear("de", (words) => said.push(words));
  await settled();
  assert.deepEqual(Recogniser.asked, [{ langs: ["de-DE"], processLocally: true }]);
  assert.deepEqual(made[0].started, { local: true, lang: "de-DE" });
  assert.equal(listening.value, true);
  made[0].say("Schritt");
  made[0].say("Schritt fertig", { isFinal: false });
  made[0].say("Schritt fertig", { confidence: 0.2 });
  made[0].say("Schritt fertig", { confidence: 0 });
  assert.deepEqual(said, ["Schritt", "Schritt fertig"]);
  end();
  made[0].say("Schritt fertig");
  assert.deepEqual([said.length, listening.value], [2, false]);
});

test("a silence ends a recognition, and it begins anew; what ended with the page does not", async () => {
  const end = hear("en", () => undefined);
  await settled();
  made[0].onend();
  assert.equal(listening.value, false);
  mock.timers.tick(500);
  await settled();
  assert.equal(made.length, 2);
  end();
  mock.timers.tick(500);
  await settled();
  assert.equal(made.length, 2);
});

test("a microphone that is refused is not asked for again and again", async () => {
  const end = hear("en", () => undefined);
  await settled();
  made[0].onerror({ error: "not-allowed" });
  made[0].onend();
  mock.timers.tick(500);
  await settled();
  assert.deepEqual([made.length, ears.value], [1, "refused"]);
  end();
});

test("a language is fetched when that is asked for, not before", async () => {
  Recogniser.how = "downloadable";
  hear("en", assert.fail)();
  await settled();
  assert.deepEqual([made.length, ears.value], [0, "downloadable"]);
  await fetchLanguage("en");
  assert.equal(ears.value, "ready");
});

test("an utterance is a phrase whole, or nothing", () => {
  const { phrases } = hands.en;
  assert.equal(doingOf("Step done.", phrases), "next");
  assert.equal(doingOf("  report   a problem ", phrases), "problem");
  assert.equal(doingOf("read again!", phrases), "again");
  for (const talk of ["", "done", "is that step done", "step done yet", "problem"]) assert.equal(doingOf(talk, phrases), null, talk);
});

test("no phrase stands for two things, in any language", () => {
  for (const [language, { phrases }] of Object.entries(hands)) {
    for (const [doing, said] of Object.entries(phrases)) {
      for (const phrase of said) assert.equal(doingOf(phrase, phrases), doing, `${language}: ${phrase}`);
    }
  }
});
