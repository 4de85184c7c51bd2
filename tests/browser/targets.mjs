// What a glove presses: every control that is shown is 60 px or more each way.
import assert from "node:assert/strict";

const LEAST_PX = 60;
const CONTROLS = "a[href], button, summary, input, select, textarea, label:has(> input[type=checkbox]), [role=button], [role=switch]";

/** Measure every control that is shown, and fail with those that are too small; returns how many were measured. */
export async function pressable(page, what) {
  const { count, small } = await page.evaluate(
    ([controls, least]) => {
      const shown = [...document.querySelectorAll(controls)].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".unseen") && !one.matches("label input[type=checkbox]"));
      const sized = shown.map((one) => ({ what: `${one.tagName} ${one.className} "${(one.innerText || one.getAttribute("aria-label") || one.id).slice(0, 40)}"`, box: one.getBoundingClientRect() }));
      return {
        count: shown.length,
        small: sized.filter(({ box }) => Math.min(box.width, box.height) < least - 0.5).map(({ what: name, box }) => `${name}: ${box.width.toFixed(1)} x ${box.height.toFixed(1)}`),
      };
    },
    [CONTROLS, LEAST_PX],
  );
  assert.deepEqual(small, [], `${what}: too small for a glove`);
  assert.ok(count > 0, `${what}: nothing to press`);
  return count;
}
