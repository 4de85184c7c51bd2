// The robot is moved by hand: while a button is held and no longer; and where it stands is taken along.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { ask, open, shoot, withBrowser } from "./cell_page.mjs";

const STILL_MM = 0.2;

/** Where the tool is, in mm, as the page shows it; waits while it shows nothing. */
async function tcp(page) {
  const shown = await page.waitForFunction(() => {
    const texts = ["x", "y", "z"].map((axis) => document.querySelector(`[data-testid=tcp-${axis}]`)?.textContent ?? "");
    return texts.every((text) => text.endsWith("mm")) ? texts.map((text) => Number(text.replace(/[^\d.-]/g, ""))) : null;
  });
  return shown.jsonValue();
}

const away = (a, b) => Math.hypot(...a.map((value, i) => value - b[i]));

/** Give commands by REST, as another screen would. */
const cell = (command) => ask("/api/v1/cell", command);

const state = () => ask("/api/v1/cell");

/** Let the cell come to a stop, whatever it did. */
async function quiet(page) {
  if (!["idle", "stopped", "completed"].includes((await state()).state)) {
    await cell({ type: "change_cell", verb: "stop", reason: "browser test" });
    await page.waitForFunction(async () => (await (await fetch("/api/v1/cell")).json()).state === "stopped");
  }
}

/** Switch to manual by the page's own buttons, and say that the cell is clear. */
async function manual(page) {
  await quiet(page);
  await page.getByTestId("button-manual").and(page.locator(":not([aria-disabled=true])")).click();
  const clear = page.getByTestId("button-acknowledge").and(page.locator(":not([aria-disabled=true])"));
  if (!(await state()).acknowledged) await clear.click();
  await page.locator("[data-testid=permission][data-closed=false]").waitFor();
}

/** Where it stands once two readings agree. */
async function standing(page) {
  let before = await tcp(page);
  for (let i = 0; i < 50; i += 1) {
    await page.waitForTimeout(400);
    const now = await tcp(page);
    if (away(before, now) < STILL_MM) return now;
    before = now;
  }
  return assert.fail("the arm does not come to a stand");
}

/**
 * Hold a button until the tool is `enough` mm away, and let `release` end it. A machine that is busy may leave a press
 * unrenewed; then the arm has stopped, as it must, and the button is pressed again, as a person would.
 */
async function push(page, name, enough, { press, release }) {
  const button = page.getByTestId(`hold-${name}`);
  const start = await standing(page);
  for (let presses = 0; presses < 20; presses += 1) {
    await press(button);
    for (let i = 0; i < 100; i += 1) {
      await page.waitForTimeout(50);
      if (away(start, await tcp(page)) > enough) {
        await release(button);
        const end = await standing(page);
        return end.map((value, axis) => value - start[axis]);
      }
      if ((await button.getAttribute("data-held")) !== "true") break;
    }
    await page.mouse.up();
    await page.keyboard.up("Space");
  }
  return assert.fail(`${name} moves nothing: ${await page.getByTestId("jog-said").innerText()}`);
}

const byMouse = async (button) => {
  await button.hover();
  await button.page().mouse.down();
};

test("holding moves, letting go stops, and a pose is taught", { timeout: 180_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/jog");
    await page.locator("[data-testid=permission][data-closed=true]").waitFor();
    await quiet(page);
    const before = await standing(page);
    await page.getByTestId("hold-x+").hover();
    await page.mouse.down();
    await page.waitForTimeout(500);
    await page.mouse.up();
    assert.ok(away(before, await tcp(page)) < STILL_MM, "nothing moves in production");

    await manual(page);
    const letGo = async () => {
      await shoot(page, "jog-held.png");
      await page.mouse.up();
    };
    const [dx, dy, dz] = await push(page, "y-", 20, { press: byMouse, release: letGo });
    assert.ok(dy < -20 && dy > -400, `it went ${dy} mm along y`);
    assert.ok(Math.abs(dx) < 3 && Math.abs(dz) < 3, `it went aside by ${dx} and ${dz} mm`);

    const slipOff = () => page.mouse.move(5, 5); // off the button, still pressed
    assert.ok((await push(page, "z+", 10, { press: byMouse, release: slipOff }))[2] > 10);
    await page.mouse.up();

    const keepDown = async (button) => {
      await button.focus();
      await page.keyboard.down("Space");
    };
    const leave = () => page.evaluate(() => dispatchEvent(new Event("blur"))); // another window comes to the front
    assert.ok((await push(page, "x+", 10, { press: keepDown, release: leave }))[0] > 10);
    assert.equal(await page.getByTestId("hold-x+").getAttribute("data-held"), "false");
    await page.keyboard.up("Space");
    const end = await standing(page);

    await page.getByRole("textbox", { name: "Name" }).fill("Not A Name");
    await page.getByTestId("teach").click();
    await page.getByText("Please use small letters").waitFor();
    await page.getByRole("textbox", { name: "Name" }).fill("above_here");
    await page.getByTestId("teach").click();
    const yaml = await page.getByTestId("yaml").innerText();
    const written = yaml.match(/above_here: \{xyz_mm: \[(.*?)\]/)[1].split(",").map(Number);
    assert.ok(away(written, end) < 0.5, yaml);
    const all = await page.evaluate(async () => (await fetch("/api/v1/cell/taught")).text());
    assert.ok(all.includes("above_here"));
    await look(page, "jog page, open");
    await shoot(page, "jog-taught.png");
    assert.deepEqual(page.faults, []);
  }),
);

test("a lost line and another mode stop the arm while the button is held", { timeout: 180_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/jog");
    if ((await state()).mode !== "manual") await manual(page);
    await page.locator("[data-testid=permission][data-closed=false]").waitFor();
    const cut = async (button) => {
      await page.context().setOffline(true);
      await button.and(page.locator("[data-held=false]")).waitFor();
      for (let i = 0; i < 50 && (await state()).manual_by !== ""; i += 1) await page.waitForTimeout(100);
      assert.equal((await state()).manual_by, "", "it lapses by itself");
      await page.mouse.up();
      await page.context().setOffline(false);
      await page.locator("[data-testid=permission][data-closed=false]").waitFor({ timeout: 30_000 });
    };
    await push(page, "y+", 10, { press: byMouse, release: cut });

    const produce = async (button) => {
      await cell({ type: "set_mode", mode: "production" });
      await button.and(page.locator("[data-held=false]")).waitFor();
    };
    await push(page, "y-", 10, { press: byMouse, release: produce });
    await page.mouse.up();
    await page.locator("[data-testid=permission][data-closed=true]").waitFor();
    assert.equal((await state()).manual_by, "");
    assert.deepEqual(page.faults, []);
  }),
);
