// The cell view has a word of each language for each source and certainty that the ledger knows.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { en } = await load("words/en.ts");
const { de } = await load("words/de.ts");
const ledger = readFileSync(new URL("../../orchestrator/core/world.py", import.meta.url), "utf8");

/** What a `Literal` of the ledger's may be. */
const values = (name) => [...new RegExp(`^${name} = Literal\\[(.+)\\]`, "m").exec(ledger)[1].matchAll(/"(\w+)"/g)].map(([, value]) => value).sort();

for (const [literal, key] of [
  ["Source", "sources"],
  ["Certainty", "certainties"],
]) {
  test(`a part's ${literal.toLowerCase()} is said in English and German`, () => {
    for (const { cellPage } of [en, de]) assert.deepEqual(Object.keys(cellPage[key]).sort(), values(literal));
    for (const value of values(literal)) assert.notEqual(de.cellPage[key][value], en.cellPage[key][value]);
  });
}
