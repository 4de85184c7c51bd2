// The scene as somebody looks at it: preset views, turning it by hand, what can be switched on, a camera's own view; and for
// who wants no motion nothing moves that stands for nothing real.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownStep } from "./at_work.mjs";
import { look } from "./axe.mjs";
import { abortOrder, ask, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";
import { compare } from "./pixels.mjs";

const OTHER = 20_000; // pixels: another view, not another shade
const LOOP_MS = 7_500; // in which the ghost flies and rests once
const SLOW = { timeout: 60_000 };

const frames = (page) => page.getByTestId("scene").getAttribute("data-frames").then(Number);

/** Wait until the picture rests; returns it. */
async function rested(page) {
  for (const began = Date.now(); ; ) {
    const before = await frames(page);
    await page.waitForTimeout(700);
    if ((await frames(page)) === before) return page.getByTestId("scene").screenshot();
    assert.ok(Date.now() - began < SLOW.timeout, "the scene never rests");
  }
}

/** Do something and say how many pixels of the scene it changed. */
async function changes(page, doing) {
  const before = await rested(page);
  await doing();
  return (await compare(page, [before, await rested(page)])).differing;
}

test("views are chosen, the scene is turned by hand, and layers and cameras are switched", { timeout: 5 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/cell", { reducedMotion: "reduce" });
    await page.locator("[data-testid=scene][data-state=ready]").waitFor(SLOW);
    const { frames: named, places, zones, cameras } = await ask("/api/v1/scene");

    const views = page.locator(".views .view");
    const pictures = [];
    for (const view of await views.all()) {
      await view.click();
      pictures.push(await rested(page));
    }
    assert.equal(pictures.length, 3);
    for (const [one, other] of [[0, 1], [1, 2], [0, 2]]) assert.ok((await compare(page, [pictures[one], pictures[other]])).differing > OTHER, `views ${one} and ${other} are one`);
    await views.first().click();

    const { x, y, width, height } = await page.getByTestId("scene").boundingBox();
    const turned = await changes(page, async () => {
      await page.mouse.move(x + width / 2, y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + width / 2 + 160, y + height / 2 + 30, { steps: 5 });
      await page.mouse.up();
    });
    assert.ok(turned > OTHER, `turned by hand ${turned} pixels change`);
    assert.ok((await changes(page, () => page.mouse.wheel(0, -400))) > OTHER, "and it comes nearer");
    await views.first().click();
    await rested(page);
    await page.mouse.move(x + width / 2, y + height / 2);
    for (let n = 0; n < 8; n += 1) await page.mouse.wheel(0, 400); // until the cameras above the work are in sight

    const names = { Frames: { ...named, ...places }, Zones: zones, Cameras: cameras };
    for (const [layer, told] of Object.entries(names)) {
      const toggle = page.getByRole("button", { name: layer, exact: true });
      const labels = () => page.locator(".scene-labels .tag-plain").count();
      if ((await toggle.getAttribute("aria-pressed")) === "true") await toggle.click();
      await rested(page);
      const without = await labels();
      const drawn = await changes(page, () => toggle.click());
      assert.equal(await toggle.getAttribute("aria-pressed"), "true");
      assert.equal((await labels()) - without, Object.keys(told).length, `${layer}: each has its name`);
      assert.ok(drawn > 200, `${layer}: ${drawn} pixels are drawn`);
    }
    const bins = page.getByRole("button", { name: "Bins", exact: true });
    assert.ok((await changes(page, () => bins.click())) > 200, "bins");
    await shoot(page, "cell_layers.png");
    await look(page, "the cell with all that can be switched on");

    const chosen = page.getByRole("combobox");
    assert.deepEqual((await chosen.locator("option").evaluateAll((all) => all.map(({ value }) => value))).slice(1), Object.keys(cameras));
    const seen = [];
    for (const camera of Object.keys(cameras)) {
      await chosen.selectOption(camera);
      seen.push(await rested(page));
    }
    assert.ok((await compare(page, seen)).differing > OTHER, "each camera sees something else");
    await shoot(page, "cell_camera.png");
    assert.deepEqual(page.faults, []);
  }),
);

test("who wants no motion sees the ghost at rest in its seat, and the eye jumps", { timeout: 5 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/worker", { hasTouch: true });
    await signIn(page);
    const id = await storeOrder(freshName("calm"));
    await startOrder(await open(browser, "/board"), id);
    try {
      do await ownStep(page, id);
      while (topic(page, "card/front").ghost === null);
      await ask("/api/v1/cell", { type: "change_cell", verb: "hold", reason: "a look at the ghost" });
      await page.waitForFunction(() => document.querySelector("[data-testid=scene]").dataset.ghost !== "", null, SLOW);
      while (topic(page, "cell").state !== "held") await page.waitForTimeout(50);
      await page.waitForTimeout(1000); // the robot's last poses arrive
      const before = await frames(page);
      await page.waitForTimeout(LOOP_MS);
      assert.ok((await frames(page)) - before > 5, "it flies, though the robot stands");

      await page.emulateMedia({ reducedMotion: "reduce" });
      const first = await rested(page);
      const still = await frames(page);
      await page.waitForTimeout(LOOP_MS);
      assert.ok((await frames(page)) - still <= 2, "nothing flies");
      assert.equal((await compare(page, [first, await page.getByTestId("scene").screenshot()])).differing, 0);

      const stood = await frames(page);
      await page.locator(".views .view").nth(1).click();
      await rested(page);
      assert.ok((await frames(page)) - stood <= 4, "no way is travelled");
    } finally {
      await abortOrder(id);
    }
    assert.deepEqual(page.faults, []);
  }),
);
