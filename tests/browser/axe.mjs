// axe-core on a page: nothing serious is let pass.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { require } from "./cell_page.mjs";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const SERIOUS = new Set(["serious", "critical"]);

/** Run axe on a page, or on a part of it with some rules alone, and fail with what it found. */
export async function look(page, what, { part = "", rules = [] } = {}) {
  await page.evaluate(axe);
  await page.evaluate(() => {
    const ending = document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity);
    return Promise.all(ending.map((a) => a.finished.catch(() => {}))); // a colour on its way is nobody's colour
  });
  const found = await page.evaluate(
    async ([selector, only]) => {
      const options = only.length > 0 ? { runOnly: { type: "rule", values: only } } : {};
      const { violations } = await globalThis.axe.run(selector || document, options);
      return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary}`) }));
    },
    [part, rules],
  );
  assert.deepEqual(found.filter(({ impact }) => SERIOUS.has(impact)), [], what);
}
