// The supervisor's board: the events back to the journal's beginning, the lanes ahead, the arrows of the step graph.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { abortOrder, ask, card, open, shoot, signIn, startOrder, topic, withBrowser } from "./cell_page.mjs";

const ID = "demo-1";
const SLOW = { timeout: 90_000 };

const numbers = (page) => page.locator(".events [data-seq]").evaluateAll((lines) => lines.map((line) => Number(line.dataset.seq)));

/** Ask for older events until the journal begins; returns how often. */
async function toTheBeginning(page) {
  const said = page.getByTestId("older-said");
  for (let presses = 1; ; presses += 1) {
    const before = (await numbers(page)).length;
    await page.getByTestId("older").click();
    await page.waitForFunction((n) => document.querySelectorAll(".events [data-seq]").length > n || document.querySelector("[data-testid=older-said]").dataset.reading === "whole", before);
    if ((await said.getAttribute("data-reading")) === "whole") return presses;
    assert.ok(presses < 50);
  }
}

test("a supervisor reads back to the beginning, sees what comes next, and follows the arrows", { timeout: 420_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker?place=front");
    await signIn(worker);
    const first = await open(browser, "/board");
    await startOrder(first, ID);
    await card(worker).and(worker.locator("[data-status=step]")).waitFor(SLOW);
    for (let n = 0; n < 30; n += 1) for (const what of ["pause", "resume"]) await ask(`/api/v1/orders/${ID}/${what}`, {});
    await first.locator(".events [data-seq]").nth(60).waitFor(SLOW);

    const board = await open(browser, "/board"); // it is told the newest fifty alone
    await board.locator(".events [data-seq]").first().waitFor();
    await board.locator(".strip [data-kind=planned]").first().waitFor();
    await board.locator("[data-actor=robot] .strip [data-kind=was]").first().waitFor(SLOW);
    for (const lane of await board.getByTestId("lane").all()) {
      const now = await lane.locator(".now").evaluate((line) => parseFloat(line.style.left));
      const edges = await lane.locator(".strip [data-kind]").evaluateAll((bars) => bars.map(({ dataset, style }) => [dataset.kind, parseFloat(style.left), parseFloat(style.left) + parseFloat(style.width)]));
      for (const [kind, left, right] of edges) {
        if (kind === "planned" || kind === "rest") assert.ok(left >= now - 0.01, `${kind} begins at ${left}, now is ${now}`);
        else assert.ok(right <= now + 0.5, `${kind} ends at ${right}, now is ${now}`);
      }
    }
    const styles = await board.locator("[data-testid=legend] .bar").evaluateAll((bars) => bars.map((bar) => `${getComputedStyle(bar).borderTopStyle} ${getComputedStyle(bar).backgroundImage.slice(0, 9)} ${bar.querySelector("svg")?.innerHTML ?? ""}`));
    assert.equal(new Set(styles).size, 6, "line, hatching and sign alone tell them apart");
    await board.locator(".strip [data-kind=late]").first().waitFor(SLOW); // nobody does the person's step, which takes its time
    await shoot(board, "board_lanes.png");

    await board.locator(".events").evaluate((list) => (list.scrollTop = 200));
    const reads = await board.locator(".events").evaluate((list) => {
      const top = list.getBoundingClientRect().top;
      const line = [...list.querySelectorAll("[data-seq]")].find((one) => one.getBoundingClientRect().bottom > top + 1);
      return { seq: line.dataset.seq, top: line.getBoundingClientRect().top - top };
    });
    const newest = (await numbers(board))[0];
    await ask(`/api/v1/orders/${ID}/pause`, {});
    await ask(`/api/v1/orders/${ID}/resume`, {});
    await board.waitForFunction((seq) => Number(document.querySelector(".events [data-seq]").dataset.seq) > seq, newest);
    const stays = await board.locator(`.events [data-seq="${reads.seq}"]`).evaluate((line) => line.getBoundingClientRect().top - line.closest(".events").getBoundingClientRect().top);
    assert.ok(Math.abs(stays - reads.top) <= 2, `what is read moved from ${reads.top} to ${stays} px`);

    await toTheBeginning(board);
    const all = await numbers(board);
    assert.deepEqual(all, Array.from({ length: all[0] }, (_, i) => all[0] - i), "every event once, down to the first");
    assert.match(await board.getByTestId("older-said").innerText(), /journal begins/);
    await board.getByRole("searchbox").fill("Order put on the list");
    await toTheBeginning(board);
    assert.equal((await numbers(board)).length, 1, "a search finds what is shown, as far back");
    await board.getByRole("searchbox").fill("");

    await board.locator("details.graph > summary").first().click();
    await board.locator(".graph-edge").first().waitFor({ state: "attached" }); // a straight one has no width
    const crossed = await board.locator(".graph-plane").evaluate((plane) => {
      const boxes = [...plane.querySelectorAll("[data-node]")].map((node) => ({ id: node.dataset.node, x: node.offsetLeft, y: node.offsetTop, right: node.offsetLeft + node.offsetWidth, bottom: node.offsetTop + node.offsetHeight }));
      return [...plane.querySelectorAll(".graph-edge")].flatMap((edge) => {
        const length = edge.getTotalLength();
        const points = Array.from({ length: 101 }, (_, i) => edge.getPointAtLength((length * i) / 100));
        return boxes.filter((box) => points.some(({ x, y }) => x > box.x + 1 && x < box.right - 1 && y > box.y + 1 && y < box.bottom - 1)).map((box) => `${edge.dataset.edge} crosses ${box.id}`);
      });
    });
    assert.deepEqual(crossed, []);
    await look(board, "board with its graph and all events");
    await shoot(board, "board_graph.png");

    const calm = await open(browser, "/board", { reducedMotion: "reduce" });
    await calm.locator(".strip [data-kind]").first().waitFor();
    assert.equal(await calm.locator(".lanes-slide").count(), 0, "nothing slides for who wants no motion");
    await abortOrder(ID);
    assert.ok(topic(board, "lane/robot"));
    assert.deepEqual([...board.faults, ...calm.faults, ...worker.faults], []);
  }),
);
