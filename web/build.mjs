// Builds the pages: `node build.mjs` writes dist/, `--watch` keeps it up to date.
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { gathered } from "./languages.mjs";

const STATIC = "/static/"; // where the server offers dist/static; file names carry a hash, so they may be cached for ever
const LIMIT_KB = 250; // JavaScript of the first visit, gzipped
const watch = process.argv.includes("--watch");

const pages = {
  name: "pages",
  setup(build) {
    build.onStart(() => rm("dist", { recursive: true, force: true }));
    build.onEnd(async (result) => {
      if (result.errors.length > 0) return;
      const outputs = Object.entries(result.metafile.outputs);
      const [script, entry] = outputs.find(([, output]) => output.entryPoint === "src/main.tsx");
      const url = (file) => file.replace("dist/static/", STATIC);
      const first = closure(script, result.metafile.outputs);
      const template = await readFile("src/index.html", "utf8");
      const files = outputs.map(([file]) => file).filter((file) => !file.endsWith(".map") && !file.endsWith(".txt"));
      const id = createHash("sha256").update(template).update(files.sort().join("\n")).digest("hex").slice(0, 16);
      const head = [
        `<link rel="stylesheet" href="${url(entry.cssBundle)}">`,
        ...first.slice(1).map((file) => `<link rel="modulepreload" href="${url(file)}">`),
        `<script type="module" src="${url(script)}"></script>`,
      ];
      const icon = outputs.find(([, output]) => output.entryPoint === "src/icon.svg" || "src/icon.svg" in output.inputs);
      const page = template.replace("<!-- head -->", head.join("\n    ")).replace("$icon", url(icon[0])).replace("$build", id);
      await writeFile("dist/index.html", page);
      await writeFile("dist/build.json", `${JSON.stringify({ build: id })}\n`);
      await worker(id, files.map(url));
      await writeFile("dist/languages.json.new", `${JSON.stringify(await gathered("src/words"))}\n`);
      await rename("dist/languages.json.new", "dist/languages.json"); // a server that starts meanwhile reads a whole one
      const kilobytes = await sizes(result.metafile.outputs);
      const total = first.reduce((sum, file) => sum + kilobytes.get(file), 0);
      const heaviest = outputs
        .filter(([, output]) => output.entryPoint?.startsWith("src/pages/"))
        .map(([file]) => [file, [...new Set([...first, ...closure(file, result.metafile.outputs)])]])
        .map(([file, files]) => [file, files.reduce((sum, one) => sum + kilobytes.get(one), 0)])
        .sort((a, b) => b[1] - a[1])[0];
      const [stage] = outputs.find(([, output]) => output.entryPoint === "src/scene/stage.ts");
      const [card] = outputs.find(([, output]) => output.entryPoint === "src/pages/worker.tsx");
      const drawn = [script, card, stage].reduce((seen, file) => closure(file, result.metafile.outputs, seen), []);
      const scene = drawn.reduce((sum, file) => sum + kilobytes.get(file), 0);
      const all = [...kilobytes.values()].reduce((sum, size) => sum + size, 0);
      const figures = { "web.initial_gz_kb": round(heaviest[1]), shell_gz_kb: round(total), scene_gz_kb: round(scene), all_gz_kb: round(all) };
      await writeFile("dist/sizes.json", `${JSON.stringify(figures)}\n`);
      console.log(`first visit ${round(heaviest[1])} kB gzipped (limit ${LIMIT_KB}); with the 3D scene ${round(scene)}, every page and headset ${round(all)}`);
      if (heaviest[1] > LIMIT_KB) throw new Error(`The first visit weighs more than ${LIMIT_KB} kB.`);
    });
  },
};

/** The service worker, a file of its own without a hash: browsers look for changes of it by its name. */
async function worker(id, files) {
  const define = { BUILD: JSON.stringify(id), FILES: JSON.stringify(files) };
  await esbuild.build({ entryPoints: ["src/shell/worker.ts"], outfile: "dist/sw.js", bundle: true, format: "iife", target: "es2022", minify: !watch, define });
}

const round = (value) => Math.round(value * 10) / 10;

/** The file and everything that it imports at once. */
function closure(file, outputs, seen = []) {
  if (seen.includes(file)) return seen;
  seen.push(file);
  for (const { path, kind } of outputs[file].imports) if (kind === "import-statement") closure(path, outputs, seen);
  return seen;
}

async function sizes(outputs) {
  const found = new Map();
  for (const file of Object.keys(outputs)) {
    if (file.endsWith(".js")) found.set(file, gzipSync(await readFile(file)).length / 1000);
  }
  return found;
}

const languages = (await readdir("src/words/languages")).filter((name) => name.endsWith(".ts")).map((name) => name.slice(0, -3)).sort();

const options = {
  entryPoints: ["src/main.tsx"],
  outdir: "dist/static",
  publicPath: STATIC,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "file" },
  legalComments: "linked",
  minify: !watch,
  define: { BUILT_LANGUAGES: JSON.stringify(languages) },
  sourcemap: watch,
  metafile: true,
  plugins: [pages],
};

if (watch) await (await esbuild.context(options)).watch();
else await esbuild.build(options);
