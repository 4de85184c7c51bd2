// A cell on the network: a tablet joins, people sign in by badge and PIN, see what is theirs, and are cut off.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { card, open, shoot, withBrowser } from "./cell_page.mjs";

const code = () => readFileSync(join(process.env.TANDEM_DATA, "code"), "utf8").trim();

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

test("a tablet joins, people come and go on it, and it is sent away", { timeout: 240_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/worker", { ignoreHTTPSErrors: true });
    await page.getByTestId("not-joined").waitFor();
    await look(page, "a device that does not belong");

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
