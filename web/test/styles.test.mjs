// The colours: all of them are tokens, and those of the step card keep AAA contrast in light and dark.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const STYLES = new URL("../src/styles/", import.meta.url);
const read = async (name) => (await readFile(new URL(name, STYLES), "utf8")).replaceAll(/\/\*[\s\S]*?\*\//g, "");

const NAMED = "white|black|red|green|blue|yellow|orange|gray|grey|silver|navy|teal|purple|maroon|olive|lime|aqua|fuchsia";
const LITERAL = new RegExp(`#[0-9a-f]{3,8}\\b|\\b(rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|light-dark)\\(|[:\\s,(](${NAMED})(?=[\\s;,)])`, "gi");

/** What of a style's declarations is a colour of its own. */
const literals = (css) => [...css.matchAll(/[\w-]+\s*:\s*([^;{}]+);/g)].flatMap(([, value]) => ` ${value};`.match(LITERAL) ?? []);

test("a colour outside the tokens is found, however it is written", () => {
  for (const value of ["#fff", "1px solid rgb(0 0 0 / 5%)", "white", "hsl(1 2% 3%)", "linear-gradient(red, blue)"]) assert.notDeepEqual(literals(`a { color: ${value}; }`), [], value);
  for (const value of ["var(--white)", "nowrap", "transparent", "currentcolor"]) assert.deepEqual(literals(`a { b: ${value}; }`), [], value);
});

test("no style but the tokens' holds a colour of its own", async () => {
  for (const name of (await readdir(STYLES)).filter((file) => file.endsWith(".css") && file !== "tokens.css")) assert.deepEqual(literals(await read(name)), [], name);
});

/** The tokens' colours by name, each as [light, dark]. */
async function colours() {
  const found = {};
  for (const [, name, value] of (await read("tokens.css")).matchAll(/--([\w-]+):\s*([^;]+);/g)) {
    const [, light, dark] = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(value) ?? [];
    if (light) found[name] = [light, dark];
    else if (/^#\w{6}$/.test(value)) found[name] = [value, value];
  }
  return found;
}

/** Relative luminance (WCAG 2). */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const INKS = { surface: ["ink", "ink-2", "you", "bad", "good", "warn"], "surface-2": ["ink", "ink-2"] };
const PANELS = ["good", "warn", "bad", "you", "robot"];
const SIGNALS = ["danger", "warning", "caution", "notice"];

test("words on the step card keep AAA contrast, in light and dark", async () => {
  const of = await colours();
  const pairs = [
    ...Object.entries(INKS).flatMap(([ground, inks]) => inks.map((ink) => [ink, ground, 7])),
    ...PANELS.flatMap((name) => [[name, `${name}-ground`, 7], ["ink", `${name}-ground`, 7]]),
    ["on-primary", "primary", 7],
    ["on-primary", "primary-hover", 7],
    ...SIGNALS.map((name) => [`on-${name}`, name, 4.5]), // a signal word is bold and 14 points or more
  ];
  const weak = pairs.flatMap(([ink, ground, least]) => [0, 1].map((dark) => [ink, ground, dark ? "dark" : "light", contrast(of[ink][dark], of[ground][dark]), least])).filter(([, , , got, least]) => got < least);
  assert.deepEqual(weak, []);
});
