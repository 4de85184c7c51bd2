// The network is cut while somebody works: the page is there after a reload, nothing is lost or done twice, nobody else's
// word is taken, and what the cell does not take comes back in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { pressable } from "./targets.mjs";
import { DONE, fillIn, ownStep } from "./at_work.mjs";
import { ask, card, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const BACK_MS = 20_000;

/** What the cell was told under the names of the test's own order, from the page's own line. */
const confirmations = (page, step) => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === "step_confirmed" && payload.subject.includes(step));

/** Cut the line, fill in the card and say done; the page asks who says so. */
async function sayDoneWithoutALine(worker) {
  await worker.context().setOffline(true);
  await worker.getByTestId("offline").waitFor();
  await fillIn(worker);
  await worker.getByRole("button", DONE).click();
  await worker.getByTestId("keep").waitFor();
}

test("what a worker says without a line outlives a reload and is handed in once", { timeout: 8 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker", { hasTouch: true });
    await signIn(worker);
    await worker.evaluate(() => navigator.serviceWorker.ready);
    await worker.waitForFunction(async () => (await (await caches.open("tandem.cell")).keys()).some(({ url }) => url.endsWith(".glb")));
    const id = await storeOrder(freshName("cut"));
    const board = await open(browser, "/board");
    await startOrder(board, id);
    const step = await ownStep(worker, id);
    const title = await worker.getByTestId("title").innerText();

    await sayDoneWithoutALine(worker);
    await pressable(worker, "whose word is kept");
    await shoot(worker, "offline_ask.png");
    await worker.getByTestId("keep-other").click();
    await worker.getByTestId("keep").getByRole("button", { name: "Back" }).click();
    assert.equal(await worker.getByTestId("kept").count(), 0, "nothing is kept for somebody else");
    await worker.getByRole("button", DONE).click();
    await worker.getByTestId("keep-yes").click();
    await worker.locator("[data-testid=kept-waiting][data-count='1']").waitFor();
    assert.equal(await worker.getByRole("button", DONE).count(), 0, "nothing is said twice");
    await pressable(worker, "what is kept");
    await shoot(worker, "offline_kept.png");
    await look(worker, "what is kept");
    await look(worker, "what is kept, AAA", { part: "[data-testid=card]", rules: ["color-contrast-enhanced"] });

    await worker.reload();
    await worker.locator(`[data-testid=card][data-step="${step}"]`).waitFor();
    assert.equal(await worker.getByTestId("title").innerText(), title);
    await worker.locator("[data-testid=kept-waiting][data-count='1']").waitFor();
    await worker.getByTestId("offline").getByText("You see the card as it was at").waitFor();
    assert.equal(await worker.getByRole("button", { name: "Problem" }).count(), 0);
    await shoot(worker, "offline_reloaded.png");

    await worker.context().setOffline(false);
    await worker.getByTestId("kept-taken").waitFor({ timeout: BACK_MS });
    await pressable(worker, "what the cell has taken");
    await shoot(worker, "offline_taken.png");
    await look(worker, "what was taken, AAA", { part: "[data-testid=kept]", rules: ["color-contrast-enhanced"] });
    await worker.getByTestId("offline").waitFor({ state: "detached" });
    await worker.waitForFunction((before) => document.querySelector("[data-testid=card]")?.dataset.step !== before, step);
    await worker.getByTestId("kept-taken").getByRole("button", { name: "Close" }).click();
    assert.equal(await worker.getByTestId("kept").count(), 0);
    assert.equal(confirmations(board, step).length, 1, "once");

    // a second device of the same worker says otherwise first: what this one kept comes back
    const again = await ownStep(worker, id);
    const shown = topic(worker, "card/front");
    const { command } = shown.buttons.find(({ command }) => command.type === "report_problem");
    await sayDoneWithoutALine(worker);
    await worker.getByTestId("keep-yes").click();
    await worker.getByTestId("kept-waiting").waitFor();
    await ask("/api/v1/commands", { id: freshName("other-device"), command: { ...command, note: "The part is scratched." } });
    await worker.context().setOffline(false);
    await worker.getByTestId("kept-returned").waitFor({ timeout: BACK_MS });
    await worker.getByTestId("kept-returned").getByText("The work has gone on meanwhile.").waitFor();
    await pressable(worker, "what the cell did not take");
    await shoot(worker, "offline_returned.png");
    await look(worker, "what the cell did not take");
    await look(worker, "what the cell did not take, AAA", { part: "[data-testid=kept]", rules: ["color-contrast-enhanced"] });
    await worker.getByTestId("kept-understood").click();
    await worker.getByTestId("kept").waitFor({ state: "detached" });
    assert.equal(confirmations(board, again).length, 0, "the word that came first counts");

    // somebody else signs in meanwhile: what the first one said is not taken as theirs
    const third = await ownStep(worker, id);
    await sayDoneWithoutALine(worker);
    await worker.getByTestId("keep-yes").click();
    await worker.getByTestId("kept-waiting").waitFor();
    const say = (command) => ask("/api/v1/commands", { id: freshName(command.type), command });
    await say({ type: "leave_place", place: "front" });
    await say({ type: "join_place", place: "front", operator: "Robin" });
    await worker.context().setOffline(false);
    await worker.getByTestId("kept-returned").waitFor({ timeout: BACK_MS });
    assert.equal(confirmations(board, third).length, 0);
    await worker.getByTestId("kept-understood").click();
    await ask(`/api/v1/orders/${id}/abort`, { reason: "end of the test" });
    assert.deepEqual(worker.faults, []);
  }),
);

test("a page by http over a network says once what it can't do and how to get it, and works", { timeout: 120_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/");
    await worker.addInitScript(() => {
      Object.defineProperty(window, "isSecureContext", { value: false });
      delete Navigator.prototype.serviceWorker;
    });
    await worker.goto("/worker");
    await worker.getByTestId("insecure").waitFor();
    await card(worker).and(worker.locator(":not([data-status=none])")).waitFor();
    const before = await card(worker).boundingBox();
    await worker.getByTestId("insecure").locator("summary").click();
    assert.deepEqual(await card(worker).boundingBox(), before, "the card stays where it is");
    await pressable(worker, "why the address is not secure");
    await shoot(worker, "insecure.png");
    await look(worker, "what an insecure page says");
    await worker.getByTestId("insecure").getByRole("button", { name: "Understood" }).click();
    await worker.getByTestId("insecure").waitFor({ state: "detached" });
    await worker.reload();
    await card(worker).and(worker.locator(":not([data-status=none])")).waitFor();
    assert.equal(await worker.getByTestId("insecure").count(), 0, "once");
    assert.deepEqual(worker.faults, []);
  }),
);

test("the page takes a newer build as soon as nobody is busy with it", { timeout: 60_000 }, () =>
  withBrowser(async (browser) => {
    // first what asks for no build itself, or the page before would be told of the newer one, too; a worker may pass the route by
    const board = await open(browser, "/api/v1/openapi.json", { serviceWorkers: "block" });
    let loads = 0; // navigations: one that is followed by the next before all has come never says "load"
    board.on("framenavigated", (frame) => (loads += frame === board.mainFrame() ? 1 : 0));
    await board.route("**/build.json", (route) => route.fulfill({ json: { build: "another" } }));
    await board.goto("/board", { waitUntil: "commit" });
    while (loads < 2) await board.waitForEvent("framenavigated");
    await board.getByTestId("newer").waitFor(); // the server says so still: once is enough
    assert.equal(loads, 2);
    assert.deepEqual(board.faults, []);
  }),
);
