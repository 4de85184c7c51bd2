// People sign in by the site's own OpenID provider, a real one: from the button to the worker's page, and not by another's session.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { card, open, shoot, withBrowser } from "./cell_page.mjs";

const code = () => readFileSync(join(process.env.TANDEM_DATA, "code"), "utf8").trim();

const OURS = /^https:\/\/127\.0\.0\.1/;
const THEIRS = /^http:\/\/localhost/;

/** At the provider: sign in, and agree where it asks for that. */
async function identify(page, name) {
  await page.waitForURL(THEIRS);
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("any");
  await page.locator("button[type=submit]").click();
  const consent = page.locator("input[name=prompt][value=consent]");
  const ours = page.locator("#page");
  await consent.or(ours).first().waitFor({ state: "attached" });
  if (THEIRS.test(page.url())) await page.locator("button[type=submit]").click();
  await page.waitForURL(OURS);
}

async function signOut(page) {
  await page.getByTestId("who").click();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("provider").waitFor();
}

test("from the button to the worker's page by a real provider", { timeout: 240_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, `/join#${code()}`, { ignoreHTTPSErrors: true });
    await page.locator("#device-name").fill("Tablet front");
    await page.getByTestId("join-device").click();
    await page.getByTestId("joined").waitFor();

    await page.goto("/worker?place=front");
    const button = page.getByTestId("provider");
    await button.waitFor();
    assert.equal(await button.innerText(), "Sign in with Shop login");
    await look(page, "names and the site's sign-in");
    await shoot(page, "oidc-button.png");

    await button.click();
    await identify(page, "anna");
    await card(page).and(page.locator("[data-status=idle]")).waitFor();
    assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, "/worker?place=front", "and no code in the address");
    assert.equal(await page.getByTestId("who").innerText(), "Anna", "her account here");
    await signOut(page);

    await page.getByTestId("provider").click();
    await identify(page, "dora"); // asked anew, though Anna's session is there still
    await page.getByTestId("who").waitFor();
    assert.equal(await page.getByTestId("who").innerText(), "Dora Neu", "an account by her role");
    await signOut(page);

    await page.getByTestId("provider").click();
    await identify(page, "carl");
    await page.getByTestId("entrance-fault").waitFor();
    assert.match(await page.getByTestId("entrance-fault").innerText(), /no account at this cell/);
    await look(page, "a sign-in that was refused");
    await shoot(page, "oidc-unknown.png");

    // A colleague takes "sign in anew" out of the address, to come in by the session of whoever was there before.
    const url = await page.evaluate(async () => {
      const answer = await fetch("/api/v1/access/oidc", { method: "POST", headers: { "content-type": "application/json" }, body: '{"to":"/worker"}' });
      return (await answer.json()).url;
    });
    const shorter = new URL(url);
    shorter.searchParams.delete("prompt");
    shorter.searchParams.delete("max_age");
    await page.goto(shorter.href);
    await page.waitForURL(OURS);
    await page.getByTestId("entrance-fault").waitFor();
    assert.match(await page.getByTestId("entrance-fault").innerText(), /did not prove who you are/);

    await page.getByTestId("again").click();
    await page.getByRole("button", { name: "Berta" }).click(); // as ever, by PIN
    for (const digit of "271828") await page.getByTestId(`key-${digit}`).click();
    await page.getByTestId("enter").click();
    await page.getByTestId("who").waitFor();
    assert.deepEqual(page.faults, []);
  }),
);
