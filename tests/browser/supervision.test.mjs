// The robot asks before it moves: each motion is shown, and approved or refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { abortOrder, ask, open, shoot, signIn, startOrder, topic, withBrowser } from "./cell_page.mjs";

const ID = "demo-1";
const SLOW = { timeout: 60_000 };

const offer = (page, label) => page.getByTestId(`button-${label}`).and(page.locator(":not([aria-disabled=true])")).first();
const level = (page, name) => page.locator(`[data-testid=supervision][data-level=${name}]`).waitFor();
const intent = (page) => topic(page, "lane/robot")?.intent;

/** Wait until the page has been told of a proposed motion other than `before`; returns it. */
async function proposed(page, before = "") {
  for (const began = Date.now(); ; await page.waitForTimeout(100)) {
    const now = intent(page);
    if (now?.proposed && now.motion !== before) return now;
    assert.ok(Date.now() - began < SLOW.timeout, "no motion is proposed");
  }
}

test("a motion is shown before it runs, approved by one person, refused with a reason by another", { timeout: 420_000 }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    const worker = await open(browser, "/worker", { hasTouch: true });
    await signIn(worker);
    await offer(board, "autonomy_approve").click();
    await level(board, "approve");
    await startOrder(board, ID);

    const first = await proposed(board);
    assert.ok(first.preview.length > 1, "its path is shown");
    assert.match(await board.getByTestId("asked").innerText(), /fetch/);
    await board.locator("[data-testid=not-moving] [data-code=approval]").waitFor();
    const log = async () => (await ask("/api/v1/cell")).reasons.join(" ");
    assert.match(await log(), /approval/);
    await look(board, "board with a motion to approve");
    await shoot(board, "supervision_board.png");
    const cell = await open(browser, "/cell");
    assert.equal((await proposed(cell)).motion, first.motion, "the cell page shows it, too");
    await shoot(cell, "supervision_cell.png");

    await worker.getByTestId("asked").waitFor();
    await shoot(worker, "supervision_worker.png");
    await offer(worker, "approve").click();
    const second = await proposed(board, first.motion);
    const began = board.heard.filter(({ type, payload }) => type === "happened" && payload.type === "motion_intended");
    assert.equal(began.length, 1, "one word let one motion go ahead");

    await offer(board, "refuse").click();
    await board.getByRole("textbox").fill("the lamp is in the way");
    await board.getByTestId("reason-send").click();
    const question = board.getByTestId("question").filter({ hasText: "the lamp is in the way" });
    await question.waitFor(SLOW);
    assert.equal(intent(board) ?? null, null, "nothing is proposed instead");
    await shoot(board, "supervision_refused.png");
    await question.getByTestId("button-force").and(board.locator(":not([aria-disabled=true])")).click();
    await board.getByRole("textbox", { name: "Please say why" }).fill("it is in");
    await board.getByTestId("reason-send").click();
    await board.getByText("A few words are needed for both").waitFor();
    assert.equal(await board.getByTestId("reason-shown").getAttribute("aria-invalid"), "true", "nothing was measured: what shows it?");
    await look(board, "what shows that it is right");
    await shoot(board, "question_shown.png");
    await board.getByRole("button", { name: "Back", exact: true }).click();
    await question.getByTestId("button-retry").and(board.locator(":not([aria-disabled=true])")).click();
    const third = await proposed(board, second.motion);
    assert.notEqual(third.motion, second.motion, "tried again it is planned and shown anew");
    await abortOrder(ID);
    assert.deepEqual([...board.faults, ...worker.faults, ...cell.faults], []);
  }),
);
