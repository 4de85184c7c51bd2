// A worker's page without a browser: its own modules for line, state, commands and outbox, under a clock that the test moves.
// One JSON line in says what happens to the page and when; one line out says what the page did about it.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { build } = require("esbuild");
const [, , seed] = process.argv;

const { outputFiles } = await build({
  stdin: {
    contents: ["connection", "store", "poses", "command", "kept/outbox", "kept/shelf", "kept/pictures"].map((name) => `export * from "./${name}";`).join("\n"),
    resolveDir: new URL("../../web/src", import.meta.url).pathname,
    loader: "ts",
  },
  bundle: true,
  format: "esm",
  write: false,
});

// ---- the clock, and everything that would differ from run to run ----------------------------------------------------

let nowMs = 0;
let count = 0;
let timers = new Map();
const { setImmediate: immediately } = globalThis;
let pending = 0; // what the base still has to do

Date.now = () => nowMs;
performance.now = () => nowMs;
globalThis.setTimeout = (run, ms = 0) => {
  timers.set((count += 1), { at: nowMs + ms, run });
  return count;
};
globalThis.setInterval = (run, ms) => {
  const again = (id) => () => {
    timers.set(id, { at: nowMs + ms, run: again(id) });
    run();
  };
  count += 1;
  timers.set(count, { at: nowMs + ms, run: again(count) });
  return count;
};
globalThis.clearTimeout = globalThis.clearInterval = (id) => timers.delete(id);
globalThis.setImmediate = (run) => {
  pending += 1;
  immediately(() => {
    pending -= 1;
    run();
  });
};
let state = Number(seed) || 1;
Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647; // Park and Miller's generator
let uuids = 0;
Object.defineProperty(globalThis.crypto, "randomUUID", { value: () => `page-${seed}-${(uuids += 1)}` });
globalThis.BroadcastChannel = undefined;
globalThis.addEventListener = () => {};
Object.defineProperty(globalThis, "navigator", { value: { language: "en" } });
globalThis.document = { documentElement: { dataset: {} }, addEventListener: () => {}, visibilityState: "visible" };
await import(require.resolve("fake-indexeddb/auto"));

const { Connection, Store, PoseStream, Commands, Outbox, Pictures, openShelf } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);

// ---- one life of the page -------------------------------------------------------------------------------------------

let page;
let out = [];
let applied = [];
let given = [];
let answers = [];
let sockets = 0;
let knocks = 0;

class Life {
  sockets = new Map();
  store = new Store();
  knocks = new Map();
  connection = new Connection(this.store, new PoseStream(), false, () => "front", () => this.dial(), "tablet", (given) => this.knock(given));

  constructor() {
    const apply = this.store.apply.bind(this.store);
    this.store.apply = (message) => {
      applied.push(message);
      apply(message);
    };
    this.outbox = new Outbox(this.connection, openShelf);
    const give = this.outbox.give.bind(this.outbox);
    this.outbox.give = (word) => {
      given.push({ id: word.id, command: word.command });
      return give(word);
    };
    this.commands = new Commands(this.connection, this.outbox, this.store, new Pictures());
    this.connection.open();
  }

  dial() {
    const number = (sockets += 1);
    const socket = {
      readyState: 0,
      send: (text) => out.push({ send: number, text }),
      close: () => {
        socket.readyState = 3;
        out.push({ close: number });
      },
    };
    this.sockets.set(number, socket);
    out.push({ dial: number });
    return socket;
  }

  knock(given) {
    const number = (knocks += 1);
    out.push({ knock: number });
    return new Promise((answer, fail) => {
      this.knocks.set(number, answer);
      given.addEventListener("abort", fail);
    });
  }

  press(key, command) {
    void this.commands.send(command).then((answer) => {
      if (page === this) answers.push({ key, answer });
    });
  }
}

const HAPPENS = {
  tick: () => {},
  reload: () => {
    timers = new Map();
    page = new Life();
  },
  open: ({ socket }) => {
    const one = page.sockets.get(socket);
    if (!one || one.readyState !== 0) return;
    one.readyState = 1;
    one.onopen?.();
  },
  message: ({ socket, text }) => page.sockets.get(socket)?.onmessage?.({ data: text }),
  close: ({ socket }) => {
    const one = page.sockets.get(socket);
    if (!one || one.readyState === 3) return;
    one.readyState = 3;
    one.onclose?.({ code: 1006, reason: "" });
  },
  answered: ({ knock, there }) => page.knocks.get(knock)?.(there),
  press: ({ key, command }) => page.press(key, command),
};

/** Until nothing more happens by itself at this moment. */
async function settle() {
  do await new Promise((done) => immediately(done));
  while (pending > 0);
}

const earliest = () => [...timers.entries()].sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];

async function passTo(at) {
  for (let next = earliest(); next && next[1].at <= at; next = earliest()) {
    const [id, { at: due, run }] = next;
    nowMs = Math.max(nowMs, due);
    timers.delete(id);
    run();
    await settle();
  }
  nowMs = at;
}

page = new Life();
for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  await passTo(event.at);
  HAPPENS[event.do](event);
  await settle();
  const { connection, outbox } = page;
  const about = ({ id, command: { unit, step, attempt } }) => ({ id, unit, step, attempt });
  const said = {
    out,
    applied,
    given,
    answers,
    line: connection.line.value,
    waiting: outbox.waiting.value.map(about),
    returned: outbox.returned.value.map((word) => ({ ...about(word), values: word.command.values ?? {}, code: word.refused.code })),
    next: earliest()?.[1].at ?? null,
  };
  [out, applied, given, answers] = [[], [], [], []];
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
