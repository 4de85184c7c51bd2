// Every page can be used by everyone: axe-core finds nothing serious, in light and dark, in both languages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { card, freshName, open, shoot, signIn, storeOrder, withBrowser } from "./cell_page.mjs";

for (const [colorScheme, locale] of [["light", "en-GB"], ["dark", "de-DE"]]) {
  test(`no serious violation in ${colorScheme}, ${locale}`, { timeout: 180_000 }, () =>
    withBrowser(async (browser) => {
      const order = await storeOrder(freshName("axe"));
      const options = { colorScheme, locale };

      const start = await open(browser, "/", options);
      await start.locator("a.tile-strong").waitFor();
      await look(start, "start page");
      await shoot(start, `start-${colorScheme}-${locale}.png`);
      await start.context().close();

      const worker = await open(browser, "/worker", options);
      await card(worker).locator("h1, h2").first().waitFor();
      await look(worker, "worker's page");
      await look(worker, "step card, AAA", { part: "[data-testid=card]", rules: ["color-contrast-enhanced"] });
      await worker.getByTestId("settings").click();
      await look(worker, "display settings");
      await shoot(worker, `settings-${colorScheme}-${locale}.png`);
      await worker.context().close();

      const board = await open(browser, "/board", options);
      await board.locator(`[data-order="${order}"]`).waitFor();
      await board.getByTestId("new-order").click();
      await board.locator("[data-testid=new-order-form] select").waitFor();
      await look(board, "board");
      await shoot(board, `board-${colorScheme}-${locale}.png`);
      await board.goto("/board?unit=nobody");
      await board.getByTestId("record").getByRole("alert").waitFor();
      await look(board, "as-built record that is not there");
      await board.context().close();

      const cell = await open(browser, "/cell", options);
      await cell.locator("[data-testid=scene][data-state=ready]").waitFor({ timeout: 60_000 });
      await look(cell, "cell view");
      await shoot(cell, `cell-${colorScheme}-${locale}.png`);
      assert.deepEqual(cell.faults, []);
      await cell.context().close();

      const jog = await open(browser, "/jog", options);
      await jog.locator("[data-testid=scene][data-state=ready]").waitFor({ timeout: 60_000 });
      await jog.getByTestId("permission").waitFor();
      await look(jog, "jog page, closed");
      await shoot(jog, `jog-${colorScheme}-${locale}.png`);
      assert.deepEqual(jog.faults, []);
      await jog.context().close();

      const cameras = await open(browser, "/calibrate", options);
      await cameras.getByTestId("camera-top").waitFor();
      await look(cameras, "cameras");
      await cameras.getByTestId("begin-top-intrinsics").click();
      await cameras.getByTestId("session").waitFor();
      await look(cameras, "calibration, begun");
      await shoot(cameras, `calibrate-${colorScheme}-${locale}.png`);
      await cameras.getByTestId("discard").click();
      await cameras.getByTestId("camera-top").waitFor();
      assert.deepEqual(cameras.faults, []);
    }),
  );
}

test("the worker's page holds on small and upright screens", { timeout: 120_000 }, () =>
  withBrowser(async (browser) => {
    for (const [name, viewport] of [["portrait", { width: 800, height: 1280 }], ["seven-inch", { width: 1024, height: 600 }]]) {
      const page = await open(browser, "/worker", { viewport });
      await signIn(page);
      await card(page).locator("h1, h2").first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
      const low = await page.locator(".actions .act").first().evaluate((button) => button.getBoundingClientRect().height);
      assert.ok(low >= 60, `${name}: actions are ${low} px high`);
      await shoot(page, `worker-${name}.png`);
      await page.context().close();
    }
  }),
);
