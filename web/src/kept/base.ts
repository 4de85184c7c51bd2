/** This device's own base: words that wait for the cell, the last state that the page showed, and pictures not yet used. */

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

/** A picture of a step's result as the camera gave it: JPEG. Bytes, because not every browser keeps Blobs in its base. */
export interface Taken {
  /** Which attempt of which step it shows. */
  attempt: string;
  picture: Uint8Array<ArrayBuffer>;
}

interface Schema extends DBSchema {
  words: { key: number; value: Word };
  seen: { key: "last"; value: Seen };
  taken: { key: string; value: Taken };
}

export type Base = IDBPDatabase<Schema>;

/** Open the base. Rejects where the browser has none, or not for this page. */
export const openBase = (): Promise<Base> =>
  openDB<Schema>("tandem", 2, {
    upgrade(fresh, before) {
      if (before < 1) {
        fresh.createObjectStore("words", { keyPath: "n", autoIncrement: true });
        fresh.createObjectStore("seen");
      }
      fresh.createObjectStore("taken");
    },
    blocking: (_before, _after, event) => (event.target as IDBDatabase).close(), // newer pages want to change it
  });
