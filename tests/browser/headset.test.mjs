// A unit is built in an emulated Quest 3: the cell's points are touched, then hands, a controller and looks press what the card in the room shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, next } from "./at_work.mjs";
import { answerFor, ask, base, card, freshName, open, orderState, shoot, signIn, startOrder, storeOrder, TABLET, withBrowser } from "./cell_page.mjs";
import { aimAt, emulator, gazeAt, pressByFinger, pressByRay, pressByTrigger, reachThrough, session, touch } from "./quest.mjs";
import { asked, beside, ROOM } from "./room.mjs";

const PATIENCE_MS = 14 * 60_000;
const DECISIONS = 12;
const LIMIT_M = 0.003;

test("a unit is built in a headset by hand", { timeout: PATIENCE_MS }, () =>
  withBrowser(async (browser) => {
    const context = await browser.newContext({ viewport: TABLET, locale: "en-GB", baseURL: base });
    await context.addInitScript(emulator());
    const worker = await open({ newContext: () => context }, "/worker");
    await signIn(worker);
    const id = await storeOrder(freshName("quest"));
    const board = await open(browser, "/board");
    await startOrder(board, id);

    await worker.getByTestId("way-headset").click();
    await worker.locator(".scene[data-way=headset]").waitFor();
    await worker.locator(".mirror-frame[data-matrix]").waitFor({ state: "attached" });
    await shoot(worker, "headset-model.png");
    await miss(worker);
    await register(worker);
    await shoot(worker, "headset-registered.png");

    const seen = { steps: new Set(), decisions: 0 };
    for (;;) {
      await next(worker, id);
      if ((await orderState(id)) === "ended") break;
      const status = await card(worker).getAttribute("data-status");
      if (status === "done") {
        await worker.waitForTimeout(200);
        continue;
      }
      const step = await card(worker).getAttribute("data-step");
      if (status === "attention") {
        seen.decisions += 1;
        assert.ok(seen.decisions <= DECISIONS, `the cell asks again and again, last about ${step}`);
        const moved = changed(worker);
        await pressByRay(worker, ".actions-main button");
        await moved;
        continue;
      }
      if (seen.steps.size === 1) {
        assert.equal(await worker.getByTestId("strip").getAttribute("data-standing"), "good");
        await sameOnPanel(worker);
        await shoot(worker, "headset-step.png");
      }
      await foldedAway(worker);
      await fillIn(worker);
      const moved = changed(worker);
      const done = "[data-command=confirm_step]";
      if (seen.steps.size === 0) {
        await reachThrough(worker, done);
        assert.equal(await card(worker).getAttribute("data-step"), step, "a hand that reaches for something behind the panel presses nothing");
      }
      if (seen.steps.size === 2) await heldOver(worker, id, done);
      else if (seen.steps.size === 3) await pressByTrigger(worker, done);
      else if (seen.steps.size % 3 === 0) await pressByFinger(worker, done);
      else if (seen.steps.size % 3 === 1) await pressByRay(worker, done);
      else await gazeAt(worker, done, moved);
      await moved;
      seen.steps.add(step);
    }
    assert.ok(seen.steps.size >= 4, `a person had ${seen.steps.size} steps`);
    await pressByRay(worker, "[data-of=leave-headset]");
    await worker.locator("[data-testid=scene][data-state=ready]").waitFor();

    // the next time the device finds its anchor again, and the page asks for one point before it believes it
    await worker.getByTestId("way-headset").click();
    await worker.locator("[data-testid=strip][data-standing=unchecked]").waitFor({ state: "attached" });
    await touch(worker, "right", ROOM(points(await scene()).at(0)[1]));
    await pressByRay(worker, "[data-of=take]", "left");
    await worker.locator("[data-testid=strip][data-standing=good]").waitFor({ state: "attached" });
    assert.deepEqual([...worker.faults, ...board.faults], []);
  }),
);

/** The panel in the room says what the page's own card and ribbon say: title, what to do, hazards, the robot's state, and its buttons. */
async function sameOnPanel(page) {
  for (const until = Date.now() + 30_000; ; await page.waitForTimeout(100)) {
    const missing = await page.evaluate(() => {
      const plain = (text) => text.replaceAll(/\s+/g, "");
      const panel = plain(document.querySelector(".mirror").textContent);
      const own = document.querySelectorAll(".worker [data-testid=title], .worker .do, .worker .hazard > p, .worker .robot-says span, .worker .actions-main button span");
      const texts = [...own].map((one) => one.textContent.trim()).filter(Boolean);
      return texts.length < 3 ? ["the page's own words"] : texts.filter((text) => !panel.includes(plain(text)));
    });
    if (missing.length === 0) break;
    assert.ok(Date.now() < until, `the panel does not say ${missing.join(", ")}`);
  }
}

/** What is folded away on the page lies over nothing on the panel. */
async function foldedAway(page) {
  assert.equal(await page.locator(".mirror details:not([open]) button").count(), 0);
}

const scene = () => ask("/api/v1/scene");
const points = ({ registration }) => Object.entries(registration.touch);

/** Begin to pinch the button of one step, and let go on the next one's: only the first, said by other means, counts. */
async function heldOver(page, id, done) {
  let before = 0;
  await pressByRay(page, done, "right", async () => {
    const moved = changed(page);
    await page.getByTestId("button-confirm").evaluate((button) => button.click());
    await moved;
    await next(page, id);
    before = confirmed(page);
    if ((await card(page).getAttribute("data-status")) === "step") await aimAt(page, done);
  });
  await session.frames(page, 10);
  assert.equal(confirmed(page), before, "a press that was begun for another step is none");
  assert.equal(await page.locator("[data-testid=card] [data-fault]").count(), 0);
}

const confirmed = (page) => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === "step_confirmed").length;

/** Touch one point 40 mm beside it: then nothing is drawn onto the cell, and the panel says why. */
async function miss(page) {
  for (const [i, [name, at]] of points(await scene()).entries()) {
    await take(page, name, i === 0 ? at.map((v) => v + 0.023) : at);
  }
  await page.locator("[data-testid=strip][data-standing=off]").waitFor({ state: "attached" });
  assert.match(await page.getByTestId("strip").innerText(), /more than the cell allows \(3 mm\)/);
  await session.frames(page);
  const [a, b, c] = JSON.parse(await page.locator(".mirror-frame").getAttribute("data-world"));
  assert.ok(Math.hypot(a, b, c) < 0.9, "what is drawn is the small model, not an overlay");
  await shoot(page, "headset-off.png");
  await pressByRay(page, "[data-of=touch-again]");
  await page.locator("[data-testid=strip][data-standing=unknown]").waitFor({ state: "attached" });
}

async function take(page, name, at) {
  await asked(page, name, true);
  await touch(page, "right", ROOM(at));
  await pressByRay(page, "[data-of=take]", "left");
  await asked(page, name, false);
}

/** Touch every point that the panel asks for, then see that the cell is drawn where it is. */
async function register(page) {
  for (const [name, at] of points(await scene())) await take(page, name, at);
  await page.locator("[data-testid=strip][data-standing=good]").waitFor({ state: "attached" });
  await session.frames(page);
  for (const goal of [[0.45, 0.15, 0.06], [0.25, 0.45, 0.02], [0.72, -0.3, 0.1]]) {
    const off_m = await beside(page, goal);
    assert.ok(off_m < LIMIT_M, `drawn ${off_m * 1000} mm beside the real cell`);
  }
}

/** Acknowledge, choose and enter by hand; a code is read by a scanner, which types. */
async function fillIn(page) {
  for (const button of await page.locator(".work [data-testid=acknowledge]").all()) {
    if ((await button.getAttribute("aria-pressed")) !== "true") await pressByRay(page, ".ack[aria-pressed=false]");
  }
  for (const entry of await page.locator(".work .asks [data-kind]").all()) {
    const kind = await entry.getAttribute("data-kind");
    const at = `[data-of="${await entry.getAttribute("data-testid")}"]`;
    if (kind === "claim") await pressByRay(page, at);
    else if (kind === "choice") await pressByRay(page, `${at} button[data-passing=true]`);
    else {
      const wanted = await answerFor(entry, page);
      await pressByRay(page, at);
      if (kind === "number") {
        await byKeypad(page, "7");
        await pressByRay(page, at); // what was there is written anew, not added to
        await byKeypad(page, wanted);
      } else await page.keyboard.type(wanted);
      assert.equal(await entry.inputValue(), wanted);
      await pressByRay(page, ".key-enter");
    }
  }
}

async function byKeypad(page, wanted) {
  for (const sign of wanted) {
    const place = await page.locator(".keypad .key").evaluateAll((keys, text) => keys.findIndex((key) => key.textContent === text), sign);
    await pressByRay(page, `.keypad .key:nth-child(${place + 1})`);
  }
}
