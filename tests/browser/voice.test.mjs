// A step is said to be done by voice: a recogniser in the page's place stands for the browser's own, which needs a microphone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fillIn, ownStep } from "./at_work.mjs";
import { abortOrder, card, freshName, open, shoot, signIn, startOrder, storeOrder, withBrowser } from "./cell_page.mjs";

/** What the page finds instead of the browser's recogniser; `window.utter(text)` is a person who speaks. */
function recogniser() {
  let on = null;
  window.utter = (transcript) => on?.onresult({ resultIndex: 0, results: [Object.assign([{ transcript, confidence: 0.9 }], { isFinal: true })] });
  window.microphone = () => on !== null;
  window.SpeechRecognition = class {
    static available = async ({ processLocally }) => (processLocally ? "available" : "unavailable");
    start() {
      if (!this.processLocally) throw new Error("the sound would leave the device");
      on = this;
      this.onstart();
    }
    abort() {
      on = null;
      this.onend();
    }
  };
}

test("a worker says that the step is done, and nothing else that is said does anything", { timeout: 6 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const id = await storeOrder(freshName("voice"));
    try {
      const board = await open(browser, "/board");
      const worker = await open(browser, "/board");
      await worker.addInitScript(recogniser);
      await worker.goto("/worker");
      await signIn(worker);
      assert.equal(await worker.evaluate(() => window.microphone()), false, "nobody has asked for it");
      await startOrder(board, id);
      const step = await ownStep(worker, id);

      await worker.getByTestId("settings").click();
      const choice = worker.getByRole("group", { name: "Listen for spoken words" });
      await choice.getByRole("button", { name: "Yes" }).click();
      await worker.getByText("each said alone").waitFor();
      await shoot(worker, "voice_settings.png");
      await worker.keyboard.press("Escape");
      await worker.locator("dialog[open]").waitFor({ state: "detached" });
      await worker.getByTestId("ear").waitFor();

      await fillIn(worker);
      await worker.locator("[data-command=confirm_step]:not([aria-disabled=true])").waitFor();
      await shoot(worker, "voice.png");
      for (const talk of ["is that step done", "done"]) await worker.evaluate((words) => window.utter(words), talk);
      await worker.evaluate(() => window.utter("report problem"));
      await worker.getByTestId("reason-send").waitFor(); // asked about, nothing is sent yet
      await worker.evaluate(() => window.utter("step done")); // dead while something is asked
      await worker.keyboard.press("Escape");
      await worker.locator("dialog[open]").waitFor({ state: "detached" });
      assert.equal(await card(worker).getAttribute("data-step"), step);

      await worker.evaluate(() => window.utter("Step done."));
      await worker.waitForFunction((old) => document.querySelector("[data-testid=card]")?.dataset.step !== old, step, { timeout: 60_000 });

      await worker.getByTestId("settings").click();
      await choice.getByRole("button", { name: "No" }).click();
      await worker.waitForFunction(() => !window.microphone());
      await worker.getByTestId("ear").waitFor({ state: "detached" });
      assert.deepEqual([...worker.faults, ...board.faults], []);
    } finally {
      await abortOrder(id);
    }
  }),
);

test("a browser without a recogniser of its own says so and asks for no microphone", { timeout: 60_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker");
    await signIn(worker);
    await worker.evaluate(() => {
      window.asked = 0;
      navigator.mediaDevices.getUserMedia = async () => {
        window.asked += 1;
        throw new Error("not here");
      };
    });
    await worker.getByTestId("settings").click();
    await worker.getByRole("group", { name: "Listen for spoken words" }).getByRole("button", { name: "Yes" }).click();
    await worker.locator("[data-testid=ears][data-ears=absent], [data-testid=ears][data-ears=unavailable], [data-testid=ears][data-ears=downloadable]").waitFor();
    assert.equal(await worker.getByTestId("ear").count(), 0);
    assert.equal(await worker.evaluate(() => window.asked), 0);
    assert.deepEqual(worker.faults, []);
  }),
);
