// A badge is held to the reader again and again: prints how long it took until the step in hand was shown, ms.
import { createRequire } from "node:module";

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; // the authority of a server that lives for this bench alone
process.removeAllListeners("warning");
const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const { URL: base, CODE, KEY, BADGE, TIMES, CHROMIUM } = process.env;

async function ask(path, body) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${KEY}` };
  const answer = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

await ask("/api/v1/orders", { product: "gear_reducer", options: { ratio: 5, cover: "blind", plate: "en" }, id: "bench", start: true });
await ask("/api/v1/cell", { type: "change_cell", verb: "start" });
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, locale: "en-GB" });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(`${base}/join#${CODE}`);
  await page.locator("#device-name").fill("bench");
  await page.getByTestId("join-device").click();
  await page.getByTestId("joined").waitFor();
  await page.goto(`${base}/worker`);
  const scan = (keys) => keys.forEach((key) => dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));
  const step = page.locator("[data-testid=card][data-status=step]");
  const took = [];
  for (let n = 0; n <= Number(TIMES); n++) {
    await page.getByTestId("person-anna").waitFor();
    const began = performance.now();
    await page.evaluate(scan, [...BADGE, "Enter"]);
    await step.waitFor();
    if (n > 0) took.push(performance.now() - began); // the first waits for the cell to give her a step
    await page.getByTestId("who").click();
    await page.getByTestId("sign-out").click();
  }
  console.log(JSON.stringify(took));
} finally {
  await browser.close();
}
