// The keyboard alone is enough: sign in, start the order, fill in the card and confirm.
import assert from "node:assert/strict";
import { test } from "node:test";
import { abortOrder, answerFor, card, freshName, open, storeOrder, withBrowser } from "./cell_page.mjs";

const MOST_STOPS = 120;

/** Press Tab until the element has the focus. */
async function tabTo(page, locator, what) {
  await locator.waitFor();
  for (let i = 0; i < MOST_STOPS; i += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not lead to ${what}`);
}

/** Go to a button by Tab and press it once it takes presses: one that has just come to its place rests for a moment. */
async function press(page, button, what) {
  await tabTo(page, button, what);
  await button.and(page.locator(":not([aria-disabled=true])")).waitFor();
  await page.keyboard.press("Enter");
}

test("a step is confirmed with the keyboard alone", { timeout: 6 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const id = await storeOrder(freshName("keys"));
    try {
      const worker = await open(browser, "/worker");
      await card(worker).and(worker.locator(":not([data-status=none])")).waitFor();
      if ((await card(worker).getAttribute("data-status")) === "away") {
        await tabTo(worker, worker.getByRole("textbox", { name: "Your short name" }), "the name");
        await worker.keyboard.type("Kim");
        await worker.keyboard.press("Enter");
        await worker.locator("[data-testid=card]:not([data-status=away])").waitFor();
      }

      const board = await open(browser, "/board");
      const start = board.locator(`[data-order="${id}"]`).getByRole("button", { name: "Start" });
      await press(board, start, "the order's start");
      await board.locator(`[data-order="${id}"][data-state=running]`).waitFor();

      await worker.locator("[data-testid=card][data-status=step]").waitFor({ timeout: 4 * 60_000 });
      const step = await card(worker).getAttribute("data-step");
      const done = worker.getByRole("button", { name: /^(Done|It is right)$/ });
      if ((await worker.getByTestId("acknowledge").count()) > 0) {
        await press(worker, done, "confirm");
        await worker.locator(".hazard .fault").first().waitFor();
        assert.equal(await card(worker).getAttribute("data-step"), step, "nothing is confirmed before the hazard is acknowledged");
      }
      for (const button of await worker.getByTestId("acknowledge").all()) {
        await tabTo(worker, button, "a hazard");
        await worker.keyboard.press("Space");
        assert.equal(await button.getAttribute("aria-pressed"), "true");
      }
      for (const field of await worker.locator(".asks [data-kind]").all()) {
        const kind = await field.getAttribute("data-kind");
        const target = kind === "choice" ? field.locator("button[data-passing=true]").first() : field;
        await tabTo(worker, target, "an entry");
        if (kind === "claim" || kind === "choice") await worker.keyboard.press("Space");
        else await worker.keyboard.type(await answerFor(field, worker));
      }
      await press(worker, done, "confirm");
      await worker.waitForFunction(
        (old) => {
          const shown = document.querySelector("[data-testid=card]");
          return shown && (shown.dataset.step !== old || shown.dataset.status !== "step");
        },
        step,
        { timeout: 60_000 },
      );
      assert.deepEqual([...worker.faults, ...board.faults], []);
    } finally {
      await abortOrder(id);
    }
  }),
);
