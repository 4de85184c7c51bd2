/** The worker's words on their way to the cell: kept on the device first, handed in once, in order. */

import { computed, signal } from "@preact/signals";
import type { Line } from "../connection";
import type { Answer, Kept } from "../wire";
import type { Shelf } from "./shelf";
import { upload, type Uploaded } from "./upload";
import { unjudged, type Keepable, type Word } from "./word";

const AGAIN_MS = 2_000; // after a cell that could not judge a word just now
const RETURNS: ReadonlySet<string> = new Set(["stale", "no_step", "other_person", "with_robot"]);

/** The line, as far as the outbox needs it. */
interface Way {
  readonly line: { readonly value: Line; subscribe(changed: (line: Line) => void): () => void };
  ask(id: string, command: Keepable, kept: Kept | null): Promise<Answer>;
}

export class Outbox {
  /** Every word that stands on the shelf of this device, oldest first. */
  readonly words = signal<readonly Word[]>([]);
  readonly waiting = computed(() => this.words.value.filter(({ refused }) => refused === null));
  readonly returned = computed(() => this.words.value.filter(({ refused }) => refused !== null));
  /** Words that were kept and that the cell has taken since; until somebody has read so. */
  readonly taken = signal<readonly Word[]>([]);

  private readonly shelf: Promise<Shelf>;
  private readonly others = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("tandem.words");
  private readonly live = new Set<string>(); // given with a line and not answered yet: no list shows them
  private turn: Promise<unknown> = Promise.resolve();
  private again: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly way: Way,
    open: () => Promise<Shelf>,
    /** Who is signed in, whose words alone are handed in; null where nobody has to. */
    private readonly mine: () => string | null = () => null,
    private readonly picture: (...of: Parameters<typeof upload>) => Promise<Uploaded> = upload,
  ) {
    this.shelf = open();
    if (this.others) this.others.onmessage = () => void this.look();
    void this.look();
    way.line.subscribe((line) => {
      if (line === "online") this.handIn();
    });
  }

  /**
   * Give a word. It stands on the shelf before it is sent. An answer with the code `kept` says that it has not been heard
   * yet and will be handed in, `full` that there is no line and no room for it; every other answer is the cell's.
   */
  give(word: Omit<Word, "n" | "refused">): Promise<Answer> {
    return this.inTurn(async (shelf) => {
      const first = !(await shelf.all()).some((one) => one.refused === null && this.hears(one)); // none waits before it
      const online = first && this.way.line.value === "online";
      if (online) this.live.add(word.id);
      const put = await shelf.put({ ...word, refused: null }).catch(() => null);
      if (!put) return this.unkept(word, online); // a full device
      await this.look();
      const answer = online ? await this.say(shelf, put, null) : unheard(word.id);
      this.live.delete(word.id);
      if (heard(answer)) await shelf.remove(put);
      else if (!unjudged(answer)) await this.refuse(shelf, put, answer);
      await this.tell();
      if (!unjudged(answer)) return answer;
      if (this.way.line.value === "online") this.handIn();
      return unheard(word.id);
    });
  }

  /** Take a word back that waits, or put a returned one away after it was read. */
  drop(word: Word): Promise<void> {
    return this.inTurn(async (shelf) => {
      await shelf.remove(word);
      await this.tell();
    });
  }

  /** The taken words have been read. */
  read(): void {
    this.taken.value = [];
  }

  /** Hand in what waits, one after the other, as long as the line holds. */
  private handIn(): void {
    if (this.again !== null) clearTimeout(this.again);
    this.again = null;
    void this.inTurn(async (shelf) => {
      for (const word of await shelf.all()) {
        if (word.refused !== null || !this.hears(word)) continue; // another's waits until they sign in again
        if (this.way.line.value !== "online") return;
        const answer = await this.say(shelf, word, { operator: word.operator, t: word.t });
        if (unjudged(answer)) {
          if (this.way.line.value === "online") this.again = setTimeout(() => this.handIn(), AGAIN_MS);
          return; // those behind it keep their place
        }
        if (heard(answer)) {
          await shelf.remove(word);
          this.taken.value = [...this.taken.value, word];
        } else await shelf.put({ ...word, refused: why(answer) });
        await this.tell();
      }
    });
  }

  /** Hand in a word: first its picture, which the word on the shelf names from then on, so that a repetition is the same. */
  private async say(shelf: Shelf | null, word: Word, kept: Kept | null): Promise<Answer> {
    let { command } = word;
    if (word.picture && command.type === "confirm_step" && !command.photo) {
      const shown = await this.picture(`${word.id}/picture`, command, word.picture);
      if (!shown.ok) return { ...shown, id: word.id };
      command = { ...command, photo: shown.sha256 };
      word.command = command;
      await shelf?.put(word).catch(() => undefined); // a full device: then only this page knows
    }
    return this.way.ask(word.id, command, kept);
  }

  /** A word that the device has no room for counts now or not at all. */
  private async unkept(word: Omit<Word, "n" | "refused">, online: boolean): Promise<Answer> {
    const answer = online ? await this.say(null, { ...word, refused: null }, null) : null;
    this.live.delete(word.id);
    return answer ?? { id: word.id, ok: false, code: "full", message: "", remedy: "", says: {}, helps: {} };
  }

  private hears({ operator }: Word): boolean {
    const mine = this.mine();
    return mine === null || mine === operator;
  }

  /** A word that was refused while somebody looked on: told by the notice, unless the card has gone on under it. */
  private async refuse(shelf: Shelf, word: Word, answer: Answer): Promise<void> {
    if (RETURNS.has(answer.code)) await shelf.put({ ...word, refused: why(answer) });
    else await shelf.remove(word);
  }

  /** One after the other on this page and, where the browser has locks, on all pages of the device. */
  private inTurn<T>(work: (shelf: Shelf) => Promise<T>): Promise<T> {
    const locked = async (): Promise<T> => {
      const shelf = await this.shelf;
      const locks = globalThis.navigator?.locks as LockManager | undefined;
      return locks ? await locks.request("tandem.words", () => work(shelf)) : await work(shelf);
    };
    const result = this.turn.then(locked);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async tell(): Promise<void> {
    await this.look();
    this.others?.postMessage("changed");
  }

  private async look(): Promise<void> {
    const all = await (await this.shelf).all();
    this.words.value = all.filter(({ id }) => !this.live.has(id));
  }
}

/** The cell has the word, by this handing in or because the same was said on another screen. */
const heard = ({ ok, code }: Answer): boolean => ok || code === "said_already";
const why = ({ code, message, remedy, says, helps }: Answer): Word["refused"] => ({ code, message, remedy, says, helps });
const unheard = (id: string): Answer => ({ id, ok: false, code: "kept", message: "", remedy: "", says: {}, helps: {} });
