// The plate that a headset shows, in each state of the card.
import assert from "node:assert/strict";
import { test } from "node:test";
import { abortOrder, withBrowser } from "./cell_page.mjs";
import { atStep, drawn, hold, keep, wear } from "./plate.mjs";
import { pressByRay, session } from "./quest.mjs";

const PATIENCE_MS = 8 * 60_000;

test("a headset's plate is whole and legible in every state of the card", { timeout: PATIENCE_MS }, () =>
  withBrowser(async (browser) => {
    const id = await atStep(browser);
    for (const look of [["light", "en"], ["dark", "de"]]) {
      const { page, line, all } = await wear(browser, look);
      const see = async (name) => {
        const seen = await drawn(page);
        keep(`panel_${name}_${look.join("_")}.png`, seen);
        hold(`${name}, ${look}`, seen);
      };
      for (const [name, topics] of Object.entries(all)) {
        line.tell(topics);
        await see(name);
      }
      line.tell(all.claim);
      await page.locator(".mirror .claim").waitFor({ state: "attached" });
      const knob = () => page.locator(".mirror .claim").evaluate((one) => one.querySelector(".knob > span").getBoundingClientRect().left - one.getBoundingClientRect().left);
      const off = await knob();
      await pressByRay(page, ".claim");
      await see("claimed");
      assert.ok((await knob()) > off + 20, "that it is claimed is seen by more than its colour");
      line.tell(all.number);
      await page.locator(".mirror [data-kind=number]").waitFor({ state: "attached" });
      await pressByRay(page, "[data-of=ask-torque_Nm]");
      await page.locator(".mirror .keypad").waitFor({ state: "attached" });
      await see("keypad");
      line.tell(all.step);
      await pressByRay(page, "[data-of=more] summary");
      await page.locator(".mirror .further-sheet").waitFor({ state: "attached" });
      await see("more");
      await pressByRay(page, "[data-of=more] summary");
      await pressByRay(page, "[data-of=button-problem]");
      await page.locator(".mirror dialog").waitFor({ state: "attached" });
      await see("reason");
      const reason = await page.locator("dialog .chip-button").first().innerText();
      await pressByRay(page, "dialog .chip-button");
      await page.locator(".mirror dialog .mirror-text", { hasText: reason }).waitFor({ state: "attached" }); // what was chosen is written
      await see("reasoned");
      await pressByRay(page, "dialog .act-plain");
      await page.locator(".mirror dialog").waitFor({ state: "detached" });
      line.cut();
      await page.getByTestId("offline").waitFor();
      await see("offline");
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
    await abortOrder(id);
  }),
);

test("a picture that comes late is on the plate once it is there, and the words of one that never comes", { timeout: PATIENCE_MS }, () =>
  withBrowser(async (browser) => {
    const id = await atStep(browser);
    let come;
    const waiting = new Promise((go) => (come = go));
    const { page, line, all } = await wear(browser, ["light", "en"], (context) =>
      context.route(/press_lower\.png/, async (route) => {
        await waiting;
        await (route.request().url().endsWith("gone") ? route.abort() : route.continue());
      }),
    );
    await page.locator(".mirror .mirror-alt").waitFor({ state: "attached" });
    const before = await drawn(page);
    assert.ok(before.texts.some(({ text }) => text === "bearing"), "until then its words stand there");
    come();
    await page.locator(".mirror canvas.mirror-picture").waitFor({ state: "attached" });
    await session.frames(page, 2);
    assert.ok((await drawn(page)).colours > before.colours + 200, "the picture is drawn");

    const other = JSON.parse(JSON.stringify(all.step).replaceAll("press_lower.png", "press_lower.png?gone"));
    line.tell(other);
    await page.locator(".mirror .mirror-alt").waitFor({ state: "attached" });
    hold("a picture that never comes", await drawn(page));
    assert.deepEqual(page.faults, []);
    await abortOrder(id);
  }),
);
