// A worker's page on a tablet, upright and lying, and on a small one, near and read from 2 m: whatever can be pressed is on
// the screen and large enough for a glove.
import assert from "node:assert/strict";
import { test } from "node:test";
import { atEachSize, beside, fromAfar, PHONE, SIZES } from "./at_sizes.mjs";
import { look } from "./axe.mjs";
import { changed, next, ownStep } from "./at_work.mjs";
import { amiss } from "./heads.mjs";
import { card, freshName, open, shoot, signIn, startOrder, storeOrder, withBrowser } from "./cell_page.mjs";
import { pressable } from "./targets.mjs";

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
    await fromAfar(worker, "step");

    await nothingButAQuestion(worker, id);
    await atEachSize(worker, "question");
    await fromAfar(worker, "question");
    await worker.getByTestId("more").locator("summary").click();
    for (const [size, viewport] of Object.entries(SIZES)) {
      await worker.setViewportSize(viewport);
      assert.deepEqual(await beside(worker), [], `what is under more, ${size}`);
      await pressable(worker, `what is under more, ${size}`);
      await shoot(worker, `size_more_${size}.png`);
    }
    await look(worker, "a question with all its choices");
    assert.deepEqual(worker.faults, []);
  }),
);

const PAGES = ["/", "/worker", "/board", "/cell", "/jog", "/calibrate", "/recover"];
const LANGUAGES = ["en", "de"];

test("no word of a head is cut off or stands on another, on any page, at any size, in either language", { timeout: 5 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/");
    const found = [];
    for (const path of PAGES) {
      for (const language of LANGUAGES) {
        await page.evaluate((chosen) => localStorage.setItem("tandem.language", chosen), language);
        await page.goto(path);
        await page.locator("[data-line=online]").waitFor();
        await page.locator(`html[lang=${language}]`).waitFor();
        for (const [size, viewport] of Object.entries({ ...SIZES, phone: PHONE })) {
          await page.setViewportSize(viewport);
          await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
          await shoot(page, `head_${path.slice(1) || "start"}_${language}_${size}.png`);
          found.push(...(await amiss(page)).map((what) => `${path} ${language} ${size}: ${what}`));
        }
      }
    }
    assert.deepEqual(found, []);
    assert.deepEqual(page.faults, []);
  }),
);

test("on a phone a banner leaves card and actions apart, and all actions on the screen", { timeout: 3 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const first = await open(browser, "/worker", { hasTouch: true });
    await signIn(first);
    await first.context().close();
    const phone = await open(browser, "/", { hasTouch: true, viewport: PHONE });
    await phone.evaluate(() => localStorage.setItem("tandem.language", "de"));
    await phone.goto("/worker");
    await phone.locator(".banner").waitFor({ timeout: 60_000 }); // the screen at which somebody works is gone
    for (const end of [false, true]) {
      await phone.locator(".worker").evaluate((page, down) => page.scrollTo(0, down ? page.scrollHeight : 0), end);
      const { card, actions, hidden } = await phone.evaluate(() => {
        const [card, actions] = [".work > .card", ".work > .actions"].map((part) => document.querySelector(part).getBoundingClientRect());
        const page = document.querySelector(".worker");
        return { card, actions, hidden: page.scrollHeight - page.clientHeight - page.scrollTop };
      });
      assert.ok(actions.bottom <= PHONE.height + 1 && card.height >= 160, `card of ${card.height} px, actions down to ${actions.bottom}`);
      assert.ok(card.bottom - hidden <= actions.top + 1, "what the actions cover of the card is scrolled to");
      assert.deepEqual(await beside(phone), []);
      if (!end) assert.deepEqual(await amiss(phone), []);
      await shoot(phone, `size_banner_phone_${end ? "end" : "top"}.png`);
    }
    for (const way of ["window", "headset"]) {
      await phone.getByTestId(`way-${way}`).press("Enter"); // this phone has neither
      await phone.getByTestId("ways-why").waitFor();
      const over = await phone.evaluate(() => document.querySelector(".work > .scene").getBoundingClientRect().top - document.querySelector(".ways-why").getBoundingClientRect().top);
      assert.ok(over < 0, `why there is no ${way} is cut off by ${over} px`);
      await shoot(phone, `size_why_phone_${way}.png`);
    }
  }),
);
