// The list of events as far back as somebody reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Past } = await load("board/past.ts");
const { alternatives } = await load("board/happened.ts");
const { de } = await load("words/de.ts");
const { en } = await load("words/en.ts");

const TYPES = ["step_started", "step_done", "part_moved"];
/** An event as it comes live; every third says that a part was placed. */
const live = (seq) => ({ seq, t: seq, type: TYPES[seq % 3], subject: `u${seq}`, text: TYPES[seq % 3] === "part_moved" ? "part moved: placed" : TYPES[seq % 3].replace("_", " ") });
const span = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => live(from + i));
const seqs = (past) => past.lines.value.map(({ seq }) => seq);
const whole = (from, to) => span(from, to).map(({ seq }) => seq);

/** A journal of `head` events as the server gives it out, and what was asked of it. */
function journal(head, { first = 1, scan = 5_000 } = {}) {
  const asked = [];
  const ask = async (path) => {
    const query = new URL(path, "http://cell").searchParams;
    asked.push(query);
    const [before, after, limit] = [Math.min(Number(query.get("before")), head() + 1), Number(query.get("after") ?? 0), Number(query.get("limit"))];
    const wanted = query.getAll("q").map((one) => one.toLowerCase());
    const start = Math.max(after, before - 1 - (wanted.length ? scan : limit), first - 1);
    const read = before - 1 > start ? span(start + 1, before - 1).toReversed() : [];
    const found = read.filter((line) => !wanted.length || wanted.some((one) => `${line.type} ${line.type.replace("_", " ")} ${line.subject} ${line.text}`.includes(one)));
    const events = found.slice(0, limit).map(({ subject, ...rest }) => ({ ...rest, about: subject }));
    const next = found.length > limit ? events.at(-1).seq : start <= after || start < first ? null : start + 1;
    return { events, next };
  };
  return { ask, asked };
}

test("at first the newest hundred; each press the page before, to the beginning", async () => {
  const past = new Past(journal(() => 330).ask, () => en);
  await past.follow(span(131, 330));
  assert.deepEqual(seqs(past), whole(231, 330));
  for (const from of [131, 31]) {
    await past.older();
    assert.deepEqual([seqs(past), past.reading.value], [whole(from, 330), "rest"]);
  }
  await past.older();
  assert.deepEqual([seqs(past), past.reading.value], [whole(1, 330), "whole"]);
});

test("what comes live meanwhile is there once, and pushes nothing out", async () => {
  const { ask } = journal(() => 260);
  let answer;
  const past = new Past((path) => new Promise((resolve) => (answer = async () => resolve(await ask(path)))), () => en);
  await past.follow(span(1, 250));
  const pressed = past.older();
  await past.follow(span(3, 252));
  assert.equal(past.reading.value, "reading");
  await answer();
  await pressed;
  await past.follow(span(11, 260)); // the page's own list has dropped its oldest lines
  assert.deepEqual(seqs(past), whole(51, 260));
});

test("an empty list begins with the newest page of the journal", async () => {
  const past = new Past(journal(() => 40).ask, () => en);
  await past.follow([]);
  await past.older();
  assert.deepEqual([seqs(past), past.reading.value], [whole(1, 40), "whole"]);
});

test("a search in the reader's words goes on in the journal, and shows what is called so alone", async () => {
  const { ask, asked } = journal(() => 900, { scan: 120 });
  const past = new Past(ask, () => de);
  const now = span(701, 900);
  await past.follow(now);
  past.seek("bewegt: abges", now);
  assert.ok(past.lines.value.every(({ type }) => type === "part_moved"));
  const known = past.lines.value.length;
  await past.older();
  assert.ok(asked.at(-1).getAll("q").includes("part_moved"), "the server knows the event by its type");
  assert.ok(past.lines.value.length > known && past.lines.value.every(({ type }) => type === "part_moved"));
  past.seek("u7", now);
  assert.equal(past.lines.value.length, 99, "a new search begins anew");
  past.seek("u12 ", now);
  assert.deepEqual(seqs(past), []);
  await past.older();
  assert.equal(past.reading.value, "rest", "four pages without a find are enough for a press");
  assert.ok(past.back_t.value === null);
  await past.older();
  assert.deepEqual(seqs(past), whole(120, 129));
});

test("a page that was asked for before the search changed is dropped", async () => {
  let answer;
  const { ask } = journal(() => 300);
  const past = new Past((path) => new Promise((resolve) => (answer = async () => resolve(await ask(path)))), () => en);
  await past.follow(span(251, 300));
  const pressed = past.older();
  past.seek("u299", span(251, 300));
  await answer();
  await pressed;
  assert.deepEqual([seqs(past), past.reading.value], [[299], "rest"]);
});

test("what happened while the line was away is fetched; too much of it begins the list anew", async () => {
  let head = 200;
  const past = new Past(journal(() => head).ask, () => en);
  await past.follow(span(151, 200));
  await past.older();
  head = 400;
  await past.follow(span(351, 400));
  assert.deepEqual(seqs(past), whole(51, 400));
  head = 9_000;
  await past.follow(span(8_951, 9_000));
  assert.deepEqual([seqs(past), past.reading.value], [whole(8_951, 9_000), "rest"]);
});

test("a page that does not come says why, and is asked for again", async () => {
  const { ask } = journal(() => 50);
  let broken = true;
  const past = new Past(async (path) => (broken ? Promise.reject(new Error("no line")) : ask(path)), () => en);
  await past.follow(span(41, 50));
  await past.older();
  assert.deepEqual([past.reading.value, past.trouble.value, seqs(past)], ["failed", "no line", whole(41, 50)]);
  broken = false;
  await past.older();
  assert.deepEqual([past.reading.value, past.trouble.value, seqs(past)], ["whole", "", whole(1, 50)]);
});

test("the journal is asked by types and keys for what only the reader's words say", () => {
  assert.deepEqual(alternatives("", de), []);
  assert.deepEqual(alternatives(" U-7 ", de), ["U-7"]);
  assert.ok(alternatives("Schritt misslungen", de).includes("step_failed"));
  assert.ok(alternatives("misslungen: M4", de).includes("step_failed"), "what a person wrote stands behind the name");
  assert.ok(alternatives("abgesetzt", de).includes("placed"));
  assert.deepEqual(alternatives("e", en), [], "too many: everything is read");
});
