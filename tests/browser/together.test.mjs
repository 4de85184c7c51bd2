// The shipped product's cover: robot and person set it together, and the card counts down to each of the robot's motions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DONE } from "./at_work.mjs";
import { atEachSize } from "./at_sizes.mjs";
import { abortOrder, ask, freshName, open, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const COUNTS = /^Robot moves in (\d+) s: \S/;
const WAIT = { timeout: 120_000 };

test("the step done together says in how many seconds the robot moves, in the line that names the robot", { timeout: 5 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/worker", { hasTouch: true });
    await signIn(page);
    await ask("/api/v1/cell", { type: "change_cell", verb: "start" });
    const id = await storeOrder(freshName("cover"));
    await startOrder(await open(browser, "/board"), id);
    await page.locator("[data-testid=card][data-step=gasket][data-status=step]").waitFor(WAIT);
    await page.evaluate(() => {
      globalThis.read = []; // what the card's line says of the robot, and the ribbon with it, each time that it changes
      const note = () => {
        const pill = document.querySelector("[data-step=cover] .pill-together");
        if (!pill) return;
        const says = pill.querySelector("span").textContent;
        if (says !== globalThis.read.at(-1)?.says) globalThis.read.push({ says, ribbon: document.querySelector("[data-testid=robot] span").textContent });
      };
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.getByRole("button", DONE).click();
    await page.locator("[data-testid=card][data-step=cover][data-status=step]").waitFor(WAIT);
    assert.equal(topic(page, "card/front").together, true);

    await page.waitForFunction((counts) => new RegExp(counts).test(document.querySelector(".pill-together > span")?.textContent ?? ""), COUNTS.source, WAIT);
    await atEachSize(page, "together_counting");
    await page.waitForFunction((counts) => globalThis.read.some(({ says }) => new RegExp(counts).test(says)) && !new RegExp(counts).test(globalThis.read.at(-1).says), COUNTS.source, WAIT);
    await page.setViewportSize({ width: 1280, height: 800 });

    const read = await page.evaluate(() => globalThis.read);
    const first = read.findIndex(({ says }) => COUNTS.test(says));
    const past = read.findIndex(({ says }, i) => i > first && !COUNTS.test(says));
    const counted = read.slice(first, past);
    assert.ok(new Set(counted.map(({ says }) => COUNTS.exec(says)[1])).size > 1, `it counts: ${JSON.stringify(read)}`);
    assert.deepEqual(counted.map(({ says }) => says), counted.map(({ ribbon }) => ribbon), "as the ribbon does");
    assert.equal(read[past].says, "Together with the robot", "and says who does it again once the arm is on its way");
    await abortOrder(id);
    assert.deepEqual(page.faults, []);
  }),
);
