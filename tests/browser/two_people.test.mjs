// A cell in which two people approve each motion of the robot: neither alone lets it go ahead, either refuses it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { ask, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const SLOW = { timeout: 60_000 };

const offer = (page, label) => page.getByTestId(`button-${label}`).and(page.locator(":not([aria-disabled=true])")).first();
const intended = (page) => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === "motion_intended").length;
const counts = (page, given) => page.getByTestId("approvals").filter({ hasText: `${given} of 2` }).waitFor(SLOW);

test("two people approve a motion, each at their place; one refuses the next", { timeout: 420_000 }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    const front = await open(browser, "/worker?place=front", { hasTouch: true });
    const back = await open(browser, "/worker?place=back", { hasTouch: true });
    await signIn(front, "Kim");
    await signIn(back, "Ana");
    await offer(front, "call_help").click();
    const call = (page) => page.locator("[data-testid=help-call][data-place=front]");
    await call(front).filter({ hasText: "You have called for help" }).waitFor();
    await call(board).filter({ hasText: "Kim calls for help" }).waitFor();
    await call(back).getByTestId("button-answer_help").and(back.locator(":not([aria-disabled=true])")).click();
    for (const page of [front, board, back]) await call(page).filter({ hasText: "Ana is coming" }).waitFor();
    await shoot(front, "help_coming.png");
    await shoot(board, "help_board.png");
    await offer(front, "withdraw_help").click();
    for (const page of [front, board, back]) await call(page).waitFor({ state: "detached" });

    await offer(board, "autonomy_approve").click();
    await board.locator("[data-testid=supervision][data-level=approve]").waitFor();
    await ask("/api/v1/cell", { type: "change_cell", verb: "start" });
    const id = await storeOrder(freshName("two"));
    await startOrder(board, id);

    await counts(board, 0);
    assert.match(await board.getByTestId("no-login").innerText(), /one person can give all approvals/, "nobody's name is proved");
    assert.equal(await board.getByTestId("button-approve").count(), 0, "at the board nobody knows who approves");
    await offer(front, "approve").click();
    await counts(front, 1);
    await counts(back, 1);
    assert.match(await back.getByTestId("approvals").innerText(), /Kim/);
    await shoot(back, "two_people_one.png");
    await look(back, "worker's page, one of two has approved");
    assert.equal(intended(board), 0, "one is not enough");
    await front.getByTestId("button-approve").waitFor({ state: "detached" }); // the same person twice is one person
    await offer(back, "approve").click();
    const { motion } = topic(board, "lane/robot").intent;
    await board.waitForFunction(() => document.querySelector("[data-testid=approvals]")?.textContent?.startsWith("0 of 2"), undefined, SLOW);
    assert.equal(intended(board), 1, "two are");
    assert.notEqual(topic(board, "lane/robot").intent.motion, motion, "and the next is asked for anew");

    await offer(front, "approve").click();
    await counts(back, 1);
    await offer(back, "refuse").click();
    await back.getByRole("textbox").fill("not so close");
    await back.getByTestId("reason-send").click();
    await board.getByTestId("question").filter({ hasText: "not so close" }).waitFor(SLOW);
    assert.equal(intended(board), 1, "what one has approved and another refused does not run");

    await offer(board, "autonomy_single_step").click();
    await board.locator("[data-testid=supervision][data-level=single_step]").waitFor();
    await board.getByTestId("question").getByTestId("button-retry").and(board.locator(":not([aria-disabled=true])")).click();
    await front.getByTestId("button-release_step").waitFor(SLOW);
    assert.equal(await board.getByTestId("button-release_step").count(), 0, "at the board nobody knows who says next");
    await offer(front, "release_step").click();
    for (const page of [front, back, board]) await page.getByTestId("four-eyes").filter({ hasText: "Kim said next" }).waitFor(SLOW);
    await back.getByTestId("button-approve").waitFor(SLOW);
    assert.equal(await front.getByTestId("button-approve").count(), 0, "who said next does not approve what comes of it");
    await front.getByTestId("button-refuse").waitFor();
    await look(front, "worker's page, own release");
    await shoot(front, "two_people_own_release.png");
    assert.deepEqual([...board.faults, ...front.faults, ...back.faults], []);
  }),
);
