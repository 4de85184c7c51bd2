// A cell on the network: a tablet joins, people sign in by badge and PIN, see what is theirs, and are cut off.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { card, open, shoot, withBrowser } from "./cell_page.mjs";

const code = (name = "code") => readFileSync(join(process.env.TANDEM_DATA, name), "utf8").trim();

/** Hold a badge to a reader that types: all keys at once, which a test from outside the page is too slow for. */
async function scan(page, badge) {
  await page.evaluate((keys) => keys.forEach((key) => dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }))), [...badge, "Enter"]);
}

/** Choose a name and press the PIN on the pad. */
async function enter(page, name, pin) {
  await page.getByRole("button", { name }).click();
  for (const digit of pin) await page.getByTestId(`key-${digit}`).click();
  await page.getByTestId("enter").click();
}

/** Hold the robot at the entrance, as whoever stands there does; returns what the page says. */
async function hold(page, press = (button) => button.click()) {
  const said = page.getByTestId("hold-said");
  await press(page.getByTestId("hold-robot"));
  await page.locator("[data-testid=hold-said]:not([data-said=''])").waitFor();
  return [await said.getAttribute("data-said"), await said.innerText()];
}

test("a tablet joins, people come and go on it, and it is sent away", { timeout: 240_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/worker", { ignoreHTTPSErrors: true });
    await page.getByTestId("not-joined").waitFor();
    await look(page, "a device that does not belong");
    assert.equal(await page.getByTestId("hold-robot").count(), 0);

    await page.goto(`/join#${code()}`);
    await page.getByTestId("trust").waitFor();
    await look(page, "joining");
    await page.locator("#device-name").fill("Tablet front");
    await page.getByTestId("join-device").click();
    await page.getByTestId("joined").waitFor();
    assert.equal(await page.evaluate(() => document.cookie), "", "no script sees the cookies");

    await page.goto("/worker");
    await page.getByTestId("person-anna").waitFor();
    await look(page, "names");
    assert.equal((await hold(page))[0], "stands", "the cell is idle");
    await enter(page, "Anna", "000001");
    await page.getByText("That was not right").waitFor();
    await look(page, "PIN pad");
    await shoot(page, "lan-pad.png");
    await page.getByTestId("other-person").click();

    await scan(page, "A0F3-77");
    await card(page).and(page.locator("[data-status=idle]")).waitFor();
    assert.equal(await page.getByTestId("who").innerText(), "Anna");
    await page.goto("/board");
    await page.getByTestId("lane").first().waitFor();
    assert.match(await page.locator(".lanes").innerText(), /Anna/, "people see names; the journal holds pseudonyms");
    assert.equal(await page.getByTestId("new-order").count(), 0, "a worker is not offered what a supervisor may");
    await shoot(page, "lan-board-worker.png");

    await page.getByTestId("who").click();
    await page.getByTestId("sign-out").click();
    await page.getByTestId("person-berta").waitFor();
    await enter(page, "Berta", "271828");
    await page.getByTestId("new-order").waitFor();
    await page.goto("/join");
    await page.getByTestId("make-code").click();
    const second = await page.getByTestId("code").innerText();
    await look(page, "codes and devices");
    await shoot(page, "lan-codes.png");

    const tablet = await open(browser, `/join#${second}`, { ignoreHTTPSErrors: true });
    await tablet.locator("#device-name").fill("Headset");
    await tablet.getByTestId("join-device").click();
    await tablet.getByTestId("joined").waitFor();
    await tablet.goto("/worker");
    await tablet.getByTestId("person-anna").waitFor();
    await scan(tablet, "A0F3-77");
    await card(tablet).and(tablet.locator("[data-status=idle]")).waitFor();

    await page.reload();
    const row = page.locator(".device-list li", { hasText: "Headset" });
    page.once("dialog", (dialog) => dialog.accept());
    await row.getByRole("button").click();
    await row.waitFor({ state: "detached" });
    await tablet.getByTestId("not-joined").waitFor({ timeout: 10_000 });
    assert.deepEqual(page.faults, []);
    assert.deepEqual(tablet.faults, []);
  }),
);

test("the robot is held at a tablet at which nobody is signed in", { timeout: 240_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, `/join#${code("second-code")}`, { ignoreHTTPSErrors: true, locale: "de-DE", viewport: { width: 1280, height: 800 } });
    await page.locator("#device-name").fill("Tablet vorn");
    await page.getByTestId("join-device").click();
    await page.getByTestId("joined").waitFor();
    await page.goto("/board");
    await page.getByTestId("person-berta").waitFor();
    await enter(page, "Berta", "271828");
    await page.getByTestId("new-order").waitFor();
    await page.evaluate(async (order) => {
      const ask = (path, body) => fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      const { product, options } = (await (await fetch("/api/v1/procedures")).json())[0];
      const chosen = Object.fromEntries(Object.entries(options).map(([name, values]) => [name, values[0]]));
      const stored = await ask("/api/v1/orders", { product, options: chosen, quantity: 1, id: order, start: true });
      if (!stored.ok) throw new Error(await stored.text());
      const started = await ask("/api/v1/cell", { type: "change_cell", verb: "start" });
      if (!started.ok) throw new Error(await started.text());
    }, "held");
    await page.locator("[data-testid=cell-state][data-state=execute]").waitFor({ timeout: 30_000 });
    await page.getByTestId("who").click();
    await page.getByTestId("sign-out").click();
    await page.getByTestId("person-berta").waitFor();

    const button = page.getByTestId("hold-robot");
    const box = await button.boundingBox();
    assert.ok(box.height >= 60 && box.y + box.height <= 800, JSON.stringify(box));
    assert.equal(await button.innerText(), "Roboter anhalten");
    await shoot(page, "lan-entrance-de.png");
    const [said, told] = await hold(page, async (each) => {
      await each.focus();
      await page.keyboard.press("Enter");
    });
    assert.equal(said, "held", told);
    await look(page, "entrance, held");
    await shoot(page, "lan-entrance-held-de.png");

    await enter(page, "Berta", "271828");
    await page.locator("[data-testid=cell-state][data-state=held]").waitFor({ timeout: 30_000 });
    const events = await page.evaluate(async () => (await fetch("/api/v1/events?type=cell_changed")).text());
    assert.match(events, /Held at Tablet vorn; nobody was signed in there/);
    assert.match(events, /"by":\s*"device\//);

    assert.deepEqual(page.faults, []);
  }),
);
