/** The list of events as far back as somebody reads: what came live, and the pages of the journal before it. */

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Happened } from "../wire";
import type { Words } from "../words/en";
import { alternatives, matches } from "./happened";

const SHOWN = 100; // lines at first, and of a page
const TRIES = 4; // pages that one press reads at most where a search finds nothing in them
const MOST = 5_000; // live lines that are kept for a reader; then the list is as at first
const NEWEST = Number.MAX_SAFE_INTEGER;

/** A page of `GET /api/v1/events`. */
export interface Page {
  readonly events: readonly { seq: number; t: number; type: string; about: string; text: string; says?: Readonly<Record<string, string>> }[];
  readonly next: number | null;
}

/** `whole`: there is nothing older. */
export type Reading = "rest" | "reading" | "failed" | "whole";

/**
 * Lines by their place in the journal, so none is there twice however it came. Once an older page was asked for, the list keeps its
 * oldest line while newer ones arrive; a search, or a line that was away for long, begins it anew.
 */
export class Past {
  readonly reading = signal<Reading>("rest");
  /** Why a page did not come. */
  readonly trouble = signal("");
  /** When the oldest line of a page happened (UTC s); null before there is one. */
  readonly back_t = signal<number | null>(null);
  readonly lines: ReadonlySignal<readonly Happened[]>;

  private readonly known = signal<ReadonlyMap<number, Happened>>(new Map());
  private readonly wanted = signal("");
  private readonly floor = signal<number | null>(null); // the list shows all that is known from here on; null: nobody read on
  private next = NEWEST; // where the next page ends
  private turn = 0; // what was asked for before the last `begin` is not wanted any more

  /** `ask` gets a page; `say` are the words in which events are sought. */
  constructor(
    private readonly ask: (path: string) => Promise<Page>,
    private readonly say: () => Words,
    private readonly language: () => string = () => "en",
  ) {
    this.lines = computed(() => {
      const found = [...this.known.value.values()].filter((one) => matches(one, this.wanted.value, this.say(), this.language()));
      found.sort((a, b) => a.seq - b.seq);
      const from = this.floor.value;
      return from === null ? found.slice(-SHOWN) : found.filter(({ seq }) => seq >= from);
    });
  }

  /** Look for something else. */
  seek(wanted: string, live: readonly Happened[]): void {
    if (wanted !== this.wanted.peek()) this.begin(wanted, live);
  }

  /** Take in what has come live: all of the newest lines, oldest first. */
  async follow(live: readonly Happened[]): Promise<void> {
    const { wanted, known, floor } = this;
    if (floor.peek() === null) {
      this.begin(wanted.peek(), live);
      return;
    }
    const newest = Math.max(0, ...known.peek().keys());
    const fresh = live.filter(({ seq }) => seq > newest);
    const first = fresh[0];
    if (known.peek().size + fresh.length > MOST) this.begin(wanted.peek(), live);
    else if (first !== undefined && first.seq > newest + 1 && newest > 0) await this.bridge(newest, first.seq, live);
    else this.add(fresh);
  }

  /** Get the page before the oldest line; where a search finds nothing in it, a few more. */
  async older(): Promise<void> {
    if (this.reading.value === "reading" || this.reading.value === "whole") return;
    const { turn } = this;
    this.reading.value = "reading";
    this.trouble.value = "";
    if (this.floor.value === null) {
      const oldest = this.lines.value[0]?.seq;
      this.next = oldest ?? NEWEST;
      this.floor.value = oldest ?? 0;
    }
    try {
      for (let tries = TRIES; tries > 0; tries -= 1) {
        const page = await this.ask(this.path());
        if (turn !== this.turn) return;
        const found = this.take(page);
        this.reading.value = page.next === null ? "whole" : found || tries === 1 ? "rest" : "reading";
        if (this.reading.value !== "reading") return;
      }
    } catch (error) {
      if (turn !== this.turn) return;
      this.trouble.value = error instanceof Error ? error.message : String(error);
      this.reading.value = "failed";
    }
  }

  private begin(wanted: string, live: readonly Happened[]): void {
    this.turn += 1;
    this.wanted.value = wanted;
    this.floor.value = null;
    this.back_t.value = null;
    this.reading.value = "rest";
    this.trouble.value = "";
    this.known.value = new Map(live.map((line) => [line.seq, line]));
  }

  /** Get what happened while the line was away; if it is too much for a page, the list begins anew. */
  private async bridge(after: number, before: number, live: readonly Happened[]): Promise<void> {
    const { turn } = this;
    const page = await this.ask(`/api/v1/events?${new URLSearchParams({ after: String(after), before: String(before), limit: "1000" })}`).catch(() => null);
    if (turn !== this.turn) return;
    if (page === null || page.next !== null) {
      this.begin(this.wanted.peek(), live);
      return;
    }
    this.add(page.events.map(line));
    this.add(live);
  }

  /** Take in an older page, and say whether anything sought is in it. */
  private take(page: Page): boolean {
    const lines = page.events.map(line);
    const oldest = lines.at(-1);
    batch(() => {
      if (oldest) this.back_t.value = oldest.t;
      this.next = page.next ?? 0;
      this.floor.value = this.next;
      this.add(lines);
    });
    return lines.some((one) => matches(one, this.wanted.value, this.say(), this.language()));
  }

  private add(lines: readonly Happened[]): void {
    const known = new Map(this.known.peek());
    for (const one of lines) if (!known.has(one.seq)) known.set(one.seq, one);
    this.known.value = known;
  }

  private path(): string {
    const query = new URLSearchParams({ before: String(this.next), limit: String(SHOWN) });
    for (const one of alternatives(this.wanted.value, this.say())) query.append("q", one);
    return `/api/v1/events?${query}`;
  }
}

const line = ({ seq, t, type, about, text, says }: Page["events"][number]): Happened => ({ seq, t, type, subject: about, text, says: says ?? {} });
