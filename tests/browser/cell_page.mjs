// What the browser tests share: a browser, a worker who follows the card, and the order that is built.
import { existsSync, mkdirSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

export const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

export const base = process.env.TANDEM_URL ?? "http://127.0.0.1:8080";
export const TABLET = { width: 1280, height: 800 };
const shots = process.env.TANDEM_SHOTS ?? "";
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Run `use(browser)` and close the browser whatever happens; `args` are more of its own. */
export async function withBrowser(use, args = []) {
  const executablePath = process.env.TANDEM_CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** Open a page in English; errors of its scripts end up in `page.faults`, received state messages in `page.heard`. */
export async function open(browser, path, { viewport = TABLET, ...options } = {}) {
  const context = await browser.newContext({ viewport, locale: "en-GB", baseURL: base, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.heard = [];
  page.sockets = 0;
  page.on("pageerror", (error) => page.faults.push(error.message));
  page.on("websocket", (socket) => {
    page.sockets += 1;
    const nth = page.sockets;
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(String(payload));
      if (message.type !== "pose") page.heard.push({ nth, ...message });
    });
  });
  await page.goto(path);
  return page;
}

/** Keep a picture of a page. It is for people to look at: where Chromium is just too busy for one it is asked again. */
export async function shoot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  const path = join(shots, name);
  await page.screenshot({ path }).catch(() => page.screenshot({ path }));
}

/** Ask the server, on a connection of its own: a kept one may be closed by the server just as it is used again. */
export function ask(path, body) {
  const options = { agent: false, method: body ? "POST" : "GET", headers: body ? { "content-type": "application/json" } : {} };
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, base), options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece) => (text += piece));
      response.on("end", () => {
        if (response.statusCode < 300) resolve(text ? JSON.parse(text) : null);
        else reject(new Error(`${path}: ${response.statusCode} ${text}`));
      });
    });
    asked.on("error", reject);
    asked.end(body ? JSON.stringify(body) : undefined);
  });
}

/** Put an order on the list by REST, as an office system would. */
export async function storeOrder(id, quantity = 1) {
  const procedures = await ask("/api/v1/procedures");
  const product = procedures.find(({ problems }) => problems.length === 0);
  if (!product) throw new Error(`no product can be built: ${JSON.stringify(procedures)}`);
  const options = Object.fromEntries(Object.entries(product.options).map(([name, values]) => [name, values[0]]));
  await ask("/api/v1/orders", { product: product.product, options, quantity, id });
  return id;
}

/** End what the test began, so that the next one finds a cell without work. */
export async function abortOrder(id) {
  await ask(`/api/v1/orders/${id}/abort`, { reason: "end of the test" }).catch(() => {}); // it may have ended by itself
}

export const freshName = (prefix) => `${prefix}-${Date.now().toString(36)}`;

export const card = (page) => page.getByTestId("card");

/** Sign in at the place, unless somebody is there already. */
export async function signIn(page, name = "Kim") {
  await card(page).and(page.locator(":not([data-status=none])")).waitFor();
  if ((await card(page).getAttribute("data-status")) !== "away") return;
  const field = page.getByRole("textbox", { name: "Your short name" });
  if (await field.isVisible()) await field.fill(name);
  await page.getByTestId("join").click();
  await page.locator("[data-testid=card]:not([data-status=away])").waitFor();
}

/** Start an order on the board, by its button. */
export async function startOrder(board, id) {
  const row = board.locator(`[data-testid=order][data-order="${id}"]`);
  await row.getByRole("button", { name: "Start" }).click();
  await board.locator(`[data-testid=order][data-order="${id}"][data-state=running]`).waitFor();
}

/** The newest value of a topic that the page was told. */
export function topic(page, name) {
  for (const message of page.heard.toReversed()) {
    if (message.type === "put" && message.payload.topic === name) return message.payload.value;
    if (message.type === "snapshot") return message.payload.topics[name];
  }
  return undefined;
}

export const orderState = async (id) => (await ask(`/api/v1/orders/${id}`)).state;

/** What a person would enter: the target or the middle of the limits as shown, a passing choice, the code on the part. */
export async function answerFor(field, page) {
  const kind = await field.getAttribute("data-kind");
  if (kind === "lot") return "LOT-0815";
  if (kind === "number") {
    const hint = await page.locator(`#${CSS_escape(await field.getAttribute("id"))}-limits`).innerText();
    const numbers = (hint.replaceAll(",", "").match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
    const value = hint.startsWith("Target") || numbers.length === 1 ? numbers[0] : (numbers[0] + numbers[1]) / 2;
    return String(value);
  }
  const name = (await field.getAttribute("data-testid")).replace("ask-", "");
  const place = new URL(page.url()).searchParams.get("place") ?? topic(page, "cell").places[0];
  const { asks, unit } = topic(page, `card/${place}`);
  const pattern = asks.find(({ value }) => value === name)?.spec.pattern;
  return pattern ? pattern.replaceAll("$serial", unit) : "CODE-1"; // what the scanner reads off the part
}

const CSS_escape = (id) => id.replaceAll(/[^\w-]/g, (sign) => `\\${sign}`);
