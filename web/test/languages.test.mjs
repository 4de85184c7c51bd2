// A further language of the pages is one file: it is offered, fetched when it is chosen, and whole.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const WEB = new URL("..", import.meta.url).pathname;
/** Every word of English between brackets, whatever it is made of. */
const FILE = `import { en, type Words } from "../en";
const marked = (value: unknown): unknown =>
  typeof value === "string" ? \`⟦\${value}⟧\`
  : typeof value === "function" ? (...given: unknown[]) => marked(value(...given))
  : Array.isArray(value) ? value.map(marked)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, marked(one)]))
  : value;
export const words = marked(en) as Words;
`;

globalThis.navigator ??= { language: "en" };
globalThis.document ??= { documentElement: { dataset: {} } };

/** Build the words with one file more, in pieces as the pages are; returns what they export, and what is loaded at first. */
async function built(folder) {
  cpSync(join(WEB, "src"), join(folder, "src"), { recursive: true });
  symlinkSync(join(WEB, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "src/words/languages/eo.ts"), FILE);
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
