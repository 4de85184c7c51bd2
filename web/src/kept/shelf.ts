/** Where words stand until the cell has heard them: IndexedDB, which outlives the page, or memory where there is none. */

import { openBase, type Base } from "./base";
import type { Word } from "./word";

export interface Shelf {
  /** Every word, in the order in which they were given. */
  all(): Promise<Word[]>;
  /** Put a word on the shelf, or in its place again; returns it with its number. */
  put(word: Word): Promise<Word>;
  remove(word: Word): Promise<void>;
}

class Stored implements Shelf {
  constructor(private readonly base: Base) {}

  all(): Promise<Word[]> {
    return this.base.getAll("words");
  }

  async put(word: Word): Promise<Word> {
    return { ...word, n: await this.base.put("words", word) };
  }

  async remove({ n }: Word): Promise<void> {
    if (n !== undefined) await this.base.delete("words", n);
  }
}

class Remembered implements Shelf {
  private readonly words = new Map<number, Word>();
  private last = 0;

  async all(): Promise<Word[]> {
    return [...this.words.values()];
  }

  async put(word: Word): Promise<Word> {
    const n = word.n ?? (this.last += 1);
    const put = { ...word, n };
    this.words.set(n, put);
    return put;
  }

  async remove({ n }: Word): Promise<void> {
    if (n !== undefined) this.words.delete(n);
  }
}

/** Open the shelf of this device. */
export async function openShelf(): Promise<Shelf> {
  try {
    return new Stored(await openBase());
  } catch {
    return new Remembered(); // storage can be switched off: then words last as long as the page
  }
}
