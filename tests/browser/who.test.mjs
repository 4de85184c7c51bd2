// A tablet that nobody touched for a while asks who is there before the next word counts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, DONE, fillIn, ownStep } from "./at_work.mjs";
import { look } from "./axe.mjs";
import { pressable } from "./targets.mjs";
import { card, freshName, open, shoot, signIn, startOrder, storeOrder, withBrowser } from "./cell_page.mjs";

const AWAY_MS = 5 * 60_000;

const putAway = (page) => page.evaluate((ms) => localStorage.setItem("tandem.touched", String(Date.now() - ms)), AWAY_MS);
const confirmed = (page) => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === "step_confirmed").length;

test("a device handed to another worker asks who", { timeout: 5 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker", { hasTouch: true });
    await signIn(worker);
    const id = await storeOrder(freshName("who"));
    await startOrder(await open(browser, "/board"), id);
    await ownStep(worker, id);
    await fillIn(worker);
    const before = confirmed(worker);

    await putAway(worker);
    await worker.getByRole("button", DONE).click();
    const dialog = worker.getByTestId("presence");
    await dialog.waitFor();
    assert.ok((await dialog.boundingBox()).width > 400, "it is there to be read");
    await look(worker, "who is there");
    await pressable(worker, "who is there");
    await shoot(worker, "who.png");
    await worker.getByTestId("presence-back").click();
    assert.equal(await worker.getByTestId("presence").count(), 0);
    await worker.getByRole("button", DONE).click();
    await worker.getByTestId("presence").waitFor(); // until somebody has said who they are
    assert.equal(confirmed(worker), before, "nothing counts before that");
    const moved = changed(worker);
    await worker.getByTestId("presence-same").click();
    await moved;
    for (const began = Date.now(); confirmed(worker) === before && Date.now() - began < 10_000; ) await worker.waitForTimeout(50); // its event is told by itself
    assert.equal(confirmed(worker), before + 1, "what was pressed counts once");

    await ownStep(worker, id);
    await fillIn(worker);
    const later = confirmed(worker);
    await putAway(worker);
    await worker.getByRole("button", DONE).click();
    await worker.getByTestId("presence-other").click();
    await worker.locator("[data-testid=card][data-status=away]").waitFor();
    assert.equal(confirmed(worker), later, "nobody's word is taken for somebody else's");
    assert.equal(await card(worker).getAttribute("data-status"), "away");
    assert.deepEqual(worker.faults, []);
  }),
);
