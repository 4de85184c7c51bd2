// The robot is moved by hand: while a button is held and no longer; and where it stands is taken along.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { base, open, shoot, withBrowser } from "./cell_page.mjs";

const STILL_MM = 0.2;

/** Where the tool is, in mm, as the page shows it. */
async function tcp(page) {
  const values = [];
  for (const axis of ["x", "y", "z"]) values.push(Number((await page.getByTestId(`tcp-${axis}`).innerText()).replace(/[^\d.-]/g, "")));
  return values;
}

const away = (a, b) => Math.hypot(...a.map((value, i) => value - b[i]));

/** Give commands by REST, as another screen would. */
async function cell(command) {
  const response = await fetch(`${base}/api/v1/cell`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(command),
  });
  assert.ok(response.ok, await response.text());
}

const state = async () => await (await fetch(`${base}/api/v1/cell`)).json();

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

test("holding moves, letting go stops, and a pose is taught", { timeout: 180_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/jog");
    await page.locator("[data-testid=permission][data-closed=true]").waitFor();
    await page.getByTestId("tcp-x").and(page.getByText("mm")).waitFor();
    await quiet(page);
    const before = await standing(page);
    await page.getByTestId("hold-x+").hover();
    await page.mouse.down();
    await page.waitForTimeout(500);
    await page.mouse.up();
    assert.ok(away(before, await tcp(page)) < STILL_MM, "nothing moves in production");

    await manual(page);
    const start = await standing(page);
    await page.getByTestId("hold-y-").hover();
    await page.mouse.down();
    await page.waitForTimeout(1500);
    await page.locator("[data-testid=hold-y-][data-held=true]").waitFor();
    await shoot(page, "jog-held.png");
    await page.mouse.up();
    const there = await standing(page);
    const [dx, dy, dz] = there.map((value, i) => value - start[i]);
    assert.ok(dy < -20 && dy > -200, `it went ${dy} mm along y`);
    assert.ok(Math.abs(dx) < 3 && Math.abs(dz) < 3, `it went aside by ${dx} and ${dz} mm`);

    await page.getByTestId("hold-z+").hover();
    await page.mouse.down();
    await page.waitForTimeout(600);
    await page.mouse.move(5, 5); // off the button, still pressed
    await page.locator("[data-testid=hold-z+][data-held=false]").waitFor();
    const risen = await standing(page);
    await page.mouse.up();
    assert.ok(risen[2] > there[2] + 5);
    assert.ok(away(await standing(page), risen) < STILL_MM);

    await page.getByTestId("hold-x+").focus();
    await page.keyboard.down("Space");
    await page.waitForTimeout(600);
    await page.locator("[data-testid='hold-x+'][data-held=true]").waitFor();
    await page.evaluate(() => dispatchEvent(new Event("blur"))); // another window comes to the front
    await page.locator("[data-testid='hold-x+'][data-held=false]").waitFor();
    await page.keyboard.up("Space");
    const end = await standing(page);
    assert.ok(end[0] > risen[0] + 5);

    await page.getByRole("textbox", { name: "Name" }).fill("Not A Name");
    await page.getByTestId("teach").click();
    await page.getByText("Please use small letters").waitFor();
    await page.getByRole("textbox", { name: "Name" }).fill("above_here");
    await page.getByTestId("teach").click();
    const yaml = await page.getByTestId("yaml").innerText();
    const written = yaml.match(/above_here: \{xyz_mm: \[(.*?)\]/)[1].split(",").map(Number);
    assert.ok(away(written, end) < 0.5, yaml);
    const all = await (await fetch(`${base}/api/v1/cell/taught`)).text();
    assert.ok(all.includes("above_here"));
    await look(page, "jog page, open");
    await shoot(page, "jog-taught.png");
    assert.deepEqual(page.faults, []);
  }),
);

test("a lost line and another mode stop the arm while the button is held", { timeout: 180_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/jog");
    await page.getByTestId("tcp-x").and(page.getByText("mm")).waitFor();
    if ((await state()).mode !== "manual") await manual(page);
    await page.locator("[data-testid=permission][data-closed=false]").waitFor();
    await page.getByTestId("hold-y+").hover();
    await page.mouse.down();
    await page.waitForTimeout(800);
    await page.context().setOffline(true);
    await page.locator("[data-testid='hold-y+'][data-held=false]").waitFor();
    const moving = async () => (await state()).manual_by !== "";
    for (let i = 0; i < 20 && (await moving()); i += 1) await page.waitForTimeout(100);
    assert.ok(!(await moving()), "it lapses by itself");
    await page.mouse.up();
    await page.context().setOffline(false);
    await page.locator("[data-testid=permission][data-closed=false]").waitFor({ timeout: 30_000 });

    await page.getByTestId("hold-y+").hover();
    await page.mouse.down();
    await page.locator("[data-testid='hold-y+'][data-held=true]").waitFor();
    await page.waitForTimeout(500);
    await cell({ type: "set_mode", mode: "production" });
    await page.locator("[data-testid='hold-y+'][data-held=false]").waitFor();
    await page.mouse.up();
    await standing(page);
    await page.locator("[data-testid=permission][data-closed=true]").waitFor();
    assert.ok(!(await moving()));
    assert.deepEqual(page.faults, []);
  }),
);
