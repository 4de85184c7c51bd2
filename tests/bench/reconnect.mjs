// How long a worker's page takes, once there is a network again, until it shows the step that the cell has by then. Prints JSON.
import { ask, base, freshName, open, signIn, startOrder, storeOrder, TABLET, withBrowser } from "../browser/cell_page.mjs";
import { ownStep } from "../browser/at_work.mjs";

const TIMES = 6;
const GONE_MS = 3_000; // by then the page dials at its slowest

const say = (command) => ask("/api/v1/commands", { id: freshName(command.type), command });
const standing = (page, status) => page.locator(`[data-testid=card][data-status=${status}]`).waitFor({ timeout: 60_000 });

/** In the page: the time at which it is in touch and shows the step, ms since 1970; null before that. */
function there(step) {
  const shown = document.querySelector("[data-testid=card][data-status=step]");
  return shown?.dataset.step === step && shown.querySelector("[data-testid=title]")?.checkVisibility() && document.querySelector("[data-testid=line][data-line=online]") ? Date.now() : null;
}

/** Cut the line, let the person come to their step by another device meanwhile, and watch what the page makes of it. */
async function measure(page, step, cut, mend) {
  const found = [];
  for (let n = 0; n < TIMES; n += 1) {
    await say({ type: "leave_place", place: "front" });
    await standing(page, "away");
    await cut();
    await page.getByTestId("offline").waitFor();
    await say({ type: "join_place", place: "front", operator: "Kim" });
    await page.waitForTimeout(GONE_MS);
    const began = Date.now();
    await mend();
    found.push((await (await page.waitForFunction(there, step, { polling: "raf", timeout: 60_000 })).jsonValue()) - began);
  }
  return found;
}

await withBrowser(async (browser) => {
  const told = await open(browser, "/worker");
  await signIn(told);
  const id = await storeOrder(freshName("back"));
  await startOrder(await open(browser, "/board"), id);
  const step = await ownStep(told, id);
  const network = (off) => () => told.context().setOffline(off);
  const told_ms = await measure(told, step, network(true), network(false));

  // a line that is cut elsewhere: the device is told neither that it is gone nor that it is back
  const context = await browser.newContext({ viewport: TABLET, locale: "en-GB", baseURL: base });
  const lines = new Set();
  let whole = true;
  await context.routeWebSocket(/\/ws$/, (line) => {
    if (!whole) return void line.close({ code: 4000 });
    line.connectToServer();
    lines.add(line);
    return undefined;
  });
  const untold = await open({ newContext: () => context }, "/worker");
  await standing(untold, "step");
  const cut = async () => {
    whole = false;
    for (const line of lines) await line.close({ code: 4000 });
    lines.clear();
  };
  const untold_ms = await measure(untold, step, cut, async () => {
    whole = true;
  });
  console.log(JSON.stringify({ told_ms, untold_ms, faults: [...told.faults, ...untold.faults] }));
});
