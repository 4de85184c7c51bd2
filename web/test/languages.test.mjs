// A further language of the pages is one file: it is offered, fetched when it is chosen, and whole.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { gathered } from "../languages.mjs";
import { load } from "./bundle.mjs";
import { PSEUDO } from "./pseudo.mjs";

const { whole } = await load("words/whole.ts");

const WEB = new URL("..", import.meta.url).pathname;
globalThis.navigator ??= { language: "en" };
globalThis.document ??= { documentElement: { dataset: {} } };

/** Build the words with one file more, in pieces as the pages are; returns what they export, and what is loaded at first. */
async function built(folder) {
  cpSync(join(WEB, "src"), join(folder, "src"), { recursive: true });
  symlinkSync(join(WEB, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "src/words/languages/eo.ts"), PSEUDO);
  writeFileSync(join(folder, "src/both.ts"), 'export * from "./words"; export { language } from "./settings"; export { en } from "./words/en";');
  const options = { entryPoints: [join(folder, "src/both.ts")], outdir: join(folder, "out"), outExtension: { ".js": ".mjs" }, bundle: true, splitting: true, format: "esm", metafile: true };
  const { metafile } = await build({ ...options, define: { BUILT_LANGUAGES: '["de","eo"]' } });
  const outputs = Object.entries(metafile.outputs);
  const inputs = new Set();
  const walk = (file) => {
    const [, output] = outputs.find(([name]) => name === file);
    for (const input of Object.keys(output.inputs)) inputs.add(input.split("/src/").at(-1));
    for (const { path, kind } of output.imports) if (kind === "import-statement") walk(path);
  };
  walk(outputs.find(([, { entryPoint }]) => entryPoint?.endsWith("both.ts"))[0]);
  return { first: [...inputs], ...(await import(pathToFileURL(join(folder, "out/both.mjs")))) };
}

/** Every text of some words, functions asked with something to say. */
function* texts(value, path = "words") {
  if (typeof value === "string") yield [path, value];
  else if (typeof value === "function") {
    const given = [2, 3, 4];
    let said;
    try {
      said = value(...given);
    } catch {
      return; // it wants a thing of many names
    }
    yield* texts(said, `${path}()`);
  } else if (value && typeof value === "object") for (const [key, one] of Object.entries(value)) yield* texts(one, `${path}.${key}`);
}

test("one file more is a language more", async () => {
  const folder = mkdtempSync(join(tmpdir(), "languages-"));
  try {
    const { words, language, languageNames, spoken, en, first } = await built(folder);
    await spoken;
    assert.deepEqual(languageNames.map(([key]) => key), ["en", "de", "eo"]);
    assert.deepEqual(languageNames.slice(0, 2), [["en", "English"], ["de", "Deutsch"]]);
    assert.ok(first.includes("words/en.ts"));
    assert.deepEqual(first.filter((file) => file.startsWith("words/de") || file.startsWith("words/languages/")), [], "no first visit carries a language that it does not speak");

    for (const [key, mark] of [["eo", "⟦"], ["de", null]]) {
      const came = new Promise((resolve) => {
        const stop = words.subscribe((now) => now !== en && now.languageName !== undefined && (mark ? now.product.startsWith(mark) : now.languageName === "Deutsch") && resolve(stop));
      });
      language.value = key;
      (await came)?.();
      if (!mark) continue;
      const found = [...texts(words.value)];
      assert.ok(found.length > 700, `${found.length} texts`);
      assert.deepEqual(found.filter(([, text]) => text && !text.startsWith(mark)), []);
    }
    language.value = "tlh"; // nobody wrote it
    assert.equal(words.value, en, "a language that is not there is English");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What the build makes of a language's file for the server. */
async function server(file) {
  const folder = mkdtempSync(join(tmpdir(), "languages-"));
  try {
    cpSync(join(WEB, "src/words"), folder, { recursive: true });
    writeFileSync(join(folder, "languages/eo.ts"), file);
    return await gathered(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the server gets its sentences from the same file", async () => {
  const { eo, de } = await server(PSEUDO);
  assert.equal(de, undefined, "German is the server's own");
  assert.ok(Object.keys(eo).length > 600, `${Object.keys(eo).length} sentences`);
  assert.equal(eo["Nobody is signed in at {}."], "⟦Nobody is signed in at {}.⟧");
});

test("a file that says it is complete and is not names what is missing; any other is English there", async () => {
  const less = PSEUDO.replace("sentences.map", 'sentences.filter((one) => one !== "It is turned.").map').replace("marked(en)", 'marked({ ...en, claim: undefined, line: { ...en.line, online: undefined } })');
  await assert.rejects(server(less), (error) => {
    for (const name of ['"It is turned." is missing', "words.claim is missing", "words.line.online is missing"]) assert.ok(error.message.includes(name), error.message);
    return true;
  });
  const { eo } = await server(less.replace("complete = true", "complete = false"));
  assert.equal(eo["It is turned."], undefined);
  assert.equal(eo["It is not there yet."], "⟦It is not there yet.⟧");
});

test("a sentence that is not the server's, or fills in what it does not have, is named", async () => {
  await assert.rejects(server('export const words = {}; export const cell = { "Hello.": "Saluton." };'), /does not say "Hello."/);
  await assert.rejects(server('export const words = {}; export const cell = { "fetches {part}": "prenas {teil}" };'), /\{teil\}/);
  assert.deepEqual(await server('export const words = {}; export const cell = { "{} lies on the robot\'s way ({}).": "{1}: {0}" };').then(({ eo }) => Object.values(eo)), ["{1}: {0}"]);
});

test("words that a file leaves out are English, one by one", () => {
  const english = { a: "one", b: { c: "two", d: (n) => `${n}` }, e: ["three"] };
  const own = { a: "unu", b: { c: undefined }, f: "more" };
  const found = whole(english, own);
  assert.deepEqual([found.a, found.b.c, found.b.d(3), found.e, found.f], ["unu", "two", "3", ["three"], "more"]);
  assert.equal(whole(english, undefined), english);
});
