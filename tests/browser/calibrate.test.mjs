// A fixed camera that can't be trusted is calibrated by the page's own buttons, lens and place, and then checked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { ask, open, shoot, withBrowser } from "./cell_page.mjs";

const SLOW = { timeout: 60_000 }; // a picture is ray-cast, and a machine may be busy
const MOST = 20; // pictures that lens or place may want
const top = async () => (await ask("/api/v1/calibration/cameras")).find(({ camera }) => camera === "top");

/** Press a button once the page has no other press under way. */
async function press(page, name) {
  await page.getByTestId(name).and(page.locator("[aria-disabled=false]")).click(SLOW);
}

/** Take one picture; it is shown, and the corners found in it are drawn. */
async function take(page, number) {
  await press(page, "take");
  await page.locator(`[data-testid=shot][data-number="${number}"]`).waitFor(SLOW);
  assert.ok((await page.locator(".shot-corner").count()) >= 8);
}

/** Take pictures until nothing is missing, from picture `number` on; returns the number of the last. */
async function takeAll(page, number) {
  for (let n = number; n < MOST; n += 1) {
    if ((await page.getByTestId("wants").getAttribute("data-missing")) === "false") return n - 1;
    await take(page, n);
  }
  return assert.fail(await page.getByTestId("wants").innerText());
}

test("lens and place of a fixed camera, then the check of a shift", { timeout: 400_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/");
    await page.getByRole("link", { name: /^Cameras/ }).click();
    const card = page.getByTestId("camera-top");
    await card.getByText("it is not calibrated").waitFor();
    assert.equal(await page.getByTestId("check-top").getAttribute("aria-disabled"), "true");
    assert.equal(await page.getByTestId("begin-wrist-extrinsics").count(), 0);
    const sheet = await page.request.get(await page.getByTestId("sheet-chart").getAttribute("href"));
    assert.ok((await sheet.body()).subarray(0, 5).equals(Buffer.from("%PDF-")));
    await look(page, "cameras, one untrusted");
    await shoot(page, "calibrate-cameras.png");

    await press(page, "begin-top-intrinsics");
    await page.getByTestId("next").getByText("at the top left of the picture").waitFor();
    await take(page, 1);
    await page.getByTestId("take").focus();
    await page.keyboard.press("Enter");
    await page.locator('[data-testid=shot][data-number="2"]').waitFor(SLOW);
    await press(page, "drop-1");
    await page.locator("[data-testid=taken]").nth(1).waitFor({ state: "detached", ...SLOW });
    await shoot(page, "calibrate-views.png");
    const other = await open(browser, "/calibrate", { viewport: { width: 800, height: 1280 } }); // a second page goes on with it
    await other.locator("[data-testid=session][data-method=intrinsics]").waitFor();
    await takeAll(other, 3);
    await shoot(other, "calibrate-portrait.png");
    const wide = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} px too wide`);
    assert.equal(await other.evaluate(() => [...document.querySelectorAll("image")].filter((image) => image.getBBox().width === 0).length), 0);
    await press(other, "compute");
    await other.locator("[data-testid=result][data-good=true]").waitFor(SLOW);
    await look(other, "a lens, computed");
    await shoot(other, "calibrate-lens.png");
    assert.equal((await top()).calibration, "", "nothing counts before it is accepted");
    await press(other, "accept");
    await other.getByText("counts from now on").waitFor(SLOW);
    assert.deepEqual((await top()).parts, ["intrinsics"]);
    await other.context().close();

    await press(page, "take"); // the first page has not heard that it is over
    await page.getByText("That calibration is over.").waitFor(SLOW);
    await press(page, "begin-top-extrinsics");
    await page.getByTestId("show-live").click();
    await page.locator('[data-testid=live]:not([data-corners="0"])').waitFor(SLOW); // what the camera sees now
    assert.ok((await page.locator(".shot-corner").count()) >= 8);
    await look(page, "what the camera sees now");
    await shoot(page, "calibrate-live.png");
    await page.getByTestId("show-taken").click();
    await take(page, 1);
    await page.getByLabel("Place").selectOption("high");
    await take(page, 2);
    await page.getByLabel("Place").selectOption("");
    const last = await takeAll(page, 3);
    await take(page, last + 1);
    await press(page, "compute");
    await page.locator("[data-testid=result]").waitFor(SLOW);
    await shoot(page, "calibrate-place.png");
    await press(page, "accept");
    await card.getByText("Its checks count").waitFor(SLOW);

    await press(page, "check-top");
    await card.getByTestId("last-check").getByText("mm").waitFor(SLOW);
    const { last_check: check, why } = await top();
    assert.ok(check.ok, JSON.stringify(check));
    assert.equal(why, "");
    await look(page, "cameras, one trusted");
    await shoot(page, "calibrate-checked.png");

    await press(page, "begin-top-extrinsics");
    await page.getByTestId("session").waitFor();
    await press(page, "discard");
    await card.waitFor();
    assert.equal(await ask("/api/v1/calibration/session"), null);
    assert.deepEqual(page.faults, []);
  }),
);
