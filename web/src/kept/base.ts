/** This device's own base: words that wait for the cell, and the last state that the page showed. */

import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Snapshot } from "../wire";
import type { Word } from "./word";

export interface Seen {
  /** The pages that understand it: another build may read the same fields otherwise. */
  build: string;
  /** Server time of its newest message (s, UTC). */
  t: number;
  snapshot: Snapshot;
}

interface Schema extends DBSchema {
  words: { key: number; value: Word };
  seen: { key: "last"; value: Seen };
}

export type Base = IDBPDatabase<Schema>;

/** Open the base. Rejects where the browser has none, or not for this page. */
export const openBase = (): Promise<Base> =>
  openDB<Schema>("tandem", 1, {
    upgrade(fresh) {
      fresh.createObjectStore("words", { keyPath: "n", autoIncrement: true });
      fresh.createObjectStore("seen");
    },
    blocking: (_before, _after, event) => (event.target as IDBDatabase).close(), // newer pages want to change it
  });
