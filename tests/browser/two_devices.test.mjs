// Two devices of one worker agree about each step, with and without a line, and what both say counts once: also where the
// step then waits for another person's look.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, decide, DONE, fillIn, next, ownStep } from "./at_work.mjs";
import { abortOrder, ask, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const WAIT = { timeout: 60_000 };
const TWICE = "press_lower"; // as conftest.py writes it into the product
const say = (command) => ask("/api/v1/commands", { id: freshName(command.type), command });
const happened = (page, kind) => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === kind);

/** What a page shows of its step: all that a worker goes by. */
const shown = (page) =>
  page.evaluate(() => {
    const { unit, step, attempt, status } = document.querySelector("[data-testid=card]").dataset;
    const text = (selector) => document.querySelector(selector)?.innerText ?? "";
    return JSON.stringify({ unit, step, attempt, status, title: text("[data-testid=title]"), doing: text(".do"), robot: text("[data-testid=robot]"), main: text(".actions-main") });
  });

/** Wait until both pages show the same; where they never do, fail with what each shows. */
async function agree(one, other) {
  for (const began = Date.now(); ; await one.waitForTimeout(50)) {
    const both = [await shown(one), await shown(other)];
    if (both[0] === both[1]) return;
    if (Date.now() - began > WAIT.timeout) assert.equal(...both);
  }
}

/** Say done without a line, on a page that has none. */
async function keepDone(page) {
  await fillIn(page);
  await page.getByRole("button", DONE).click();
  await page.getByTestId("keep-yes").click();
  await page.getByTestId("kept-waiting").waitFor();
}

/** Do what comes before the step that two people look at. */
async function untilTwice(page, id) {
  for (;;) {
    await next(page, id);
    const { status, step } = topic(page, "card/front");
    if (status === "step" && step === TWICE) return;
    if (status === "attention") await decide(page);
    else if (status === "step" && (await page.getByRole("button", DONE).count())) {
      await fillIn(page);
      const moved = changed(page);
      await page.getByRole("button", DONE).click();
      await moved;
    } else await page.waitForTimeout(100);
  }
}

test("two devices of one worker agree, and what both have said counts once", { timeout: 8 * 60_000 }, () =>
  withBrowser(async (browser) => {
    await say({ type: "join_place", place: "front", operator: "Kim" });
    await say({ type: "change_cell", verb: "start" });
    const tablet = await open(browser, "/worker", { hasTouch: true });
    const second = await open(browser, "/worker", { hasTouch: true });
    const board = await open(browser, "/board");
    const id = await storeOrder(freshName("twice"));
    await startOrder(board, id);

    // what is said on one is seen on the other, and counts once
    const first = await ownStep(tablet, id);
    await agree(tablet, second);
    await fillIn(second);
    const on = changed(tablet);
    await second.getByRole("button", DONE).click();
    await on;
    await agree(tablet, second);
    const counted = (step) => happened(board, "step_confirmed").filter(({ payload }) => payload.subject.includes(step)).length;
    assert.equal(counted(first), 1);

    await untilTwice(tablet, id);
    await agree(tablet, second);
    const { unit } = topic(tablet, "card/front");

    // both say it without a line; one is taken, and the other one's word is no alarm
    for (const page of [tablet, second]) {
      await page.context().setOffline(true);
      await page.getByTestId("offline").waitFor();
      await keepDone(page);
    }
    for (const page of [tablet, second]) await page.context().setOffline(false);
    for (const page of [tablet, second]) {
      await page.getByTestId("kept-taken").waitFor(WAIT);
      assert.equal(await page.getByTestId("kept-returned").count(), 0);
      await page.getByTestId("kept-taken").getByRole("button", { name: "Close" }).click();
      await page.locator(`[data-testid=card]:not([data-step=${TWICE}])`).waitFor(WAIT);
    }
    await agree(tablet, second);
    assert.equal(counted(TWICE), 1, "one word of one person");

    // who has looked leaves the place, and another person looks, on the other device
    const stands = () => topic(board, `step/${unit}/${TWICE}`).status;
    await tablet.getByText(/Another person now looks at it/).first().waitFor(WAIT);
    assert.notEqual(stands(), "done", "one look is not two");
    await tablet.getByTestId("button-leave").click();
    for (const page of [tablet, second]) await page.locator("[data-testid=card][data-status=away]").waitFor(WAIT);
    await signIn(second, "Ana");
    await second.locator(`[data-testid=card][data-step=${TWICE}][data-status=step]`).waitFor(WAIT);
    await shoot(second, "second_look.png");
    await fillIn(second);
    const looked = changed(second);
    await second.getByRole("button", DONE).click();
    await looked;
    while (stands() !== "done" || counted(TWICE) < 2) await board.waitForTimeout(50); // each is told by itself
    assert.equal(counted(TWICE), 2, "two looks of two people");
    await agree(tablet, second);
    await abortOrder(id);
    assert.deepEqual([...tablet.faults, ...second.faults, ...board.faults], []);
  }),
);
