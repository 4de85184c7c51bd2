import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { load } from "./bundle.mjs";

const { Outbox } = await load("kept/outbox.ts");
const { openShelf } = await load("kept/shelf.ts");
const { keepable } = await load("kept/word.ts");

// a channel would keep Node waiting for other pages for ever
globalThis.BroadcastChannel = class extends BroadcastChannel {
  constructor(name) {
    super(name);
    this.unref();
  }
};

/** A line that the test cuts and mends; `judge` answers as the cell would. */
class FakeWay {
  listeners = new Set();
  asked = [];
  judge = (id) => ({ id, ok: true, code: "", message: "", remedy: "" });
  line = {
    value: "offline",
    subscribe: (listener) => {
      this.listeners.add(listener);
      listener(this.line.value);
    },
  };

  become(line) {
    this.line.value = line;
    for (const listener of this.listeners) listener(line);
  }

  async ask(id, command, kept) {
    this.asked.push({ id, step: command.step, kept });
    return this.judge(id, command, kept);
  }
}

const refusal = (id, code) => ({ id, ok: false, code, message: "No.", remedy: "Look." });
const said = (step, changes = {}) => ({
  id: `id-${step}`,
  command: { type: "confirm_step", unit: "u1", step, attempt: 1, place: "front", values: { torque_Nm: 12 }, lots: {} },
  operator: "Kim",
  t: 100,
  title: { en: step },
  asked: {},
  units: {},
  ...changes,
});

let way;
let outbox;
const fresh = () => {
  outbox = new Outbox(way, openShelf);
  return outbox;
};
/** Until everything that was begun on the shelf is over: words take turns. */
const settled = () => outbox.drop({ id: "nothing" });

beforeEach(async () => {
  const shelf = await openShelf();
  for (const word of await shelf.all()) await shelf.remove(word);
  way = new FakeWay();
  fresh();
});

test("a word that is given with a line is sent at once and leaves nothing behind", async () => {
  way.become("online");
  assert.equal((await outbox.give(said("a"))).ok, true);
  assert.deepEqual(way.asked, [{ id: "id-a", step: "a", kept: null }]);
  assert.deepEqual(outbox.words.value, []);
  assert.deepEqual(outbox.taken.value, [], "nobody needs to be told");
});

test("words that are given without a line are handed in once, in order, as of who said them and when", async () => {
  for (const step of ["a", "b", "c"]) assert.equal((await outbox.give(said(step, { t: 100 + way.asked.length }))).code, "kept");
  assert.deepEqual(way.asked, []);
  assert.deepEqual(outbox.waiting.value.map(({ command }) => command.step), ["a", "b", "c"]);
  way.become("online");
  await settled();
  const kept = { operator: "Kim", t: 100 };
  assert.deepEqual(way.asked, ["a", "b", "c"].map((step) => ({ id: `id-${step}`, step, kept })));
  assert.deepEqual(outbox.waiting.value, []);
  assert.equal(outbox.taken.value.length, 3);
  way.become("offline");
  way.become("online");
  await settled();
  assert.equal(way.asked.length, 3, "nothing is handed in a second time");
});

test("a word outlives its page", async () => {
  await outbox.give(said("a"));
  fresh();
  await settled();
  assert.deepEqual(outbox.waiting.value.map(({ id }) => id), ["id-a"]);
});

test("a word whose answer got lost is handed in again under its own id", async () => {
  way.become("online");
  way.judge = (id) => {
    way.become("offline");
    return refusal(id, "lost");
  };
  assert.equal((await outbox.give(said("a"))).code, "kept");
  way.judge = (id) => ({ id, ok: true });
  way.become("online");
  await settled();
  assert.deepEqual(way.asked.map(({ id, kept }) => [id, kept !== null]), [["id-a", false], ["id-a", true]]);
});

test("a line that breaks in the middle keeps the rest, in order", async () => {
  for (const step of ["a", "b", "c"]) await outbox.give(said(step));
  way.judge = (id, { step }) => {
    if (step !== "b") return { id, ok: true };
    way.become("offline");
    return refusal(id, "lost");
  };
  way.become("online");
  await settled();
  assert.deepEqual(outbox.waiting.value.map(({ command }) => command.step), ["b", "c"]);
});

test("a word that counts already, said on another screen, comes back to nobody as an alarm", async () => {
  await outbox.give(said("a"));
  way.judge = (id) => refusal(id, "said_already");
  way.become("online");
  await settled();
  assert.deepEqual(outbox.words.value, []);
  assert.deepEqual(outbox.taken.value.map(({ id }) => id), ["id-a"]);
});

test("what the cell does not take comes back with what was typed, and does not hold up the others", async () => {
  for (const step of ["a", "b"]) await outbox.give(said(step));
  way.judge = (id, { step }) => (step === "a" ? refusal(id, "stale") : { id, ok: true });
  way.become("online");
  await settled();
  assert.deepEqual(outbox.returned.value.map(({ command, refused }) => [command.values, refused.code]), [[{ torque_Nm: 12 }, "stale"]]);
  assert.deepEqual(outbox.taken.value.map(({ id }) => id), ["id-b"]);
  way.become("offline");
  way.become("online");
  await settled();
  assert.equal(way.asked.length, 2, "a returned word is a person's to say again");
  await outbox.drop(outbox.returned.value[0]);
  assert.deepEqual(outbox.words.value, []);
});

test("a cell that can not judge just now is asked again, and nothing overtakes", async () => {
  way.become("online");
  way.judge = (id) => refusal(id, "journal");
  assert.equal((await outbox.give(said("a"))).code, "kept");
  assert.equal((await outbox.give(said("b"))).code, "kept");
  way.judge = (id) => ({ id, ok: true });
  const before = way.asked.length;
  way.become("online");
  await settled();
  assert.deepEqual(way.asked.slice(before).map(({ step }) => step), ["a", "b"]);
});

test("a refusal while somebody looks on is told by its answer; where the card has gone on, it comes back as well", async () => {
  way.become("online");
  way.judge = (id) => refusal(id, "missing_value");
  assert.equal((await outbox.give(said("a"))).code, "missing_value");
  assert.deepEqual(outbox.words.value, []);
  way.judge = (id) => refusal(id, "stale");
  assert.equal((await outbox.give(said("b"))).code, "stale");
  assert.deepEqual(outbox.returned.value.map(({ id }) => id), ["id-b"]);
});

test("a word can be taken back as long as it waits", async () => {
  await outbox.give(said("a"));
  await outbox.drop(outbox.waiting.value[0]);
  way.become("online");
  await settled();
  assert.deepEqual(way.asked, []);
});

test("two pages of one device hand each word in with one id", async () => {
  const first = outbox;
  await first.give(said("a"));
  const second = fresh();
  way.become("online");
  await settled();
  await first.drop({ id: "nothing" });
  assert.ok(way.asked.every(({ id }) => id === "id-a"), "the cell knows a second one by its id");
  assert.deepEqual(second.words.value, []);
});

test("without a base words last as long as the page", async () => {
  const { open } = indexedDB;
  Object.defineProperty(indexedDB, "open", { value: () => { throw new Error("switched off"); }, configurable: true });
  try {
    fresh();
    assert.equal((await outbox.give(said("a"))).code, "kept");
    way.become("online");
    await settled();
    assert.deepEqual(way.asked.map(({ id }) => id), ["id-a"]);
  } finally {
    Object.defineProperty(indexedDB, "open", { value: open, configurable: true });
  }
});

test("what could move the robot is never kept", () => {
  assert.ok(keepable({ type: "confirm_step" }));
  const never = ["change_cell", "change_order", "resume", "acknowledge", "approve_motion", "release_step", "choose", "give_step", "clear_place", "join_place"];
  for (const type of never) assert.ok(!keepable({ type }), type);
});

test("another's words wait until they sign in again, and do not hold up one's own", async () => {
  let mine = "Kim";
  way = new FakeWay(); // a line that no other page of the test listens to
  outbox = new Outbox(way, openShelf, () => mine);
  await outbox.give(said("a"));
  mine = "Bert";
  way.become("online");
  await settled();
  assert.deepEqual(way.asked, [], "nobody hands in what somebody else said");
  assert.equal((await outbox.give(said("b", { operator: "Bert" }))).ok, true, "and is not held up by it");
  assert.deepEqual(outbox.waiting.value.map(({ id }) => id), ["id-a"], "it outlives the sign-out");
  mine = "Kim";
  way.become("online");
  await settled();
  assert.deepEqual(way.asked.map(({ id }) => id), ["id-b", "id-a"]);
});

const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

/** An outbox whose pictures go to `taken`; `answer` says what the cell says of each. */
function photographing(answer = () => ({ ok: true, code: "", message: "", remedy: "", sha256: "ab".repeat(32) })) {
  const taken = [];
  outbox = new Outbox(way, openShelf, () => null, async (id, command, picture) => {
    taken.push({ id, step: command.step, attempt: command.attempt, bytes: [...picture] });
    way.asked.push({ picture: command.step });
    return { id, ...answer(taken.length) };
  });
  return taken;
}

test("a picture is handed in before its word, which names it", async () => {
  const taken = photographing();
  let heard = null;
  way.judge = (id, command) => {
    heard = command;
    return { id, ok: true };
  };
  way.become("online");
  assert.equal((await outbox.give(said("a", { picture: JPEG }))).ok, true);
  assert.deepEqual(taken, [{ id: "id-a/picture", step: "a", attempt: 1, bytes: [...JPEG] }]);
  assert.equal(heard.photo, "ab".repeat(32));
  assert.deepEqual(outbox.words.value, [], "nothing is left behind");
});

test("pictures that were taken without a line outlive the page and are handed in once, each before its word, in order", async () => {
  photographing();
  for (const [step, picture] of [["a", JPEG], ["b", null], ["c", JPEG]]) assert.equal((await outbox.give(said(step, { picture }))).code, "kept");
  way = new FakeWay(); // the page was loaded again
  const taken = photographing();
  await settled();
  assert.deepEqual(outbox.waiting.value.map(({ picture }) => picture && [...picture]), [[...JPEG], null, [...JPEG]]);
  way.become("online");
  await settled();
  assert.deepEqual(way.asked.map(({ picture, step }) => picture ?? `say ${step}`), ["a", "say a", "say b", "c", "say c"]);
  way.become("offline");
  way.become("online");
  await settled();
  assert.equal(taken.length, 2, "once");
});

test("a picture whose answer got lost is handed in again, under the same id; one that is kept is not", async () => {
  const taken = photographing((n) => (n === 1 ? { ok: false, code: "lost", message: "", remedy: "" } : { ok: true, sha256: "cd".repeat(32) }));
  way.become("online");
  way.judge = (id) => {
    way.become("offline");
    return refusal(id, "lost");
  };
  assert.equal((await outbox.give(said("a", { picture: JPEG }))).code, "kept");
  await settled();
  assert.deepEqual(taken.map(({ id }) => id), ["id-a/picture", "id-a/picture"]);
  const photos = [];
  way = new FakeWay();
  way.judge = (id, command) => {
    photos.push(command.photo);
    return { id, ok: true };
  };
  photographing(() => assert.fail("it is kept by now"));
  way.become("online");
  await settled();
  assert.deepEqual(photos, ["cd".repeat(32)], "the word is the same as before");
});

test("a word whose picture the cell does not take comes back with it, and those behind it go on", async () => {
  photographing((n) => (n === 1 ? { ok: false, code: "stale", message: "No.", remedy: "Look." } : { ok: true, sha256: "ab".repeat(32) }));
  for (const step of ["a", "b"]) await outbox.give(said(step, { picture: JPEG }));
  way.become("online");
  await settled();
  assert.deepEqual(way.asked, [{ picture: "a" }, { picture: "b" }, { id: "id-b", step: "b", kept: { operator: "Kim", t: 100 } }]);
  const [back] = outbox.returned.value;
  assert.equal(back.refused.code, "stale");
  assert.deepEqual([...back.picture], [...JPEG]);
});

test("a device without room says so where there is no line, and sends at once where there is one", async () => {
  const full = { ...(await openShelf()), all: async () => [], put: () => Promise.reject(new DOMException("full", "QuotaExceededError")), remove: async () => {} };
  outbox = new Outbox(way, async () => full, () => null, async (id) => ({ id, ok: true, sha256: "ab".repeat(32) }));
  assert.deepEqual(await outbox.give(said("a", { picture: JPEG })), { id: "id-a", ok: false, code: "full", message: "", remedy: "", says: {}, helps: {} });
  assert.deepEqual(way.asked, []);
  way.become("online");
  assert.equal((await outbox.give(said("a", { picture: JPEG }))).ok, true);
  assert.equal(way.asked.length, 1);
});
