// Bundles a module of src/ for Node and imports it.
import { build } from "esbuild";

/** `copy` tells one of several from the others: a module is imported once for each text. */
export async function load(path, copy = 0) {
  const { outputFiles } = await build({
    entryPoints: [new URL(`../src/${path}`, import.meta.url).pathname],
    bundle: true,
    format: "esm",
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(`${outputFiles[0].text}//${copy}`).toString("base64")}`);
}
