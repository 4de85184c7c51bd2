// A camera on the arm is driven around a board while a button is held, and its place on the arm is found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { ask, open, shoot, withBrowser } from "./cell_page.mjs";

const SLOW = { timeout: 60_000 }; // the arm goes slowly
const MOST = 14; // poses that are offered
const wrist = async () => (await ask("/api/v1/calibration/cameras")).find(({ camera }) => camera === "wrist");

async function press(page, name) {
  await page.getByTestId(name).and(page.locator("[aria-disabled=false]")).click(SLOW);
}

/** Hold the button until the arm is there; false where this pose can't be reached. */
async function drive(page) {
  await page.getByTestId("hold-drive").and(page.locator("[aria-disabled=false]")).hover(SLOW);
  await page.mouse.down();
  await page.locator("[data-testid=hold-drive][data-held=true], [data-testid=drive][data-there=true]").first().waitFor(SLOW);
  await page.locator("[data-testid=hold-drive][data-held=false]").waitFor(SLOW);
  await page.mouse.up();
  return (await page.getByTestId("drive").getAttribute("data-there")) === "true";
}

test("the place of a camera on the arm", { timeout: 600_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/calibrate");
    await press(page, "begin-wrist-hand_eye");
    await page.locator("[data-testid=session][data-method=hand_eye]").waitFor();
    await page.getByTestId("next").getByText("at a, pattern up").waitFor();
    assert.equal(await page.getByTestId("hold-drive").getAttribute("aria-disabled"), "true", "not in production mode");
    await look(page, "hand-eye, arm not free");
    await page.getByTestId("drive").getByRole("button", { name: /manual/i }).click();

    await page.getByTestId("hold-drive").and(page.locator("[aria-disabled=false]")).hover(SLOW);
    await page.mouse.down();
    await page.getByText("The arm moves.").waitFor(SLOW);
    await shoot(page, "hand-eye-moving.png");
    await page.waitForTimeout(800);
    await page.mouse.up();
    await page.locator("[data-testid=hold-drive][data-held=false]").waitFor(SLOW);
    assert.equal(await page.getByTestId("drive").getAttribute("data-there"), "false", "it stopped on the way");

    let taken = 0;
    for (let pose = 0; pose < MOST && taken < 6; pose += 1) {
      if (!(await drive(page))) continue;
      await press(page, "take");
      await page.locator(`[data-testid=shot][data-number="${taken + 1}"], [data-testid=told] .jog-why`).first().waitFor(SLOW);
      if ((await page.getByTestId("told").innerText()) === "") taken += 1; // else the arm itself hides the board: the next pose
    }
    assert.equal(taken, 6);
    await shoot(page, "hand-eye-taken.png");
    await press(page, "compute");
    await page.locator("[data-testid=result]").waitFor(SLOW);
    await look(page, "hand-eye, computed");
    await shoot(page, "hand-eye-result.png");
    assert.deepEqual((await wrist()).parts, [], "nothing counts before it is accepted");
    await press(page, "accept");
    await page.getByText("counts from now on").waitFor(SLOW);
    assert.deepEqual((await wrist()).parts, ["hand_eye"]);
    assert.deepEqual(page.faults, []);
  }),
);
