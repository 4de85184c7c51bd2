// German speaks to its reader as "Sie", in every file of words.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../src/words/", import.meta.url);
const FAMILIAR = /(?<!\p{L})(du|dir|dich|dein(e[rmns]?)?)(?!\p{L})/iu;
const COMMANDS = "Beginne|Berühre|Bring|Bringe|Druck|Drucke|Erlaube|Geh|Gehe|Gib|Halte|Lass|Lasse|Leg|Lege|Melde|Miss|Nimm|Öffne|Prüfe|Sag|Sage|Sieh|Stelle|Wähle|Warte|Zeig|Zeige";
const IMPERATIVE = new RegExp(`(?<!\\p{L})(${COMMANDS})(?![\\p{L}-])`, "u"); // a word with a capital opens its sentence
const PLEASE = new RegExp(`Bitte (${COMMANDS.toLowerCase()})(?![\\p{L}-])`, "u");

const familiar = (line) => FAMILIAR.test(line) || IMPERATIVE.test(line) || PLEASE.test(line);

test("what is looked for is found", () => {
  for (const line of ["Bist du Ada?", "Dein Kürzel", "Warte 3 s.", "Geh näher.", "Bitte sag, warum"]) assert.ok(familiar(line), line);
  for (const line of ["Warten Sie 3 s.", "Bitte sagen Sie, warum", "Ihr Kürzel", "Wartezeit", "zu nah bei Ihnen"]) assert.ok(!familiar(line), line);
});

test("no German word says du", () => {
  const files = readdirSync(folder).filter((name) => /^de(_\w+)?\.ts$/.test(name));
  assert.ok(files.length >= 4);
  const found = files.flatMap((name) =>
    readFileSync(new URL(name, folder), "utf8")
      .split("\n")
      .filter(familiar)
      .map((line) => `${name}: ${line.trim()}`),
  );
  assert.deepEqual(found, []);
});
