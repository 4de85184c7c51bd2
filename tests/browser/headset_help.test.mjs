// Who wears a headset calls for help by the panel, and sees there when somebody is coming.
import assert from "node:assert/strict";
import { test } from "node:test";
import { base, open, shoot, signIn, TABLET, withBrowser } from "./cell_page.mjs";
import { emulator, gazeAt, pressByRay } from "./quest.mjs";

/** What the panel in the room says of the call; "" while it says nothing. */
const onPanel = (page) => page.locator(".mirror [data-of=help-call]").allTextContents().then((texts) => texts.join(" "));

async function panelSays(page, wanted) {
  for (const until = Date.now() + 60_000; ; await page.waitForTimeout(100)) {
    const said = await onPanel(page);
    if (wanted.test(said)) return;
    assert.ok(Date.now() < until, `the panel says "${said}", wanted was ${wanted}`);
  }
}

test("a call for help is pressed, shown, answered and ended in a headset", { timeout: 8 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const context = await browser.newContext({ viewport: TABLET, locale: "en-GB", baseURL: base });
    await context.addInitScript(emulator());
    const worker = await open({ newContext: () => context }, "/worker");
    await signIn(worker);
    const board = await open(browser, "/board");
    await worker.getByTestId("way-headset").click();
    await worker.locator(".mirror-frame[data-matrix]").waitFor({ state: "attached" });
    assert.equal(await onPanel(worker), "");

    await pressByRay(worker, "[data-command=call_help]");
    await panelSays(worker, /You have called/);
    await board.getByTestId("help-call").waitFor();
    await shoot(worker, "headset_help_called.png");
    await board.getByTestId("button-answer_help").and(board.locator(":not([aria-disabled=true])")).click();
    await panelSays(worker, /coming/);
    await shoot(worker, "headset_help_coming.png");

    const over = board.getByTestId("help-call").waitFor({ state: "detached", timeout: 60_000 });
    await gazeAt(worker, "[data-command=withdraw_help]", over); // it is the person's own word, and moves nothing
    await panelSays(worker, /^$/);
    assert.deepEqual([...worker.faults, ...board.faults], []);
  }),
);
