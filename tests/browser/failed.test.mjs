// A page whose code does not come says so in the reader's language, and is there after a press.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { open, shoot, withBrowser } from "./cell_page.mjs";
import { pressable } from "./targets.mjs";

const PAGES = { "/": "start", "/worker": "worker", "/board": "board", "/cell": "cell", "/jog": "jog", "/calibrate": "calibrate", "/recover": "recover" };

test("a page that does not load is no blank page", { timeout: 180_000 }, () =>
  withBrowser(async (browser) => {
    for (const [address, name] of Object.entries(PAGES)) {
      const page = await open(browser, "/join", { locale: "de-DE", serviceWorkers: "block" });
      const code = new RegExp(`/static/${name}-\\w+\\.js$`);
      await page.route(code, (route) => route.abort());
      await page.goto(address);
      await page.getByTestId("page-failed").waitFor();
      assert.match(await page.getByTestId("page-failed").innerText(), /ließ sich nicht laden/, address);
      if (address === "/worker") {
        await look(page, "a page that did not load");
        await pressable(page, "a page that did not load");
        await shoot(page, "failed.png");
      }
      await page.unroute(code);
      await page.getByTestId("reload").click();
      await page.getByTestId("page-failed").waitFor({ state: "detached" });
      await page.locator(":is(h1, h2, canvas):visible").first().waitFor();
      assert.equal(new URL(page.url()).pathname, address, "it is the page that was asked for");
      assert.deepEqual(page.faults, [], address);
      await page.context().close();
    }
  }),
);
