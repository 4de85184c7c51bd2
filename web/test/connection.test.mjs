import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { mock, test } from "node:test";
import { load } from "./bundle.mjs";

const told = new EventTarget(); // what the browser tells a page: online, offline
setMaxListeners(0, told);
globalThis.addEventListener = (type, call) => told.addEventListener(type, call);
Object.defineProperty(globalThis, "document", { value: { addEventListener: () => {}, documentElement: { dataset: {} }, visibilityState: "visible" } });
mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
const { Connection } = await load("connection.ts");
const { Store } = await load("store.ts");
const { PoseStream } = await load("poses.ts");

const envelope = { v: 1, epoch: "e1", seq: 0, t: 100 };

/** A page's line whose sockets the test opens, feeds and closes, at a server that answers a knock as `knock` does. */
function line({ place = () => "front", knock = () => Promise.resolve(true) } = {}) {
  const sockets = [];
  const store = new Store();
  const connection = new Connection(store, new PoseStream(), true, () => place({ store }), () => {
    const socket = { readyState: 0, sent: [], dialledMs: Date.now(), closed: false };
    socket.send = (text) => socket.sent.push(JSON.parse(text));
    socket.close = () => (socket.closed = true);
    socket.take = (message) => socket.onmessage({ data: JSON.stringify({ ...envelope, ...message }) });
    socket.open = () => {
      socket.readyState = 1;
      socket.onopen();
    };
    socket.break = (code = 1006) => {
      socket.readyState = 3;
      socket.onclose({ code });
    };
    sockets.push(socket);
    return socket;
  }, "", knock);
  connection.open();
  return { connection, sockets, store };
}

test("a page that learns its place from the cell's state says so, once", () => {
  const { connection, sockets } = line({ place: ({ store }) => store.cell.value?.places[0] ?? "" });
  const [socket] = sockets;
  socket.open();
  const hellos = () => socket.sent.filter(({ type }) => type === "hello").map(({ place, seq }) => [place, seq]);
  assert.deepEqual(hellos(), [["", 0]]);
  socket.take({ type: "snapshot", seq: 7, payload: { topics: { cell: { places: ["front"] } }, log: [] } });
  socket.take({ type: "pong", seq: 7 });
  socket.take({ type: "pong", seq: 7 });
  assert.deepEqual(hellos(), [["", 0], ["front", 7]]);
  assert.equal(connection.line.value, "online");
});

const welcome = (socket) => {
  socket.open();
  socket.take({ type: "snapshot", seq: 7, payload: { topics: { "card/front": { place: "front", step: "a" } }, log: [] } });
  socket.take({ type: "pong", seq: 7 });
};
const confirm = { type: "confirm_step", unit: "u1", step: "a", attempt: 1, place: "front" };

test("who comes back says what was seen last and takes in what was missed, once", () => {
  const { connection, sockets, store } = line();
  welcome(sockets[0]);
  assert.equal(connection.line.value, "online");
  sockets[0].break();
  mock.timers.tick(2_000);
  sockets[1].open();
  assert.deepEqual(sockets[1].sent[0], { type: "hello", v: 1, epoch: "e1", seq: 7, poses: true, place: "front", device: "" });
  sockets[1].take({ type: "put", seq: 7, payload: { topic: "card/front", value: { place: "front", step: "old" } } });
  sockets[1].take({ type: "put", seq: 8, payload: { topic: "card/front", value: { place: "front", step: "b" } } });
  sockets[1].take({ type: "pong", seq: 8 });
  assert.equal(store.cards.value.get("front").step, "b");
  assert.equal(connection.line.value, "online");
});

test("a page knows when its line is back and how long it was away, and forgets it when the line breaks again", () => {
  const { connection, sockets } = line();
  welcome(sockets[0]);
  assert.equal(connection.regained.value, null);
  sockets[0].break();
  mock.timers.tick(2_000);
  welcome(sockets[1]);
  assert.deepEqual(connection.regained.value, { t: Date.now(), after_ms: 2_000 });
  sockets[1].break();
  assert.equal(connection.regained.value, null);
});

/** Let so much time pass, in pieces, and after each what has been promised come about. */
async function pass(ms) {
  for (let left = ms; left > 0; left -= 50) {
    mock.timers.tick(Math.min(50, left));
    for (let n = 0; n < 5; n += 1) await Promise.resolve();
  }
}

/** A knock that nothing comes of until it is given up. */
const swallowed = (given) => new Promise((_, reject) => given.addEventListener("abort", () => reject(new Error("aborted"))));

test("however long the server is gone, it is looked for again and again, and not dialled before it answers", async () => {
  let there = false;
  const knocks = [];
  const { sockets } = line({ knock: async () => (knocks.push(Date.now()), there) });
  welcome(sockets[0]);
  sockets[0].break();
  await pass(300);
  sockets[1].break(); // the one dial that finds out
  await pass(60_000);
  assert.equal(sockets.length, 2, "a browser holds dials back once many have failed");
  const gaps = knocks.slice(1).map((t, n) => t - knocks[n]);
  assert.ok(Math.max(...gaps) <= 750, `${Math.max(...gaps)} ms`);
  assert.ok(new Set(gaps).size > 3, "scattered");
  there = true;
  await pass(750);
  assert.equal(sockets.length, 3);
});

test("a dial that fails though the server answers is made again within a second or so", async () => {
  const { sockets } = line();
  welcome(sockets[0]);
  sockets[0].break();
  for (let n = 1; n < 20; n += 1) {
    await pass(1_050);
    assert.ok(sockets.length > n, `after ${n} tries`);
    sockets.at(-1).break();
  }
});

test("once the browser tells of a network, what was dialled without one is given up for a new dial at once", () => {
  const { connection, sockets } = line();
  welcome(sockets[0]);
  sockets[0].break();
  mock.timers.tick(300);
  assert.equal(sockets.length, 2);
  told.dispatchEvent(new Event("online"));
  assert.ok(sockets[1].closed);
  assert.equal(sockets.length, 3);
  sockets[1].break(); // it hears of its end afterwards
  welcome(sockets[2]);
  assert.equal(connection.line.value, "online");
});

test("once the browser tells of a network, a knock is not waited for", async () => {
  const { sockets } = line({ knock: swallowed });
  welcome(sockets[0]);
  sockets[0].break();
  await pass(300);
  sockets[1].break();
  await pass(600);
  assert.equal(sockets.length, 2);
  told.dispatchEvent(new Event("online"));
  assert.equal(sockets.length, 3);
  welcome(sockets[2]);
  await pass(5_000);
  assert.equal(sockets.length, 3, "nothing is dialled beside a line that holds");
});

test("a page that the server does not understand comes back slowly", () => {
  const { sockets } = line();
  welcome(sockets[0]);
  sockets[0].break(1008);
  mock.timers.tick(2_900);
  assert.equal(sockets.length, 1);
  mock.timers.tick(3_200);
  assert.equal(sockets.length, 2);
});

test("a network that swallows everything holds neither a dial nor a knock up", async () => {
  let swallows = true;
  const knocks = [];
  const { connection, sockets } = line({ knock: (given) => (knocks.push(Date.now()), swallows ? swallowed(given) : Promise.resolve(true)) });
  await pass(2_000);
  assert.ok(sockets[0].closed);
  assert.equal(connection.line.value, "offline");
  await pass(2_000);
  assert.ok(knocks.length > 1, "the first knock is given up");
  sockets[0].onclose?.({ code: 1006 }); // it hears of its end much later
  assert.equal(sockets.length, 1);
  await pass(60_000);
  const gaps = knocks.slice(1).map((t, n) => t - knocks[n]);
  assert.ok(Math.max(...gaps) <= 3_600, `patience with a slow network has an end: ${Math.max(...gaps)} ms`);
  swallows = false;
  await pass(3_600);
  assert.equal(sockets.length, 2);
});

test("a line that is silent is given up, whatever its socket believes", () => {
  const { connection, sockets } = line();
  welcome(sockets[0]);
  mock.timers.tick(9_000);
  assert.ok(sockets[0].closed);
  assert.notEqual(connection.line.value, "online");
});

test("what was asked ends with the line, and nothing is sent a second time", async () => {
  const { connection, sockets } = line();
  welcome(sockets[0]);
  const answer = connection.ask("c1", { type: "acknowledge", n: 1 });
  const word = connection.ask("c2", confirm);
  sockets[0].break();
  assert.equal((await answer).code, "lost");
  assert.equal((await word).code, "lost");
  assert.equal((await connection.ask("c3", confirm)).code, "offline");
  mock.timers.tick(2_000);
  welcome(sockets[1]);
  assert.deepEqual(sockets[1].sent.filter(({ type }) => type === "command"), []);
});

test("a kept word carries whose it is and when it was given", () => {
  const { connection, sockets } = line();
  welcome(sockets[0]);
  void connection.ask("c1", confirm, { operator: "Kim", t: 90 });
  void connection.ask("c2", confirm);
  const [kept, live] = sockets[0].sent.filter(({ type }) => type === "command");
  assert.deepEqual(kept.kept, { operator: "Kim", t: 90 });
  assert.ok(!("kept" in live));
});

test("a word is never given before the newest news", () => {
  const { connection, sockets } = line();
  welcome(sockets[0]);
  sockets[0].take({ type: "put", seq: 9, t: Date.now() / 1000 + 500, payload: { topic: "card/front", value: { place: "front" } } });
  assert.ok(connection.now() >= Date.now() / 1000 + 500);
});

test("a live look goes to the looks and moves nothing; who follows a part says so by the line", () => {
  const { connection, sockets, store } = line();
  welcome(sockets[0]);
  const of = { place: "front", unit: "u1", step: "a", attempt: 3 };
  connection.follow(of);
  connection.follow(null);
  assert.deepEqual(sockets[0].sent.slice(-2), [{ type: "follow", v: 1, ...of }, { type: "follow", v: 1 }]);
  const look = { unit: "u1", step: "a", attempt: 3, verdict: "ok", paused: false, offset_mm: [0, 0, 0], turn_deg: null, text: {} };
  sockets[0].take({ type: "pose", payload: { topic: "look/u1/a", t: 1, poses: {}, look } });
  assert.equal(store.looks.of({ unit: "u1", step: "a", attempt: 3, live: true }).verdict, "ok");
});
