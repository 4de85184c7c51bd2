// How long a worker's page takes, once there is a network again, until it shows the step that the cell has by then. Prints JSON.
import { createServer, connect } from "node:net";
import { ask, base, freshName, open, signIn, startOrder, storeOrder, TABLET, withBrowser } from "../browser/cell_page.mjs";
import { ownStep } from "../browser/at_work.mjs";

const TIMES = 6;
const GONE_MS = 3_000; // by then the page tries at its slowest
const LONG_TIMES = 2;
const LONG_MS = 40_000; // by then a browser that has dialled all the while holds each further dial back for seconds

const say = (command) => ask("/api/v1/commands", { id: freshName(command.type), command });
const standing = (page, status) => page.locator(`[data-testid=card][data-status=${status}]`).waitFor({ timeout: 60_000 });

/** In the page: the time at which it is in touch and shows the step, ms since 1970; null before that. */
function there(step) {
  const shown = document.querySelector("[data-testid=card][data-status=step]");
  return shown?.dataset.step === step && shown.querySelector("[data-testid=title]")?.checkVisibility() && document.querySelector("[data-testid=line][data-line=online]") ? Date.now() : null;
}

/** Cut the line, let the person come to their step by another device meanwhile, and watch what the page makes of it. */
async function measure(page, step, cut, mend, times = TIMES, gone_ms = GONE_MS) {
  const found = [];
  for (let n = 0; n < times; n += 1) {
    await say({ type: "leave_place", place: "front" });
    await standing(page, "away");
    await cut();
    await page.getByTestId("offline").waitFor();
    await say({ type: "join_place", place: "front", operator: "Kim" });
    await page.waitForTimeout(gone_ms);
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

  // a network that is cut elsewhere: the device is told neither that it is gone nor that it is back
  const way = await wayTo(new URL(base));
  const untold = await open(browser, "/worker", { baseURL: `http://127.0.0.1:${way.port}` });
  await standing(untold, "step");
  const untold_ms = await measure(untold, step, way.cut, way.mend);
  const long_ms = await measure(untold, step, way.cut, way.mend, LONG_TIMES, LONG_MS);
  await way.cut();
  console.log(JSON.stringify({ told_ms, untold_ms, long_ms, faults: [...told.faults, ...untold.faults] }));
});

/** A way to the server that can be cut: while it is, nobody answers at its port. */
async function wayTo({ hostname, port }) {
  const lines = new Set();
  const ends = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [end, other] of [[near, far], [far, near]]) {
      lines.add(end);
      end.on("error", () => {}).on("close", () => (lines.delete(end), other.destroy())).pipe(other);
    }
  });
  const listen = (at) => new Promise((ready) => ends.listen(at, "127.0.0.1", ready));
  await listen(0);
  const { port: own } = ends.address();
  const cut = () =>
    new Promise((gone) => {
      ends.close(gone);
      for (const line of lines) line.destroy();
    });
  return { port: own, cut, mend: () => listen(own) };
}
