// Before the robot moves, people see where it goes, and count down with it; where it is held, why and what helps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { abortOrder, ask, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const ID = "intent";
const SLOW = { timeout: 60_000 };

const change = (verb) => ask("/api/v1/cell", { type: "change_cell", verb, reason: "browser test" });
const says = (page, what) => page.getByTestId("robot").filter({ hasText: what }).waitFor(SLOW);
const tag = (page, kind, what) => page.locator(`.tag-${kind}`).filter({ hasText: what }).waitFor(SLOW);
const intent = (page) => topic(page, "lane/robot")?.intent ?? null;

test("the robot says where it goes and when, and stands until then", { timeout: 420_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker", { hasTouch: true });
    const german = await open(browser, "/worker", { hasTouch: true, locale: "de-DE", reducedMotion: "reduce" });
    const board = await open(browser, "/board");
    await signIn(worker);
    await storeOrder(ID);
    await change("start");
    await startOrder(board, ID);

    await says(worker, /^Robot moves in \d s: \w/);
    await Promise.all([tag(worker, "intent", /^Robot moves in \d s: \w/), says(german, /^Roboter fährt in \d s los: \w/), tag(german, "intent", /in \d s los/), board.getByText(/moves in \d s/).first().waitFor(SLOW)]);
    const first = intent(worker);
    assert.equal(first.end.length, (await ask("/api/v1/scene")).links.length, "its end is shown, link by link");
    await shoot(worker, "intent_worker.png");
    await shoot(german, "intent_worker_de.png");
    await look(worker, "card while the robot counts down");

    await change("hold");
    await says(worker, /^Robot stands: /);
    await tag(worker, "lost", /^Robot stands: .*release/);
    await tag(german, "lost", /^Roboter steht: /);
    assert.equal(intent(worker), null, "nothing is about to move any more");
    await shoot(worker, "intent_held.png");

    await change("unhold");
    await says(worker, /^Robot moves in \d s: \w/);
    await says(worker, /^Robot: \w/);
    const motion = intent(worker).motion;
    const begun = worker.heard.filter(({ type, payload }) => type === "put" && payload.topic === "lane/robot" && payload.value?.intent?.motion === motion);
    assert.ok(begun.every(({ payload }) => payload.value.intent.begins_t - payload.value.intent.started_t >= 5.9), "it was shown for as long as the cell says");
    await shoot(worker, "intent_moves.png");
    await abortOrder(ID);
    assert.deepEqual([...worker.faults, ...german.faults, ...board.faults], []);
  }));
