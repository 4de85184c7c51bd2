// The worker's page at rest, asked for a word, and with the longest words: nothing is cut off, near and read from 2 m.
import assert from "node:assert/strict";
import { test } from "node:test";
import { atEachSize, fontSize, fromAfar, shares, SIZES } from "./at_sizes.mjs";
import { look } from "./axe.mjs";
import { abortOrder, card, freshName, open, shoot, startOrder, storeOrder, withBrowser } from "./cell_page.mjs";
import { pressable } from "./targets.mjs";

const LONG = {
  title: "Kegelrollenlageraußenringe paarweise in die Getriebegehäuseunterteilbohrungen einpressen",
  do: "Beide Außenringe mit dem großen Durchmesser nach außen ansetzen, mit der Einpressvorrichtung gleichmäßig bis zum Bund einpressen und anschließend mit der Fühlerlehre ringsum prüfen, dass nirgends ein Spalt bleibt.",
  more: "Die Umgebungstemperatur soll zwischen 18 und 24 °C liegen; Schmierstoffrückstände vorher mit einem fusselfreien Reinigungstuch vollständig entfernen.",
  hazards: { crush: "Finger und Handschuhe während des Einpressvorgangs aus dem Schließbereich der Einpressvorrichtung halten.", edge: "Die Gehäusekanten sind scharf: Schnittschutzhandschuhe tragen." },
};

/** Show the page's card with the longest words that a step may have, each hazard to be acknowledged. */
async function withLongWords(page) {
  const longer = (value) => {
    const asked = value.lots?.length ? value.lots : ["Kegelrollenlageraußenring"];
    const words = Object.fromEntries(Object.entries(value.words).map(([language, said]) => [language, { ...said, ...LONG }]));
    return { ...value, words, hazards: { crush: "danger", edge: "warning" }, lots: asked, part_name: { de: "Kegelrollenlageraußenring, vorgeschmiert" } };
  };
  const changed = (topic, value) => (topic.startsWith("card/") && value?.status === "step" ? longer(value) : value);
  await page.routeWebSocket(/\/ws$/, (here) => {
    const cell = here.connectToServer();
    cell.onMessage((text) => {
      const message = JSON.parse(String(text));
      const { payload } = message;
      if (message.type === "put") payload.value = changed(payload.topic, payload.value);
      if (message.type === "snapshot") for (const topic of Object.keys(payload.topics)) payload.topics[topic] = changed(topic, payload.topics[topic]);
      here.send(JSON.stringify(message));
    });
  });
}

/** Another screen at the same place, in German. */
async function looker(browser) {
  const page = await open(browser, "/", { hasTouch: true, locale: "de-DE" });
  await withLongWords(page);
  await page.evaluate(() => localStorage.setItem("tandem.detail", "novice"));
  await page.goto("/worker");
  return page;
}

const offer = (page, label) => page.getByTestId(`button-${label}`).and(page.locator(":not([aria-disabled=true])")).first();

test("at rest, asked for a word, and with the longest words the page holds, near and from 2 m", { timeout: 7 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const board = await open(browser, "/board");
    const worker = await open(browser, "/worker", { hasTouch: true, locale: "de-DE" });
    await card(worker).and(worker.locator("[data-status=away]")).waitFor();
    await pressable(worker, "who works here");
    await shoot(worker, "size_away.png");
    await worker.getByRole("textbox").fill("Kim");
    await worker.getByTestId("join").click();
    await worker.locator("[data-testid=card][data-status=idle]").waitFor();
    await atEachSize(worker, "idle");
    await fromAfar(worker, "idle");
    await worker.getByTestId("settings").click();
    await worker.getByTestId("key-next").waitFor();
    await pressable(worker, "settings");
    await worker.getByRole("button", { name: "Groß", exact: true }).click();
    assert.equal(await worker.evaluate(() => document.documentElement.dataset.size), "large");
    await worker.reload();
    assert.equal(await worker.evaluate(() => document.documentElement.dataset.size), "large", "the device remembers it");
    await worker.evaluate(() => localStorage.setItem("tandem.size", "normal"));
    await worker.reload();
    await worker.locator("[data-testid=card][data-status=idle]").waitFor();
    assert.equal(await worker.getByTestId("button-work_here").count(), 0, "it is the same screen after a reload");

    await offer(board, "autonomy_approve").click();
    await board.locator("[data-testid=supervision][data-level=approve]").waitFor();
    const id = await storeOrder(freshName("look"));
    await startOrder(board, id);
    await offer(worker, "approve").waitFor({ timeout: 60_000 });
    await atEachSize(worker, "approval");
    await fromAfar(worker, "approval");
    await offer(worker, "approve").click();
    await offer(board, "autonomy_full").click();

    await worker.locator("[data-testid=card][data-status=step]").waitFor({ timeout: 60_000 });
    await worker.setViewportSize(SIZES.lying);
    const [scene, shown] = await shares(worker);
    assert.ok(scene > 0.62 && scene < 0.7, `the scene has about two thirds: ${scene}`);
    assert.ok(shown > 0.3 && shown < 0.38, `the card about one third: ${shown}`);
    const long = await looker(browser);
    await long.locator("[data-testid=card][data-status=step]").waitFor();
    await long.getByTestId("acknowledge").nth(1).waitFor();
    await atEachSize(long, "long");
    await fromAfar(long, "long");
    await long.evaluate(() => (document.documentElement.dataset.size = "large"));
    assert.ok(Math.abs((await fontSize(long, ".title")) - 72) < 4, "the title is read from 2 m");
    assert.ok(Math.abs((await fontSize(long, ".do")) - 48) < 3, "and so is what to do");
    await look(long, "the longest words, from 2 m");
    await long.evaluate(() => delete document.documentElement.dataset.size);
    await long.getByTestId("button-problem").click();
    await long.getByTestId("reason-send").waitFor();
    await pressable(long, "why");
    await shoot(long, "size_reason.png");
    await abortOrder(id);
    assert.deepEqual([...worker.faults, ...long.faults, ...board.faults], []);
  }),
);
