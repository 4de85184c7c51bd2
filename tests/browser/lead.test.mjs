// Before the arm leaves a standstill the worker sees for how long it still stands and where it will stand then; once it moves both are gone.
// The card says it as well, where the step in hand is the robot's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, decide, DONE, fillIn } from "./at_work.mjs";
import { abortOrder, ask, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const LEAD_S = 8; // as conftest.py writes it into the cell's file
const MOVED_M = 0.001;

test("a motion is counted down and shown at its end before it begins, and no more once it is under way", { timeout: 5 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/", { hasTouch: true });
    const tips = []; // of the robot, with the cell's time of each
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        const { type, payload: frame } = JSON.parse(String(payload));
        if (type === "pose" && frame.poses.tcp) tips.push({ t: frame.t, p: frame.poses.tcp.p });
      }),
    );
    await page.goto("/worker");
    await signIn(page);
    await page.locator("[data-testid=scene][data-state=ready]").waitFor();
    await page.evaluate(() => {
      globalThis.shown = []; // what the ribbon, the scene and the card say of the robot, in order, each time that it changes
      const note = () => {
        const now = {
          ribbon: document.querySelector("[data-testid=robot] span").textContent,
          scene: document.querySelector(".tag-intent")?.textContent ?? "",
          ahead: document.querySelector("[data-testid=scene]").dataset.ahead === "true",
          card: document.querySelector("[data-testid=robot-now] span")?.textContent ?? "",
          high: document.querySelector("[data-testid=robot-now]")?.clientHeight ?? 0,
        };
        if (JSON.stringify(now) !== JSON.stringify(globalThis.shown.at(-1))) globalThis.shown.push(now);
      };
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ["data-ahead"] });
    });
    const board = await open(browser, "/board");
    await ask("/api/v1/cell", { type: "change_cell", verb: "start" });
    const id = await storeOrder(freshName("lead"));
    await startOrder(board, id);

    const counting = /^Robot moves in (\d+) s: /;
    await page.waitForFunction(() => globalThis.shown.some(({ ribbon, scene, ahead }) => /^Robot moves in \d+ s: /.test(ribbon) && scene === ribbon && ahead), null, { timeout: 60_000 });
    const { begins_t, started_t, end, motion } = topic(page, "lane/robot").intent;
    assert.ok(end.length > 0, "the cell says where the arm will stand");
    assert.ok(Math.abs(begins_t - started_t - LEAD_S) < 0.01);
    await shoot(page, "lead_counting.png");
    await page.waitForFunction(
      () => globalThis.shown.slice(globalThis.shown.findIndex(({ ahead }) => ahead)).some(({ ribbon, ahead }) => /^Robot: /.test(ribbon) && !ahead),
      null,
      { timeout: 60_000 },
    );
    await shoot(page, "lead_moving.png");

    const all = await page.evaluate(() => globalThis.shown);
    const shown = all.slice(all.findIndex(({ ahead }) => ahead)); // before that it was planned
    const began = shown.findIndex(({ ribbon, ahead }) => /^Robot: /.test(ribbon) && !ahead);
    const counts = shown.slice(0, began).map(({ ribbon }) => Number(ribbon.match(counting)?.[1] ?? Number.NaN)).filter((n) => n >= 0);
    assert.ok(counts.length > 1 && counts[0] <= LEAD_S, `it was counted down: ${counts}`);
    assert.deepEqual(counts, counts.toSorted((a, b) => b - a), "never up");
    const under_way = shown.slice(began).filter(() => topic(page, "lane/robot")?.intent?.motion === motion);
    assert.ok(under_way.every(({ ribbon, scene, ahead }) => !counting.test(ribbon) && !counting.test(scene) && !ahead), JSON.stringify(under_way));

    while (!tips.some(({ t }) => t > begins_t + 1)) await page.waitForTimeout(100);
    const away = ({ p }) => Math.hypot(...p.map((v, i) => v - tips[0].p[i]));
    const early = tips.filter(({ t }) => t < begins_t);
    assert.ok(early.every((tip) => away(tip) < MOVED_M), "the arm stands for as long as it is counted down");
    assert.ok(tips.some((tip) => tip.t > begins_t && away(tip) > MOVED_M), "and moves then");

    await untilTheRobot(page);
    const since = await page.evaluate(() => globalThis.shown);
    const first = since.findIndex(({ card }) => counting.test(card));
    const read = since.slice(first - 1); // with what stood there before
    assert.ok(read.filter(({ card }) => counting.test(card)).every(({ card, ribbon }) => card === ribbon), JSON.stringify(read));
    assert.equal(new Set(read.map(({ high }) => high)).size, 1, `nothing on the card moves when it is counted down: ${JSON.stringify(read)}`);
    await shoot(page, "lead_card.png");
    await abortOrder(id);
    assert.deepEqual(page.faults, []);
  }),
);

/** Do the person's steps until the card is about the robot's, and has counted down to one of its motions. */
async function untilTheRobot(page) {
  for (;;) {
    const { status } = topic(page, "card/front");
    if (await page.evaluate(() => globalThis.shown.some(({ card }) => /^Robot moves in 1 s: /.test(card)))) return;
    if (status === "attention") await decide(page);
    else if (status === "step" && (await page.getByRole("button", DONE).count())) {
      await fillIn(page);
      const moved = changed(page);
      await page.getByRole("button", DONE).click();
      await moved;
    } else await page.waitForTimeout(200);
  }
}
