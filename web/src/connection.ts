/** The one WebSocket: hello with the last epoch and seq, catch-up, ping, and coming back by itself. */

import { signal } from "@preact/signals";
import { learn, serverNow } from "./clock";
import type { PoseStream } from "./poses";
import type { Store } from "./store";
import { SUBPROTOCOL, type Answer, type ClientMessage, type Follow, type Kept, type Outside, type ServerMessage } from "./wire";

export type Line = "connecting" | "online" | "offline";

const PING_MS = 2_500;
const SILENCE_MS = 6_000; // two pings without any answer: the line is dead, whatever the socket believes
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 700; // of which a page waits between half and all: a busy device needs as long for knock, dial and drawing
const HUNG_WAIT_MS = 500; // at most, after a knock that nothing came of in its time: that was a wait as well
const SENT_AWAY = 1008; // close code: the server did not understand what this page sends
const SENT_AWAY_WAIT_MS = 6_000;
const DIAL_MS = 2_000; // a network that swallows everything would let it hang for minutes
const KNOCK_MS = 1_000;
const LONGEST_KNOCK_MS = 3_000; // a network so slow that a second is not enough must not keep the page out for ever
const CONNECTING = 0; // WebSocket.CONNECTING
const OPEN = 1; // WebSocket.OPEN

/** What is asked of a server; the same shape as `WebSocket`, so that tests can bring their own. */
export type Socket = Pick<WebSocket, "send" | "close" | "readyState" | "onopen" | "onmessage" | "onclose">;

export class Connection {
  readonly line = signal<Line>("connecting");
  /** When the line was lost, ms of this device; null while it holds. */
  readonly lostSince = signal<number | null>(null);
  /** When the line came back (ms, this device) and after how long; null while it never broke, or is broken. */
  readonly regained = signal<{ readonly t: number; readonly after_ms: number } | null>(null);
  /** Called whenever the line was lost or could not be had. */
  ended: () => void = () => undefined;

  private socket: Socket | null = null;
  private epoch = "";
  private seq = 0;
  private waitMs = FIRST_WAIT_MS;
  private knockMs = KNOCK_MS;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private knocking: AbortController | null = null;
  private heardMs = 0;
  private pingedMs = 0;
  private newest_t = 0;
  private introduced = "";
  /** What was asked and not answered yet; it ends with the line, and nothing is sent a second time from here. */
  private readonly pending = new Map<string, (answer: Answer) => void>();

  constructor(
    private readonly store: Store,
    private readonly poses: PoseStream,
    private readonly wantsPoses: boolean,
    private readonly place: () => string = () => "",
    private readonly dial: () => Socket = () => new WebSocket(address(), SUBPROTOCOL),
    private readonly device = "",
    /** Whether the server answers; rejects or false where it does not. */
    private readonly knock: (given: AbortSignal) => Promise<boolean> = answers,
  ) {}

  /** Connect, and stay connected from now on. */
  open(): void {
    this.connect();
    setInterval(() => this.heartbeat(), PING_MS);
    addEventListener("online", () => {
      if (this.socket?.readyState === CONNECTING) this.cut(this.socket); // dialled without a network, it would only fail later
      this.hurry();
    });
    addEventListener("offline", () => this.socket?.close());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.hurry();
    });
  }

  /**
   * Send a command; the answer comes when it is durable or refused, or when the line is lost. `id` makes a second try one
   * with the first; `kept` says that it was given earlier.
   */
  ask(id: string, command: Outside, kept: Kept | null = null): Promise<Answer> {
    return new Promise((settle) => {
      this.pending.set(id, settle);
      if (this.line.value === "online") this.send({ type: "command", v: 1, id, command, ...(kept && { kept }) });
      else this.forget(id, "offline");
    });
  }

  /** Have the part of an attempt looked at while it is moved, for the next 10 s; null: no more. Lost without a line. */
  follow(of: Pick<Follow, "place" | "unit" | "step" | "attempt"> | null): void {
    this.send({ type: "follow", v: 1, ...of });
  }

  /** Server time now (s), at least that of the newest message: a clock that was never compared would put words too early. */
  now(): number {
    return Math.max(serverNow(), this.newest_t);
  }

  /** The newest server time that this page knows of, from a state that it remembers. */
  remember(t: number): void {
    this.newest_t = Math.max(this.newest_t, t);
  }

  private connect(): void {
    this.rest();
    this.line.value = "connecting";
    const socket = this.dial();
    this.socket = socket;
    this.heardMs = Date.now();
    const hanging = setTimeout(() => this.cut(socket), DIAL_MS);
    socket.onopen = () => {
      clearTimeout(hanging);
      this.heardMs = Date.now();
      this.hello();
      this.ping(); // its pong also tells that the catch-up is over
    };
    socket.onmessage = (event) => {
      if (socket === this.socket) this.hear(JSON.parse(String(event.data)) as ServerMessage);
    };
    socket.onclose = (event) => {
      clearTimeout(hanging);
      if (socket === this.socket) this.lose(event.code === SENT_AWAY);
    };
  }

  /** Dial once the server answers. Chromium holds a page's dials back by up to 5 s once some fifteen of them have failed; requests it does not. */
  private async seek(): Promise<void> {
    this.rest();
    const knocking = new AbortController();
    this.knocking = knocking;
    let hung = false;
    const late = setTimeout(() => {
      hung = true;
      knocking.abort();
    }, this.knockMs);
    const there = await this.knock(knocking.signal).catch(() => false);
    clearTimeout(late);
    if (knocking !== this.knocking) return; // the page did not wait for it
    if (there) return this.connect();
    if (hung) this.knockMs = Math.min(this.knockMs * 1.5, LONGEST_KNOCK_MS);
    this.later(hung ? Math.min(this.waitMs, HUNG_WAIT_MS) : this.waitMs, () => void this.seek());
  }

  /** Try again in a while, of which half is left to chance: all pages of a server that starts anew must not come at once. */
  private later(waitMs: number, call: () => void): void {
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
    this.retry = setTimeout(call, waitMs * (0.5 + 0.5 * Math.random()));
  }

  /** Neither wait nor knock any longer. */
  private rest(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    const before = this.knocking;
    this.knocking = null;
    before?.abort();
  }

  private hear(message: ServerMessage): void {
    this.heardMs = Date.now();
    if (message.type !== "pose") this.newest_t = Math.max(this.newest_t, message.t); // poses carry the robot's own clock
    switch (message.type) {
      case "pose":
        if (message.payload.look) this.store.looks.take(message.payload);
        else this.poses.take(message.payload, performance.now() / 1000);
        return;
      case "answer":
      case "refused":
        this.settle(message.payload);
        return;
      case "pong":
        learn(message.t, this.pingedMs / 1000, Date.now() / 1000);
        this.welcome();
        return;
      case "snapshot":
        if (message.epoch !== this.epoch) this.poses.clear();
        break;
      default:
        if (message.epoch !== this.epoch || message.seq <= this.seq) return; // of another life, or seen before
    }
    this.epoch = message.epoch;
    this.seq = message.seq;
    this.store.apply(message);
  }

  private hello(): void {
    this.introduced = this.place();
    this.send({ type: "hello", v: 1, epoch: this.epoch, seq: this.seq, poses: this.wantsPoses, place: this.introduced, device: this.device });
  }

  private welcome(): void {
    if (this.place() !== this.introduced) this.hello(); // it learned from the cell's state which place it is the screen of
    if (this.line.value === "online") return;
    this.line.value = "online";
    const since = this.lostSince.value;
    this.regained.value = since === null ? null : { t: Date.now(), after_ms: Date.now() - since };
    this.lostSince.value = null;
    this.waitMs = FIRST_WAIT_MS;
    this.knockMs = KNOCK_MS;
  }

  private lose(sentAway = false): void {
    const held = this.line.value === "online";
    this.socket = null;
    this.line.value = "offline";
    this.lostSince.value ??= Date.now();
    this.regained.value = null;
    for (const id of [...this.pending.keys()]) this.forget(id, "lost");
    this.later(sentAway ? SENT_AWAY_WAIT_MS : this.waitMs, () => (held ? this.connect() : void this.seek()));
    this.ended();
  }

  /** Dial at once, whatever is waited for: something has changed. */
  private hurry(): void {
    if (this.socket) {
      this.heartbeat();
      return;
    }
    this.waitMs = FIRST_WAIT_MS;
    this.knockMs = KNOCK_MS;
    this.connect();
  }

  private heartbeat(): void {
    if (!this.socket) return;
    if (Date.now() - this.heardMs > SILENCE_MS) this.cut(this.socket);
    else if (this.socket.readyState === OPEN) this.ping();
  }

  /** Give a socket up: a dead one may take minutes to close by itself. */
  private cut(socket: Socket): void {
    if (socket !== this.socket) return;
    this.lose();
    socket.close();
  }

  private ping(): void {
    this.pingedMs = Date.now();
    this.send({ type: "ping", v: 1 });
  }

  private settle(answer: Answer): void {
    this.pending.get(answer.id)?.(answer);
    this.pending.delete(answer.id);
  }

  private forget(id: string, code: "offline" | "lost"): void {
    this.settle({ id, ok: false, code, message: "", remedy: "", says: {}, helps: {} });
  }

  private send(message: ClientMessage): void {
    if (this.socket?.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }
}

/** Whether anything answers at the server's address; `build.json` is small, and never from the shell. */
async function answers(given: AbortSignal): Promise<boolean> {
  await fetch("/build.json", { cache: "no-store", signal: given });
  return true;
}

function address(): string {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
