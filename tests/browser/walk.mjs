// A page by Tab alone: everything that can be used is come by, what has the focus is seen to have it, and nothing holds it.
import assert from "node:assert/strict";

const CONTROLS = "a[href], button, summary, input, select, textarea, video[controls], [tabindex]";
const MORE_STOPS = 30; // pages live: what has come meanwhile is come by as well

/** In the page: everything that Tab should lead to now, marked by a number of its own. */
function marked(controls) {
  globalThis.walked ??= 0;
  const usable = [...document.querySelectorAll(controls)].filter(
    (one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]") && (!document.querySelector("dialog[open]") || one.closest("dialog[open]")),
  );
  for (const one of usable) one.dataset.walk ??= String((globalThis.walked += 1));
  return usable.map((one) => ({ id: one.dataset.walk, what: `${one.tagName.toLowerCase()} “${(one.getAttribute("aria-label") ?? one.innerText ?? "").trim().slice(0, 40)}” ${one.dataset.testid ?? one.id}` }));
}

/** In the page: which marked element has the focus, and what is wrong with how it shows. */
function focused() {
  const one = document.activeElement;
  if (!one || one === document.body) return { id: null, faults: [] };
  const faults = [];
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
  if (!one.matches(":focus-visible") || outlineStyle === "none" || Number.parseFloat(outlineWidth) < 2 || outlineColor === "rgba(0, 0, 0, 0)") faults.push("its focus is not seen");
  const { left, right, top, bottom } = one.getBoundingClientRect();
  if (right <= 0 || bottom <= 0 || left >= innerWidth || top >= innerHeight) faults.push("it is off the screen");
  return { id: one.dataset.walk ?? null, what: `${one.tagName.toLowerCase()} “${(one.getAttribute("aria-label") ?? one.innerText ?? "").trim().slice(0, 40)}”`, faults };
}

/** Go once round a page, or round the dialog that is open; fails with what Tab does not lead to. Returns how many stops there were. */
export async function walk(page, what) {
  await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined));
  const wanted = await page.evaluate(marked, CONTROLS);
  assert.ok(wanted.length > 0, `${what}: nothing to use`);
  const seen = new Set();
  const faults = new Set();
  for (let stops = 0; stops < 2 * wanted.length + MORE_STOPS; stops += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(focused);
    for (const fault of at.faults) faults.add(`${at.what}: ${fault}`);
    if (at.id !== null) seen.add(at.id);
    if (wanted.every(({ id }) => seen.has(id))) break;
  }
  const still = new Set((await page.evaluate(marked, CONTROLS)).map(({ id }) => id));
  const missed = wanted.filter(({ id }) => !seen.has(id) && still.has(id));
  assert.deepEqual(missed.map(({ what: name }) => name), [], `${what}: Tab does not lead there`);
  assert.deepEqual([...faults], [], what);
  return wanted.length;
}
