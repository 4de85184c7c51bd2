// The keyboard alone can do everything: each page is walked by Tab in the states that it rests in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fillIn, ownStep } from "./at_work.mjs";
import { look } from "./axe.mjs";
import { abortOrder, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";
import { pressable } from "./targets.mjs";
import { walk } from "./walk.mjs";

const confirmed = (page) => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === "step_confirmed").length;

/** Press a key until the page has taken it: it listens a moment after it says that it does. */
async function pressUntil(page, key, taken) {
  for (let tries = 0; tries < 50 && !(await taken.isVisible()); tries += 1) {
    await page.keyboard.press(key);
    await page.waitForTimeout(100);
  }
  await taken.waitFor();
}

test("what Tab does not lead to, whose focus is not seen, or what is small for a glove is found", () =>
  withBrowser(async (browser) => {
    const page = await (await browser.newContext()).newPage();
    const seen = "<style>:focus-visible { outline: 3px solid blue }</style>";
    const large = "width: 80px; height: 80px";
    await page.setContent(`${seen}<button style="${large}">a</button><button style="${large}">b</button><a href="#" style="display: none">c</a>`);
    assert.equal(await walk(page, "two buttons"), 2);
    assert.equal(await pressable(page, "two buttons"), 2);
    await page.setContent(`${seen}<button style="${large}">a</button><button style="outline: none; width: 80px; height: 59px">b</button>`);
    await assert.rejects(walk(page, "no outline"), /its focus is not seen/);
    await assert.rejects(pressable(page, "a low button"), /80.0 x 59.0/);
    await page.setContent('<button onkeydown="event.preventDefault()">a trap</button><button>behind it</button>');
    await assert.rejects(walk(page, "a trap"), /behind it/);
  }),
);

test("Tab leads to everything on each page, and on", { timeout: 4 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const order = await storeOrder(freshName("walk"));
    const pages = {
      "/": (page) => page.locator("a.tile-strong").waitFor(),
      "/worker": (page) => page.getByTestId("join").waitFor(),
      "/board": (page) => page.locator(`[data-order="${order}"]`).waitFor(),
      "/board?unit=nobody": (page) => page.getByTestId("record").getByRole("alert").waitFor(),
      "/cell": (page) => page.locator("[data-testid=scene][data-state=ready]").waitFor({ timeout: 60_000 }),
      "/jog": (page) => page.getByTestId("permission").waitFor(),
      "/calibrate": (page) => page.getByTestId("camera-top").waitFor(),
      "/recover": (page) => page.getByTestId("recover").waitFor(),
      "/join": (page) => page.locator("main, .join-main").first().waitFor(),
      "/sign-in": (page) => page.getByTestId("again").waitFor(),
    };
    for (const [address, there] of Object.entries(pages)) {
      const page = await open(browser, address);
      await there(page);
      assert.ok((await walk(page, address)) > 0);
      if (address === "/board") {
        await page.getByTestId("new-order").press("Enter");
        await page.locator("[data-testid=new-order-form] select").first().waitFor();
        await walk(page, "the form of an order");
      }
      if (address === "/calibrate") {
        await page.getByTestId("begin-top-intrinsics").press("Enter");
        await page.getByTestId("session").waitFor();
        await walk(page, "a calibration");
        await page.getByTestId("discard").press("Enter");
        await page.getByTestId("camera-top").waitFor();
      }
      assert.deepEqual(page.faults, [], address);
      await page.context().close();
    }
  }),
);

test("a worker's step, its dialogs and taking it back, by keyboard and pedal", { timeout: 7 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const id = await storeOrder(freshName("pedal"));
    const board = await open(browser, "/board");
    const worker = await open(browser, "/worker");
    await signIn(worker);
    await startOrder(board, id);
    const step = await ownStep(worker, id);
    await walk(worker, "a step");

    await worker.getByTestId("settings").press("Enter");
    await worker.getByTestId("key-next").waitFor();
    await walk(worker, "the settings");
    await worker.getByTestId("key-next").press("Enter");
    await pressUntil(worker, "a", worker.getByText("This key writes")); // such a key may stand for nothing
    for (const [doing, pedal] of [["next", "PageDown"], ["problem", "PageUp"]]) {
      const choice = worker.getByTestId(`key-${doing}`);
      if ((await choice.getAttribute("aria-pressed")) !== "true") await choice.press("Enter");
      await pressUntil(worker, pedal, choice.and(worker.locator("[aria-pressed=false]")).filter({ hasText: pedal }));
    }
    await worker.keyboard.press("Escape");
    await worker.locator("dialog[open]").waitFor({ state: "detached" });

    const before = confirmed(worker);
    await pressUntil(worker, "PageUp", worker.getByTestId("reason-send")); // the second pedal: a problem is asked about, nothing is sent yet
    await walk(worker, "why");
    await worker.keyboard.press("PageDown"); // the pedal is dead while something is asked
    await worker.waitForTimeout(300);
    assert.equal(confirmed(worker), before);
    await worker.keyboard.press("Escape");
    await worker.locator("dialog[open]").waitFor({ state: "detached" });

    await fillIn(worker);
    await worker.locator("[data-command=confirm_step]:not([aria-disabled=true])").waitFor();
    await worker.evaluate(() => document.activeElement?.blur());
    await worker.waitForTimeout(200); // a key beside another is a code reader's
    await worker.keyboard.press("PageDown");
    for (const began = Date.now(); confirmed(worker) === before; await worker.waitForTimeout(50)) assert.ok(Date.now() - began < 20_000, "the pedal says done");
    assert.equal(confirmed(worker), before + 1);

    // taking it back is asked once more
    const undo = worker.locator("[data-command=undo_step]").first();
    await undo.or(worker.getByTestId("more")).first().waitFor({ timeout: 60_000 });
    if (!(await undo.isVisible())) await worker.getByTestId("more").locator("summary").press("Enter");
    await undo.and(worker.locator(":not([aria-disabled=true])")).press("Enter");
    const dialog = worker.getByRole("dialog");
    await dialog.waitFor();
    await walk(worker, "taking a step back");
    await look(worker, "taking a step back");
    await pressable(worker, "taking a step back");
    await shoot(worker, "undo_dialog.png");
    const { unit } = topic(worker, "card/front");
    const status = () => topic(worker, `step/${unit}/${step}`).status;
    assert.equal(status(), "done", "nothing is taken back before it is said");
    await worker.getByTestId("reason-send").press("Enter");
    for (const began = Date.now(); status() === "done"; await worker.waitForTimeout(50)) assert.ok(Date.now() - began < 20_000, "it is taken back");
    await worker.locator("dialog[open]").waitFor({ state: "detached" });
    await shoot(worker, "undo_after.png");
    await abortOrder(id);
    assert.deepEqual([...worker.faults, ...board.faults], []);
  }),
);
