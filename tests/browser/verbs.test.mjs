// What a supervisor does with orders and cell at the board: start, pause, resume, hold, go on, and abort, which wants a reason
// that then stands in the journal and in the list of events.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { ask, open, shoot, startOrder, withBrowser } from "./cell_page.mjs";

const ID = "demo-1";
const REASON = "the customer wants another ratio";

test("an order is paused, resumed and aborted with a reason, the cell held, brought back and aborted", { timeout: 4 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    const order = (state) => board.locator(`[data-testid=order][data-order="${ID}"][data-state=${state}]`);
    const cell = (state) => board.locator(`[data-testid=cell-state][data-state=${state}]`).waitFor({ timeout: 60_000 });
    const press = (within, name) => within.getByTestId(`button-${name}`).and(board.locator(":not([aria-disabled=true])")).first().click();
    const condition = board.locator(".condition");

    await startOrder(board, ID);
    await cell("execute");
    await press(order("running"), "pause");
    await press(order("paused"), "resume");
    await order("running").waitFor();

    await press(condition, "hold");
    await cell("held");
    await press(condition, "unhold");
    await cell("execute");

    await press(order("running"), "abort");
    await board.getByTestId("reason-send").click();
    await board.locator("#reason-missing").filter({ hasText: /./ }).waitFor();
    assert.equal(await order("running").count(), 1, "nothing is aborted without a reason");
    await look(board, "why an order is aborted");
    await shoot(board, "verbs_reason.png");
    await board.getByRole("dialog").getByRole("textbox").fill(REASON);
    await board.getByTestId("reason-send").click();
    await order("aborted").waitFor({ timeout: 60_000 });
    const { events } = await ask("/api/v1/events?type=order_changed");
    assert.ok(events.some(({ payload }) => payload.reason === REASON), "it is in the journal");

    await press(condition, "abort");
    await board.getByRole("dialog").getByRole("textbox").fill("somebody is in the cell");
    await board.getByTestId("reason-send").click();
    await cell("aborted");
    assert.equal(await condition.getByTestId("button-start").count(), 0, "an aborted cell is cleared first");
    assert.match(await condition.innerText(), /somebody is in the cell/);
    await shoot(board, "verbs_aborted.png");
    assert.deepEqual(board.faults, []);
  }),
);
