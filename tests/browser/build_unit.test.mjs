// A unit is built by clicking on a tablet: join, start the order on the board, do what the card shows until it is done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { pressable } from "./targets.mjs";
import { changed, decide, fillIn, next } from "./at_work.mjs";
import { compare } from "./pixels.mjs";
import { card, freshName, open, orderState, shoot, signIn, startOrder, storeOrder, withBrowser } from "./cell_page.mjs";

const PATIENCE_MS = 12 * 60_000;
const DECISIONS = 12;
const PICTURES = 10; // pairs; between two flights the ghost rests for seconds
const CHANGED = 100; // pixels

test("a unit is built by clicking on a tablet", { timeout: PATIENCE_MS }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker", { hasTouch: true });
    await signIn(worker);
    const id = await storeOrder(freshName("click"));
    const board = await open(browser, "/board");
    await startOrder(board, id);

    const seen = { steps: new Set(), ghosts: 0, decisions: 0 };
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
        await decide(worker);
        continue;
      }
      const title = (await worker.getByTestId("title").innerText()).trim();
      assert.notEqual(title, "", "a card is never without words");
      if (await worker.getByTestId("scene").and(worker.locator(":not([data-ghost=''])")).count()) {
        seen.ghosts += 1;
        if (seen.ghosts === 1) {
          await drawnAndMoving(worker);
        }
        if (seen.ghosts <= 3) {
          await worker.emulateMedia({ reducedMotion: "reduce" }); // nothing moves: software rendering draws one fine picture
          await worker.waitForTimeout(1500);
          await shoot(worker, "worker.png");
          await worker.emulateMedia({ reducedMotion: "no-preference" });
        }
      }
      if (seen.steps.size === 6) await shoot(board, "board.png");
      if (!seen.steps.has(step)) await lookInBoth(worker, `card of ${step}`);
      await fillIn(worker);
      if (!seen.steps.has(step)) await lookInBoth(worker, `filled-in card of ${step}`);
      const moved = changed(worker);
      await worker.getByRole("button", { name: /^(Done|It is right)$/ }).click();
      await moved;
      seen.steps.add(step);
    }

    assert.ok(seen.steps.size >= 4, `a person had ${seen.steps.size} steps`);
    assert.ok(seen.ghosts > 0, "the ghost showed where a part goes");
    await board.locator(`[data-testid=order][data-order="${id}"][data-state=ended]`).waitFor();
    await board.getByTestId("record-link").first().click();
    await board.getByTestId("record").getByRole("row").nth(3).waitFor();
    await depthPictures(board);
    await shoot(board, "record.png");
    for (const colorScheme of ["dark", "light"]) {
      await board.emulateMedia({ colorScheme });
      await look(board, `as-built record, ${colorScheme}`);
      await shoot(board, `record-${colorScheme}.png`);
    }
    assert.deepEqual([...worker.faults, ...board.faults], []);
  }),
);

/** Checks show what the camera saw: a picture of the deviations, in their colours. */
async function depthPictures(board) {
  const seen = board.locator(".record-evidence img.evidence").first();
  await seen.scrollIntoViewIfNeeded();
  await board.waitForFunction(() => document.querySelector(".record-evidence img.evidence")?.naturalWidth > 0);
  const picture = await seen.screenshot();
  const { colours } = await compare(board, [picture, picture]);
  assert.ok(colours > 100, `a picture of ${colours} colours`);
}

/** In light and in dark, the card keeps AAA contrast; what is pressed is large enough. */
async function lookInBoth(worker, what) {
  for (const colorScheme of ["dark", "light"]) {
    await worker.emulateMedia({ colorScheme });
    await look(worker, `${what}, AAA, ${colorScheme}`, { part: "[data-testid=card]", rules: ["color-contrast-enhanced"] });
  }
  await pressable(worker, what);
}

/** The canvas shows a scene of many colours, and it changes. */
async function drawnAndMoving(page) {
  const scene = page.getByTestId("scene");
  await page.locator("[data-testid=scene][data-state=ready]").waitFor({ timeout: 60_000 });
  let found = { colours: 0, differing: 0 };
  for (let i = 0; i < PICTURES && found.differing <= CHANGED; i += 1) {
    const pictures = [];
    for (const wait_ms of [0, 1200]) {
      await page.waitForTimeout(wait_ms);
      pictures.push(await scene.screenshot());
    }
    found = await compare(page, pictures);
  }
  assert.ok(found.colours > 200, `the scene has only ${found.colours} colours`);
  assert.ok(found.differing > CHANGED, `only ${found.differing} pixels changed: the ghost does not fly`);
}
