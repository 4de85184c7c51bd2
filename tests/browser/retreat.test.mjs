// The robot is held on its way: the arm shows the way back, goes it when people say so, and stops when anybody does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { pressable } from "./targets.mjs";
import { ask, open, shoot, signIn, startOrder, topic, withBrowser } from "./cell_page.mjs";

const ID = "demo-1";
const PATIENCE_MS = 5 * 60_000;

const retreat = (page, status) => page.locator(`[data-testid=retreat][data-status=${status}]`);
const press = (page, name) => page.getByTestId(`button-${name}`).and(page.locator(":not([aria-disabled=true])")).click();
const approved = async () => (await ask("/api/v1/cell")).retreat?.status === "moving";

test("an arm that is held on its way goes back when it is let, and stands when it is told", { timeout: PATIENCE_MS }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    const worker = await open(browser, "/worker", { hasTouch: true });
    await signIn(worker);
    await startOrder(board, ID);
    await board.waitForFunction(() => /brings/.test(document.querySelector(".robot-says")?.textContent ?? ""), undefined, { polling: 50, timeout: 120_000 });
    await board.waitForTimeout(1500); // some way off the bin
    await press(board, "hold");
    await retreat(board, "none").waitFor();
    await look(board, "board of a held cell");

    await press(board, "retreat");
    await retreat(board, "previewed").waitFor();
    const way = await board.getByTestId("retreat-way").innerText();
    assert.match(way, /^Back the way it came, \d+ mm\. It keeps its grip on /);
    assert.equal(topic(board, "lane/robot").intent.proposed, true);
    assert.ok(topic(board, "lane/robot").intent.preview.length > 1, "its way is drawn");
    await shoot(board, "retreat_board.png");
    await look(board, "board with the way out");
    await retreat(worker, "previewed").waitFor();
    await look(worker, "worker's page with the way out");
    await pressable(worker, "a retreat");
    await shoot(worker, "retreat_worker.png");
    assert.equal(await approved(), false, "nothing moves before the word");

    await press(worker, "approve_retreat"); // one screen lets it go
    await retreat(board, "moving").waitFor();
    await press(board, "stop_retreat"); // another stops it
    await board.locator("[data-testid=retreat][data-outcome=canceled]").waitFor();
    await shoot(board, "retreat_stopped.png");
    assert.equal((await ask("/api/v1/cell")).state, "held");

    await press(board, "retreat");
    const scene = await open(browser, "/cell"); // which shows the way itself
    await retreat(scene, "previewed").waitFor();
    await look(scene, "scene with the way out");
    await shoot(scene, "retreat_scene.png");
    await press(scene, "approve_retreat");
    await board.locator("[data-testid=retreat][data-outcome=succeeded]").waitFor({ timeout: 60_000 });
    const cell = await ask("/api/v1/cell");
    assert.equal(cell.state, "held");
    assert.ok(cell.buttons.some(({ label }) => label === "unhold"), "and it may go on");
    await press(board, "unhold");
    await board.locator("[data-testid=cell-state][data-state=execute]").waitFor();
    assert.equal(await board.getByTestId("retreat").count(), 0);
    assert.deepEqual([...board.faults, ...worker.faults, ...scene.faults], []);
  }));
