// The server was killed while the robot had a part in a bin: a person walks the recovery page, brings the arm out of
// the bin on the way, and the unit is finished.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, decide, fillIn, next } from "./at_work.mjs";
import { look } from "./axe.mjs";
import { ask, card, open, orderState, shoot, signIn, topic, withBrowser } from "./cell_page.mjs";

const ID = "demo-1";
const PATIENCE_MS = 12 * 60_000;
const STAGES = 20;
const GLOVE_PX = 60;

test("a person walks through a recovery by keyboard, and the unit is finished", { timeout: PATIENCE_MS }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    const hint = board.getByTestId("recover-hint");
    await hint.waitFor();
    await hint.getByRole("link").click();
    const page = board;
    await stage(page, "happened");
    assert.match(await page.locator("main").innerText(), /Tandem (was|has been) restarted/);
    const seen = [];
    for (let i = 0; i < STAGES; i += 1) {
      const now = await page.getByTestId("recover").getAttribute("data-stage");
      if (now === "over") break;
      if (!seen.includes(now)) {
        await shoot(page, `recover_${now}.png`);
        await look(page, `recovery, ${now}`);
        assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1", "the focus goes along");
        for (const button of await page.locator(".recover-actions button").all()) {
          assert.ok((await button.boundingBox()).height >= GLOVE_PX, "large enough for gloves");
        }
      }
      seen.push(now);
      if (now !== "go") assert.equal((await ask("/api/v1/cell")).state, "held", "nothing moves before the last word");
      if (!seen.includes("clear")) assert.equal(await page.getByTestId("button-retreat").count(), 0, "nor out, before the cell is clear");
      if (now === "go" && seen.filter((name) => name === "go").length === 1) await bringOut(page);
      await press(page, now);
    }
    assert.deepEqual([...new Set(seen)].slice(0, 2), ["happened", "gripper"]);
    assert.ok(seen.indexOf("clear") > 0 && seen.indexOf("go") > seen.indexOf("clear"), `it went ${seen}`);
    await shoot(page, "recover_over.png");
    await stopAndComeBack(page);

    const worker = await open(browser, "/worker", { hasTouch: true });
    await signIn(worker);
    for (;;) {
      await next(worker, ID);
      if ((await orderState(ID)) === "ended") break;
      const status = await card(worker).getAttribute("data-status");
      if (status === "attention") {
        await decide(worker);
        continue;
      }
      if (status === "done") {
        await worker.waitForTimeout(200);
        continue;
      }
      await fillIn(worker);
      const moved = changed(worker);
      await worker.getByRole("button", { name: /^(Done|It is right)$/ }).click();
      await moved;
    }
    const [unit] = await ask("/api/v1/units");
    assert.equal(unit.state, "done");
    assert.deepEqual([...page.faults, ...worker.faults], []);
  }),
);

test("the recovery page is said in German, too", { timeout: 120_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/recover", { locale: "de-DE" });
    await page.locator("[data-testid=recover][data-stage=over]").waitFor();
    assert.match(await page.locator("h1").innerText(), /keine Wiederherstellung/);
    assert.equal(topic(page, "recovery"), undefined);
  }),
);

/** After a stop the page leads on until the cell works again, and says since when and why it stands. */
async function stopAndComeBack(page) {
  await ask("/api/v1/cell", { type: "change_cell", verb: "stop", reason: "cable loose" });
  await page.reload();
  await stage(page, "happened");
  assert.match(await page.locator(".recover-lead").innerText(), /^Stopp(ing|ed): cable loose$/);
  for (let i = 0; i < STAGES; i += 1) {
    const now = await page.getByTestId("recover").getAttribute("data-stage");
    if (now === "over") break;
    assert.doesNotMatch(await page.locator("main").innerText(), /Remedy:\s*$/m, "a remedy has words");
    await shoot(page, `recover_stop_${i}_${now}.png`);
    await press(page, now);
  }
  assert.equal((await ask("/api/v1/cell")).state, "execute", "its last button lets the cell work again");
}

const stage = (page, name) => page.locator(`[data-testid=recover][data-stage=${name}]`).waitFor();

/** Have the arm leave the bin that it stands in, by keyboard: the way is shown, and gone once somebody says that hands are out. */
async function bringOut(page) {
  const retreat = (status) => page.locator(`[data-testid=retreat][data-status=${status}]`);
  await retreat("none").waitFor();
  await enter(page, "retreat");
  await retreat("previewed").waitFor();
  assert.match(await page.getByTestId("retreat-way").innerText(), /^Straight up out of bin .+, \d+ mm\. It keeps its grip on /);
  await shoot(page, "recover_retreat.png");
  await look(page, "recovery with the way out");
  assert.equal((await ask("/api/v1/cell")).retreat.status, "previewed", "nothing moves before the word");
  await enter(page, "approve_retreat");
  await page.locator("[data-testid=retreat][data-outcome=succeeded]").waitFor({ timeout: 60_000 });
  await shoot(page, "recover_retreated.png");
  assert.equal((await ask("/api/v1/cell")).state, "held");
}

async function enter(page, name) {
  const button = page.getByTestId(`button-${name}`).and(page.locator(":not([aria-disabled=true])"));
  await button.focus();
  await page.keyboard.press("Enter");
}

const READY = ".recover-actions button:not([aria-disabled=true])";

/** Press the first button of a step with the keyboard, once it takes a press; or wait for the next step. */
async function press(page, now) {
  await page.waitForFunction(
    ([stage, ready]) => document.querySelector("[data-testid=recover]")?.dataset.stage !== stage || document.querySelector(ready),
    [now, READY],
    { timeout: 60_000 },
  );
  if ((await page.getByTestId("recover").getAttribute("data-stage")) !== now) return;
  const before = await page.locator("main").innerText();
  await page.locator(READY).first().focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction((old) => document.querySelector("main")?.innerText !== old, before, { timeout: 60_000 });
}
