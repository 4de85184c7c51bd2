// A language more is one file: with it the pages, what the cell says and its refusals are in that language, on every page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../../web/test/bundle.mjs";
import { next } from "./at_work.mjs";
import { abortOrder, ask, card, freshName, open, shoot, topic, withBrowser } from "./cell_page.mjs";

const { en } = await load("words/en.ts");
const { sentences } = await load("words/sentences.ts");

const ID = "demo-1";
const SPEAKER = { locale: "eo" }; // its file says all English between brackets
const NAMED = new Set(["Tandem", "Kim", "English", "Deutsch", "JSON", "REST", "AsyncAPI"]);

/** Every text in it. */
function* texts(value) {
  if (typeof value === "string") yield value;
  else if (value && typeof value === "object") for (const one of Object.values(value)) yield* texts(one);
}
// What pages and cell say in English: none of it may stand outside of brackets.
const ENGLISH = new Set([...texts(en), ...sentences].filter((text) => text.length > 3 && !NAMED.has(text)));

/** What is seen on a page outside of any brackets, piece by piece. */
const outside = (page) =>
  page.evaluate(() => {
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const { data, parentElement } = walk.currentNode;
      if (parentElement?.checkVisibility()) found.push(data.replaceAll(/⟦[^⟦⟧]*⟧/g, "").replaceAll(/[⟦⟧]/g, "").trim());
    }
    return found.filter(Boolean);
  });

/** That nothing English of the product's own is seen on a page, and much in the language. */
async function check(page, about, least = 5) {
  const own = await page.evaluate(() => document.body.innerText.split("⟦").length - 1);
  assert.ok(own >= least, `${about} says ${own} texts in its language`);
  assert.deepEqual((await outside(page)).filter((text) => ENGLISH.has(text)), [], about);
  assert.deepEqual(page.faults, [], about);
}

test("with one file more every page, the card and a refusal are in its language", { timeout: 6 * 60_000 }, () =>
  withBrowser(async (browser) => {
    assert.ok(ENGLISH.size > 400, `${ENGLISH.size} English texts`);
    for (const path of ["/", "/board", "/cell", "/jog", "/calibrate", "/recover"]) {
      const page = await open(browser, path, SPEAKER);
      await page.getByRole("heading", { name: "⟦" }).first().waitFor();
      await check(page, path);
      await shoot(page, `language_${path.slice(1) || "start"}.png`);
      await page.context().close();
    }

    const worker = await open(browser, "/worker?place=front", SPEAKER);
    await card(worker).and(worker.locator(":not([data-status=none])")).waitFor();
    await worker.getByRole("textbox").first().fill("Kim");
    await worker.getByTestId("join").click();
    await card(worker).filter({ hasText: "⟦An order waits to be started.⟧" }).waitFor();
    await check(worker, "a card without an order", 3);

    await ask(`/api/v1/orders/${ID}/start`, {});
    await next(worker, ID);
    assert.equal(topic(worker, "card/front").status, "step");
    await check(worker, "a card");
    await shoot(worker, "language_card.png");

    // what the cell refuses it says in every language that it has, whoever asks
    const { command } = topic(worker, "card/front").buttons.find((button) => button.command.type === "confirm_step");
    const refused = await ask("/api/v1/commands", { id: freshName("late"), command: { ...command, attempt: 7 } }).catch((error) => error.message);
    assert.match(refused, /409/);
    const said = JSON.parse(refused.slice(refused.indexOf("{")));
    assert.match(said.says?.eo ?? JSON.stringify(said), /^⟦/);
    await abortOrder(ID);
  }),
);
