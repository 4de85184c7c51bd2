// What happened while the line was down is there afterwards, without starting over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { card, freshName, open, signIn, storeOrder, withBrowser } from "./cell_page.mjs";

const CATCH_UP_MS = 15_000;

test("what was missed while offline is caught up", { timeout: 120_000 }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    await board.locator("[data-testid=line][data-line=online]").waitFor();
    const before = await storeOrder(freshName("before"));
    await board.locator(`[data-order="${before}"]`).waitFor();

    await board.context().setOffline(true);
    await board.getByTestId("offline").waitFor();
    const start = board.locator(`[data-order="${before}"]`).getByRole("button", { name: "Start" });
    assert.equal(await start.getAttribute("aria-disabled"), "true", "nothing can be pressed without a line");
    const missed = await storeOrder(freshName("missed"));
    assert.equal(await board.locator(`[data-order="${missed}"]`).count(), 0);
    const sockets = board.sockets;

    await board.context().setOffline(false);
    await board.locator(`[data-order="${missed}"]`).waitFor({ timeout: CATCH_UP_MS });
    await board.getByTestId("offline").waitFor({ state: "detached" });
    const again = board.heard.filter(({ nth, type }) => nth > sockets && type !== "pong");
    assert.ok(again.length > 0, "a new connection was made");
    assert.ok(!again.some(({ type }) => type === "snapshot"), "only what was missed came, not everything");
    assert.equal(await start.getAttribute("aria-disabled"), "false");
    assert.deepEqual(board.faults, []);
  }),
);

test("the worker's card is closed while offline and right afterwards", { timeout: 120_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker");
    const leave = worker.getByRole("button", { name: "Leave" });
    await worker.locator("[data-testid=card]:not([data-status=none])").waitFor();
    if ((await card(worker).getAttribute("data-status")) !== "away") {
      await leave.click(); // somebody was here before this test
      await worker.locator("[data-testid=card][data-status=away]").waitFor();
    }
    await signIn(worker);
    await leave.waitFor();
    await worker.context().setOffline(true);
    await worker.getByTestId("offline").waitFor();
    assert.equal(await leave.getAttribute("aria-disabled"), "true");
    await worker.context().setOffline(false);
    await worker.locator("[data-testid=line][data-line=online]").waitFor({ timeout: CATCH_UP_MS });
    await leave.click();
    await worker.locator("[data-testid=card][data-status=away]").waitFor();
    assert.equal(await card(worker).getByTestId("join").innerText(), "Start as Kim", "who works here is asked once");
    assert.deepEqual(worker.faults, []);
  }),
);
