import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDB } from "idb";
import { load } from "./bundle.mjs";

const OF = { place: "front", unit: "u1", step: "plug", attempt: 1 };
const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 7]);
const loaded = async (pictures, of) => {
  for (let turn = 0; turn < 200 && !pictures.of(of); turn += 1) await new Promise(setImmediate);
  return pictures.of(of);
};

test("a base of before takes pictures too, and keeps its words", async () => {
  const old = await openDB("tandem", 1, {
    upgrade(fresh) {
      fresh.createObjectStore("words", { keyPath: "n", autoIncrement: true });
      fresh.createObjectStore("seen");
    },
  });
  await old.put("words", { id: "said before" });
  old.close();
  const { openBase } = await load("kept/base.ts");
  const base = await openBase();
  assert.deepEqual((await base.getAll("words")).map(({ id }) => id), ["said before"]);
  assert.deepEqual([...base.objectStoreNames], ["seen", "taken", "words"]);
  base.close();
});

test("a picture is of one attempt, outlives its page, and goes when it is said", async () => {
  const { Pictures } = await load("kept/pictures.ts");
  const pictures = new Pictures();
  await pictures.put(OF, JPEG);
  assert.deepEqual([...pictures.of(OF)], [...JPEG]);
  assert.equal(pictures.of({ ...OF, attempt: 2 }), null);
  assert.equal(pictures.unkept.value, false);
  const again = new Pictures();
  assert.deepEqual([...(await loaded(again, OF))], [...JPEG]);
  await again.drop(OF);
  assert.equal(again.of(OF), null);
  const third = new Pictures();
  await third.put({ ...OF, place: "back" }, JPEG); // after what was kept has been read
  assert.equal(third.of(OF), null);
});
