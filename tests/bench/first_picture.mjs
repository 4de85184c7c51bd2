// How long it takes from asking for the worker's page until the step's words and the drawn scene are there, each time in a
// browser that has nothing of the page yet. Prints JSON.
import { freshName, open, signIn, startOrder, storeOrder, withBrowser } from "../browser/cell_page.mjs";
import { ownStep } from "../browser/at_work.mjs";

const TIMES = 7;

/** In the page: when its words and its scene were first there, ms since it was asked for; null before that. */
function there() {
  const seen = (globalThis.seen ??= {});
  if (document.querySelector("[data-testid=card][data-status=step] [data-testid=title]")?.checkVisibility()) seen.words ??= performance.now();
  if (document.querySelector("[data-testid=scene][data-state=ready][data-ghost]:not([data-ghost=''])")) seen.scene ??= performance.now();
  return seen.words !== undefined && seen.scene !== undefined ? seen : null;
}

await withBrowser(async (browser) => {
  const worker = await open(browser, "/worker");
  await signIn(worker);
  const id = await storeOrder(freshName("first"));
  await startOrder(await open(browser, "/board"), id);
  await ownStep(worker, id);
  const found = [];
  for (let n = 0; n < TIMES; n += 1) {
    const page = await open(browser, "/worker", { serviceWorkers: "block" });
    found.push(await (await page.waitForFunction(there, undefined, { polling: "raf", timeout: 60_000 })).jsonValue());
    await page.context().close();
  }
  console.log(JSON.stringify({ found }));
});
