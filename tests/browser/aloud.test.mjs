// Work without a hand on the screen: it stays on while somebody works, the step is read aloud, and a code reader's code comes
// to the field that waits for it. Stand-ins for the browser's own lock and voices note what the page asks of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, DONE, fillIn, ownStep } from "./at_work.mjs";
import { abortOrder, card, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

/** What the page finds instead of the browser's wake lock and voices. */
function standIns() {
  window.locks = [];
  Object.defineProperty(Navigator.prototype, "wakeLock", {
    configurable: true,
    value: {
      request: async (kind) => {
        const lock = Object.assign(new EventTarget(), {
          kind,
          released: false,
          release: async () => {
            if (lock.released) return;
            lock.released = true;
            lock.dispatchEvent(new Event("release"));
          },
        });
        window.locks.push(lock);
        return lock;
      },
    },
  });
  window.said = [];
  const voice = (lang, localService) => ({ lang, localService, name: lang, voiceURI: lang, default: false });
  const speech = Object.assign(new EventTarget(), {
    getVoices: () => [voice("en-US", false), voice("en-GB", true), voice("de-DE", true)],
    speak: (one) => window.said.push({ text: one.text, voice: one.voice.lang, lang: one.lang, local: one.voice.localService }),
    cancel: () => window.said.push(null),
  });
  Object.defineProperty(window, "speechSynthesis", { configurable: true, value: speech });
  window.SpeechSynthesisUtterance = class {
    constructor(text) {
      this.text = text;
    }
  };
}

const held = (page) => page.evaluate(() => window.locks.filter(({ released }) => !released).map(({ kind }) => kind));
const said = (page) => page.evaluate(() => window.said.filter((one) => one !== null));

async function until(page, what, holds) {
  for (const began = Date.now(); !(await holds()); await page.waitForTimeout(50)) assert.ok(Date.now() - began < 30_000, `${what}: ${await card(page).innerText()}`);
}

/** Go on until the card asks for a code. */
async function untilScan(page, id) {
  for (let n = 0; n < 20; n += 1) {
    await ownStep(page, id);
    const scan = topic(page, "card/front").asks.find(({ spec }) => spec.kind === "scan");
    if (scan) return scan;
    await fillIn(page);
    const moved = changed(page);
    await page.getByRole("button", DONE).click();
    await moved;
  }
  return assert.fail("no step asks for a code");
}

test("the screen stays on, the step is read aloud, and a code reader fills in the field that waits", { timeout: 7 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const id = await storeOrder(freshName("aloud"));
    const board = await open(browser, "/board");
    const page = await open(browser, "/board");
    await page.addInitScript(standIns);
    await page.goto("/worker");
    await card(page).and(page.locator("[data-status=away]")).waitFor();
    assert.deepEqual(await held(page), [], "nobody works here");
    await signIn(page);
    await until(page, "the screen is kept on", async () => (await held(page)).join() === "screen");
    await page.evaluate(() => window.locks.at(-1).release()); // as browsers do where the page is hidden
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await until(page, "and again once it is seen", async () => (await held(page)).join() === "screen");

    await startOrder(board, id);
    await ownStep(page, id);
    assert.deepEqual(await said(page), [], "nobody has asked for it");
    await page.getByTestId("settings").click();
    await page.getByText("The screen stays on while you work here.").waitFor();
    await page.getByRole("group", { name: "Read the step aloud" }).getByRole("button", { name: "Yes" }).click();
    await shoot(page, "aloud_settings.png");
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await until(page, "the step is read", async () => (await said(page)).length === 1);
    const shown = topic(page, "card/front").words.en;
    const [first] = await said(page);
    assert.ok(first.text.includes(shown.title) && first.text.includes(shown.do), first.text);
    for (const [name, level] of Object.entries(topic(page, "card/front").hazards)) assert.ok(first.text.startsWith(level.toUpperCase()) && first.text.includes(shown.hazards[name]), first.text);
    assert.deepEqual([first.voice, first.lang, first.local], ["en-GB", "en-GB", true], "by the device's own voice: nothing of a step is sent away");
    await page.waitForTimeout(200); // a key beside another is a code reader's
    await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "F15", bubbles: true, cancelable: true }))); // a pedal's: no keyboard here has it
    await until(page, "it is read again", async () => (await said(page)).length === 2);
    assert.equal((await said(page))[1].text, first.text);

    // how much is said and shown follows how well somebody knows the work
    const level = async (name) => {
      await page.getByTestId("settings").click();
      await page.getByRole("group", { name: "Words" }).getByRole("button", { name }).click();
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
      return Promise.all([".title", ".do", ".more", ".media"].map((part) => page.locator(`[data-testid=card] ${part}`).count()));
    };
    const more = shown.more ? 1 : 0;
    const media = Object.keys(shown.media ?? {}).length > 0 ? 1 : 0;
    assert.deepEqual(await level("Brief"), [1, 0, 0, 0]);
    await until(page, "the title alone is read", async () => !(await said(page)).at(-1).text.includes(shown.do));
    assert.ok((await said(page)).at(-1).text.includes(shown.title));
    assert.deepEqual(await level("All"), [1, 1, more, media]);
    assert.deepEqual(await level("Normal"), [1, 1, 0, media]);

    // a code that was read with no field in focus comes where it is wanted, and its Enter presses nothing
    const { value, spec } = await untilScan(page, id);
    const { step, unit, words } = topic(page, "card/front");
    assert.match((await said(page)).at(-1).text, new RegExp(words.en.title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")), "each step as it comes");
    const field = page.getByTestId(`ask-${value}`);
    assert.equal(await field.inputValue(), "");
    const done = page.getByRole("button", DONE);
    await done.and(page.locator(":not([aria-disabled=true])")).focus();
    await scan(page, "NOT-THIS-ONE");
    await until(page, "the field has the code", async () => (await field.inputValue()) === "NOT-THIS-ONE");
    assert.equal(await card(page).getAttribute("data-step"), step, "the reader's Enter is not the person's");
    await done.click();
    await page.locator(".asks .fault").filter({ hasText: /./ }).waitFor();
    assert.equal(await card(page).getAttribute("data-step"), step, "a wrong code is not taken");
    await field.fill("");
    await page.evaluate(() => document.activeElement?.blur());
    const code = spec.pattern.replaceAll("$serial", unit);
    await scan(page, code);
    await until(page, `the field has ${code}`, async () => (await field.inputValue()) === code);
    await scan(page, "ANOTHER-ONE");
    await page.getByText("No field on this card waits for a code.").waitFor();
    await shoot(page, "aloud_scanned.png");
    const moved = changed(page);
    await done.click();
    await moved;

    await abortOrder(id);
    await page.getByRole("button", { name: "Leave" }).and(page.locator(":not([aria-disabled=true])")).click();
    await until(page, "the screen may go off again", async () => (await held(page)).length === 0);
    assert.deepEqual([...page.faults, ...board.faults], []);
  }),
);

/** A reader types a code at once and ends it by Enter: all within one turn of the page. */
const scan = (page, code) =>
  page.evaluate((keys) => {
    for (const key of keys) {
      const press = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
      const at = document.activeElement ?? document.body;
      if (at.dispatchEvent(press) && key === "Enter") at.click?.(); // what the browser would do by itself
    }
  }, [...code, "Enter"]);
