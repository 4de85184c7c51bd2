// What the files of languages hold beside the pages' words: the server's sentences, which it reads from dist/languages.json.
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { build } from "esbuild";

/** The server's sentences in each further language, `folder` being the words'. Throws where a file is wrong, or says that it is complete and is not. */
export async function gathered(folder) {
  const { sentences } = await imported(`${folder}/sentences.ts`);
  const { en } = await imported(`${folder}/en.ts`);
  const out = {};
  for (const name of (await readdir(`${folder}/languages`)).sort()) {
    const key = basename(name, ".ts");
    const file = await imported(`${folder}/languages/${name}`);
    const faults = [...wrong(file, sentences), ...(file.complete ? missing(file, sentences, en) : [])];
    if (faults.length > 0) throw new Error(`${name}: ${faults.slice(0, 10).join("; ")}${faults.length > 10 ? `; and ${faults.length - 10} more` : ""}`);
    if (file.cell) out[key] = file.cell;
  }
  return out;
}

async function imported(path) {
  const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
}

/** What a sentence fills in: names, and numbers for gaps without one. */
function gaps(sentence) {
  let n = 0;
  return [...sentence.matchAll(/\{(\w*)\}/g)].map(([, name]) => name || String(n++));
}

function* wrong({ cell = {} }, sentences) {
  for (const [english, own] of Object.entries(cell)) {
    if (!sentences.includes(english)) yield `the server does not say "${english}" (any more)`;
    const stranger = gaps(own).find((gap) => !gaps(english).includes(gap));
    const braces = own.replaceAll(/\{\{|\}\}|\{\w*\}/g, "").match(/[{}]/);
    const both = /\{\}/.test(own) && /\{\d+\}/.test(own);
    if (braces || both) yield `the gaps of "${own}" are not like {name}, {0} or {}, of one kind`;
    else if (stranger !== undefined) yield `{${stranger}} of "${own}" is not filled in`;
  }
}

function* missing({ cell = {}, words = {} }, sentences, en) {
  for (const sentence of sentences) if (!cell[sentence]) yield `"${sentence}" is missing`;
  yield* absent(en, words, "words");
}

function* absent(english, own, at) {
  if (own === undefined) yield `${at} is missing`;
  else if (typeof english === "object" && english && !Array.isArray(english)) for (const [key, one] of Object.entries(english)) yield* absent(one, own?.[key], `${at}.${key}`);
}
