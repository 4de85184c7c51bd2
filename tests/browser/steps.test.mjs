// Step by step each step waits for a word, at a breakpoint in every mode; and the banner of a simulated cell that can't be kept.
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { abortOrder, ask, open, shoot, startOrder, topic, withBrowser } from "./cell_page.mjs";

const ID = "demo-1";
const SLOW = { timeout: 60_000 };

const offer = (page, label) => page.getByTestId(`button-${label}`).and(page.locator(":not([aria-disabled=true])")).first();
const level = (page, name) => page.locator(`[data-testid=supervision][data-level=${name}]`).waitFor();

/** The page shows every reason why the robot does not move, whole and in the cell's order, `codes` among them. */
async function reasonsAre(page, codes) {
  for (const began = Date.now(); ; await page.waitForTimeout(50)) {
    const told = topic(page, "cell").condition.not_moving.map(({ code }) => code);
    const shown = await page.locator("[data-testid=not-moving] [data-code]").evaluateAll((all) => all.map((item) => item.dataset.code));
    if (codes.every((code) => told.includes(code)) && JSON.stringify(shown) === JSON.stringify(told)) return;
    assert.ok(Date.now() - began < SLOW.timeout, `the cell says ${told}, the page ${shown}, wanted were ${codes}`);
  }
}

test("step by step each step waits for a word, a breakpoint in every mode, and a cell that can't be kept says so", { timeout: 420_000 }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    await offer(board, "autonomy_single_step").click();
    await level(board, "single_step");
    await startOrder(board, ID);
    await reasonsAre(board, ["single_step"]);
    await offer(board, "release_step").waitFor();
    const { step, unit } = topic(board, "lane/robot");
    const row = board.locator(`[data-unit="${unit}"] [data-step="${step}"]`);
    assert.equal(await row.getAttribute("data-status"), "ready", "it waits");
    await shoot(board, "supervision_step.png");

    await row.locator(".stop-mark button:not([aria-disabled=true])").click();
    await row.getByTestId("breakpoint").waitFor();
    await offer(board, "autonomy_full").click();
    await level(board, "full");
    await reasonsAre(board, ["breakpoint"]);
    assert.equal(await row.getAttribute("data-status"), "ready", "the robot moves by itself, but not past it");
    await shoot(board, "supervision_breakpoint.png");

    const kept = join(process.env.TANDEM_DATA, "simulated");
    await rename(kept, `${kept}.away`); // as if the disk were gone
    await offer(board, "release_step").click();
    await row.and(board.locator("[data-status=active]")).waitFor();
    assert.doesNotMatch(await row.innerText(), /waits for the word/, "it has begun");
    const german = await open(browser, "/worker", { locale: "de-DE" });
    const banner = '[data-testid=trouble][data-trouble="world"]';
    await board.locator(banner).waitFor(SLOW);
    assert.match(await board.locator(banner).innerText(), /simulated cell can’t be kept/);
    await german.locator(banner).waitFor();
    assert.match(await german.locator(banner).innerText(), /simulierte Zelle/);
    await look(board, "board with a banner");
    await shoot(board, "trouble_world.png");
    await rename(`${kept}.away`, kept);
    await board.locator(banner).waitFor({ state: "detached", ...SLOW });
    await german.locator(banner).waitFor({ state: "detached" });
    await ask("/api/v1/cell", { type: "change_cell", verb: "hold", reason: "a look at the list" });
    await reasonsAre(board, ["cell"]);
    await abortOrder(ID);
    assert.deepEqual([...board.faults, ...german.faults], []);
  }),
);
