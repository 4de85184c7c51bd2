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
const LONGEST_WAIT_MS = 1_500; // with its scatter below 2 s: who comes back to the cell sees it at once
const SENT_AWAY = 1008; // close code: the server did not understand what this page sends
const SENT_AWAY_WAIT_MS = 5_000;
const DIAL_MS = 2_000; // a network that swallows everything would let it hang for minutes
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
  private retry: ReturnType<typeof setTimeout> | null = null;
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
  ) {}

  /** Connect, and stay connected from now on. */
  open(): void {
    this.connect();
    setInterval(() => this.heartbeat(), PING_MS);
    addEventListener("online", () => this.hurry());
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
    this.retry = null;
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
  }

  private lose(sentAway = false): void {
    this.socket = null;
    this.line.value = "offline";
    this.lostSince.value ??= Date.now();
    this.regained.value = null;
    for (const id of [...this.pending.keys()]) this.forget(id, "lost");
    const wait = (sentAway ? SENT_AWAY_WAIT_MS : this.waitMs) * (0.8 + 0.4 * Math.random());
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
    this.retry = setTimeout(() => this.connect(), wait);
    this.ended();
  }

  private hurry(): void {
    if (this.retry === null) {
      this.heartbeat();
      return;
    }
    clearTimeout(this.retry);
    this.waitMs = FIRST_WAIT_MS;
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

function address(): string {
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
