// What a headset's plate says of the cell's place in the room: how exactly it is known, since when, and why nothing is drawn onto it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { abortOrder, ask, withBrowser } from "./cell_page.mjs";
import { atStep, drawn, hold, keep, wear } from "./plate.mjs";
import { pressByRay, session, touch } from "./quest.mjs";
import { ROOM } from "./room.mjs";

const PATIENCE_MS = 10 * 60_000;
const COUNTING = /Hold still|Touch it|Stillhalten|Berühren: /;
const standing = (page, wanted) => page.locator(`[data-testid=strip][data-standing=${wanted}]`).waitFor({ state: "attached" });
const said = (page) => page.getByTestId("strip").innerText();

/** Press "Take", hold a fingertip where `at` is in the cell (m), and wait until that is taken. */
async function take(page, at) {
  await touch(page, "right", ROOM(at));
  await page.evaluate((counts) => {
    globalThis.counted = false; // a slow picture may be drawn only once it is over
    const strip = document.querySelector("[data-testid=strip]");
    const watch = new MutationObserver(() => (globalThis.counted ||= new RegExp(counts).test(strip.textContent)));
    watch.observe(strip, { subtree: true, childList: true, characterData: true });
  }, COUNTING.source);
  await pressByRay(page, "[data-of=take]", "left");
  await page.waitForFunction(() => globalThis.counted);
  await page.waitForFunction((counts) => !new RegExp(counts).test(document.querySelector("[data-testid=strip]").innerText), COUNTING.source);
}

test("how exactly the cell's place is known, and why nothing is drawn onto it, is read on the plate", { timeout: PATIENCE_MS }, () =>
  withBrowser(async (browser) => {
    const id = await atStep(browser);
    const points = Object.values((await ask("/api/v1/scene")).registration.touch);
    const beside = ([x, y, z], m) => [x + m, y, z];
    for (const look of [["light", "en"], ["dark", "de"]]) {
      const { page } = await wear(browser, look);
      const see = async (name) => {
        await session.frames(page, 3);
        const seen = await drawn(page);
        keep(`standing_${name}_${look.join("_")}.png`, seen);
        hold(`${name}, ${look}`, seen);
      };
      const drawnOnto = () => page.locator(".mirror-frame").evaluate((one) => Math.abs(Math.hypot(...JSON.parse(one.dataset.world).slice(0, 3)) - 1) < 1e-3);
      await see("unknown");
      for (const [i, at] of points.entries()) await take(page, i === 0 ? beside(at, 0.03) : at);
      await standing(page, "off");
      assert.match(await said(page), look[1] === "en" ? /± \d+(\.\d)? mm, more than the cell allows \(3 mm\)/ : /± \d+(,\d)? mm bekannt, mehr als die Zelle erlaubt \(3 mm\)/);
      assert.equal(await drawnOnto(), false);
      await see("off");
      await pressByRay(page, "[data-of=touch-again]");
      await standing(page, "unknown");
      for (const at of points) await take(page, at);
      await standing(page, "good");
      assert.match(await said(page), look[1] === "en" ? /± 0\.5 mm here, points touched \d+ s ago/ : /± 0,5 mm hier, Punkte vor \d+ s berührt/);
      await see("good");
      assert.equal(await drawnOnto(), true);

      await pressByRay(page, "[data-of=leave-headset]");
      await page.locator("[data-testid=scene][data-state=ready]").waitFor();
      await page.getByTestId("way-headset").click();
      await page.locator(".mirror-frame[data-matrix]").waitFor({ state: "attached" });
      await standing(page, "unchecked"); // what is known from before counts for nothing until a point is touched
      assert.equal(await drawnOnto(), false);
      await see("unchecked");
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
    await abortOrder(id);
  }),
);
