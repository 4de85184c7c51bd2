// A worker's page on a tablet, upright and lying, and on a small one: whatever can be pressed is on the screen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { changed, next, ownStep } from "./at_work.mjs";
import { card, freshName, open, shoot, signIn, startOrder, storeOrder, withBrowser } from "./cell_page.mjs";

const SIZES = { lying: { width: 1280, height: 800 }, upright: { width: 800, height: 1280 }, small: { width: 1024, height: 600 } };

/** What can be pressed and is not whole on the screen, and what the ribbon or a button cuts off. */
const beside = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll(".actions button, .actions summary")].filter((element) => element.checkVisibility());
    const off = shown.filter((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
    });
    const says = document.querySelector("[data-testid=robot] span");
    const cut = [...shown, says].filter((element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
    return [...off.map(({ innerText }) => `off: ${innerText}`), ...cut.map(({ innerText }) => `cut: ${innerText}`)];
  });

const actionsShare = (page) => page.evaluate(() => document.querySelector(".actions").getBoundingClientRect().height / innerHeight);

async function atEachSize(page, name) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    await page.waitForTimeout(300); // the scene draws itself anew
    await shoot(page, `size_${name}_${size}.png`);
    assert.deepEqual(await beside(page), [], `${name}, ${size}`);
    assert.ok((await actionsShare(page)) < 0.3, `${name}, ${size}: the actions leave room for the card`);
  }
}

/** Report a problem with each step that the person has, until the card is about nothing but what is to be decided. */
async function nothingButAQuestion(worker, id) {
  for (let n = 0; n < 12; n += 1) {
    await next(worker, id);
    if ((await card(worker).getAttribute("data-status")) === "attention") {
      const other = worker.locator("[data-testid=card]:not([data-status=attention])").waitFor({ timeout: 3000 });
      if (!(await other.then(() => true, () => false))) return;
      continue;
    }
    const moved = changed(worker);
    await worker.getByTestId("button-problem").click();
    await worker.getByRole("textbox").last().fill("Der Lagersitz hat einen Grat.");
    await worker.getByTestId("reason-send").click();
    await moved;
  }
  assert.fail("the card never rests at a question");
}

test("in German, at each size, a step and a question have all their actions on the screen", { timeout: 7 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker", { hasTouch: true });
    await signIn(worker);
    const id = await storeOrder(freshName("size"));
    await startOrder(await open(browser, "/board"), id);
    const step = await ownStep(worker, id);
    await worker.evaluate(() => localStorage.setItem("tandem.language", "de"));
    await worker.reload();
    await worker.locator(`[data-testid=card][data-step="${step}"][data-status=step]`).waitFor();
    await atEachSize(worker, "step");

    await nothingButAQuestion(worker, id);
    await atEachSize(worker, "question");
    await worker.getByTestId("more").locator("summary").click();
    for (const [size, viewport] of Object.entries(SIZES)) {
      await worker.setViewportSize(viewport);
      assert.deepEqual(await beside(worker), [], `what is under more, ${size}`);
      await shoot(worker, `size_more_${size}.png`);
    }
    await look(worker, "a question with all its choices");
    assert.deepEqual(worker.faults, []);
  }),
);
