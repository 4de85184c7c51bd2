// A reader of German finds no English word of the shipped product and cell on any page, and no page says the same twice.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { changed, decide, next } from "./at_work.mjs";
import { abortOrder, ask, card, open, orderState, shoot, topic, withBrowser } from "./cell_page.mjs";
import { broken } from "./headings.mjs";

const ID = "demo-1";
const STEPS = 7; // of the worker's, of which each is read
const GERMAN = { locale: "de-DE" };
const ROOT = new URL("../../", import.meta.url);
const files = (folder) => readdirSync(new URL(folder, ROOT)).filter((name) => name.endsWith(".yaml")).map((name) => readFileSync(new URL(`${folder}/${name}`, ROOT), "utf8"));
const shipped = [...files("instructions/gear_reducer"), ...files("instructions/common"), readFileSync(new URL("launch/cells/demo.yaml", ROOT), "utf8")];

/** What the shipped files say in English, and German says otherwise: names, whole texts, alternative texts of pictures. */
function english() {
  const found = new Set();
  const german = new Set();
  const put = (set, text) => set.add(text.trim().replaceAll(/^["']|["']$/g, "").replaceAll(/\s+/g, " "));
  for (const file of shipped) {
    for (const [, en, de] of file.matchAll(/\{en: ("[^"]*"|[^,{}]+), de: ("[^"]*"|[^,{}]+)\}/g)) {
      put(found, en);
      put(german, de);
    }
    for (const [, language, block] of file.matchAll(/^(en|de):\n((?: .*\n?|\n)+)/gm)) {
      for (const [, text] of block.matchAll(/^ +(?:- )?(?:\w+: +)?(.+)$/gm)) put(language === "en" ? found : german, text.replace(/^\w+: /, ""));
    }
  }
  return [...found].filter((text) => !german.has(text) && text.length > 2 && !/[$|>{]/.test(text));
}

const ENGLISH = english();

/** The words of a page: what is seen, and what is said to who does not see it. Names in code are the files' own keys. */
const said = (page) =>
  page.evaluate(() => {
    const spoken = [...document.querySelectorAll("[aria-label], [alt], [title], [placeholder]")].flatMap((one) => ["aria-label", "alt", "title", "placeholder"].map((name) => one.getAttribute(name) ?? ""));
    return [document.body.innerText, ...spoken].join("\n");
  });

const faults = new Set();

/** Note what is English on a page, stands there twice, or breaks in the middle of a word of a heading on a phone. */
async function check(page, about) {
  const words = (await said(page)).replaceAll(/\s+/g, " ");
  for (const text of ENGLISH) {
    const whole = new RegExp(`(?<![\\wÄÖÜäöüß/#.-])${text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\wÄÖÜäöüß_-])`);
    const at = words.search(whole);
    if (at >= 0) faults.add(`"${text}" on ${about}: …${words.slice(Math.max(0, at - 60), at + 60)}…`);
  }
  const lines = (await page.evaluate(() => document.body.innerText)).split("\n").map((line) => line.trim());
  const sentences = lines.filter((line) => /^\p{Lu}.* .*\.$/u.test(line));
  const lists = about === "/calibrate"; // each camera for itself
  for (const [i, line] of lists ? [] : sentences.entries()) if (sentences.indexOf(line) !== i) faults.add(`twice on ${about}: ${line}`);
  for (const word of await broken(page)) faults.add(`${word}, on ${about}`);
}

const DONE = { name: /^(Fertig|Stimmt so)$/ };

/** Acknowledge, enter and choose what the card asks for, by what it is: the words are German. */
async function answer(page, { asks, unit }) {
  for (const button of await page.getByTestId("acknowledge").all()) {
    if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  }
  for (const field of await page.locator(".asks [data-kind]").all()) {
    const kind = await field.getAttribute("data-kind");
    if (kind === "claim") await field.click();
    else if (kind === "choice") await field.locator("button[data-passing=true]").first().click();
    else if (kind === "lot") await field.fill("LOT-0815");
    else {
      const name = (await field.getAttribute("data-testid")).replace("ask-", "");
      const { nominal, low, high, pattern } = asks.find(({ value }) => value === name).spec;
      await field.fill(kind === "number" ? String(nominal ?? (low + high) / 2).replace(".", ",") : pattern.replaceAll("$serial", unit) || "CODE-1");
    }
  }
}

test("the shipped files say enough in English for that to mean something", () => {
  assert.ok(ENGLISH.length > 60, `${ENGLISH.length} texts`);
  for (const text of ["Bearing box", "Screwdriver", "Gear reducer", "Camera from above", "Housing"]) assert.ok(ENGLISH.includes(text), text);
});

test("every page in German is German, at rest and at work", { timeout: 420_000 }, () =>
  withBrowser(async (browser) => {
    const worker = await open(browser, "/worker?place=front", GERMAN);
    await card(worker).and(worker.locator(":not([data-status=none])")).waitFor();
    await check(worker, "the worker's page before anybody is there");
    await worker.getByRole("textbox").first().fill("Kim");
    await worker.getByTestId("join").click();
    await worker.locator("[data-testid=card][data-status=idle]").waitFor();
    await check(worker, "the worker's page without an order");

    const board = await open(browser, "/board", GERMAN);
    await board.getByTestId("events").waitFor();
    await check(board, "the board at rest");
    await board.getByTestId("new-order").click();
    await check(board, "the form of a new order");
    for (const [path, name] of [["/", "start"], ["/cell", "cell"], ["/jog", "jog"], ["/calibrate", "calibrate"], ["/recover", "recover"]]) {
      const page = await open(browser, path, GERMAN);
      await page.getByRole("heading").first().waitFor();
      if (name === "cell") await page.locator("[data-testid=scene][data-state=ready]").waitFor({ timeout: 60_000 });
      await check(page, path);
      await shoot(page, `german_${name}.png`);
      assert.deepEqual(page.faults, [], path);
      await page.context().close();
    }

    await ask(`/api/v1/orders/${ID}/start`, {});
    await board.locator(`[data-testid=order][data-order="${ID}"][data-state=running]`).waitFor();
    await board.getByTestId("unit-in-work").getByText(/in Aufnahme [12]/).waitFor();
    const seen = new Set();
    for (;;) {
      await next(worker, ID);
      const at = topic(worker, "card/front");
      if (at.status === "done" || (await orderState(ID)) === "ended" || seen.size === STEPS) break;
      await check(worker, `the card of ${at.step}`);
      await check(board, `the board at ${at.step}`);
      if (!seen.has(at.step)) await shoot(worker, `german_${at.step.replaceAll(/\W/g, "_")}.png`);
      seen.add(at.step);
      if (at.status === "attention") {
        await decide(worker);
        continue;
      }
      await answer(worker, at);
      const moved = changed(worker);
      await worker.getByRole("button", DONE).click();
      await moved;
    }
    assert.equal(seen.size, STEPS, [...seen].join(" "));
    await abortOrder(ID);
    await look(board, "the board in German");
    await shoot(board, "german_board.png");
    assert.deepEqual([...faults], []);
    assert.deepEqual([...worker.faults, ...board.faults], []);
  }),
);
