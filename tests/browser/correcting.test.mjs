// A part that came to stand beside its place: while a hand moves it the card says how far off it still is, by the cell's own camera.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { atEachSize, SIZES } from "./at_sizes.mjs";
import { look } from "./axe.mjs";
import { card, freshName, open, shoot, signIn, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const NEAR_MM = 0.8; // how exactly the simulated camera measures a part of this size, with some to spare

/** Have the hand do something in the true cell. */
const hand = (line) =>
  new Promise((done, failed) => {
    const port = Number(readFileSync(join(process.env.TANDEM_DATA, "hand"), "ascii"));
    const socket = connect(port, "127.0.0.1", () => socket.write(`${line}\n`));
    socket.once("data", () => {
      socket.end();
      done();
    });
    socket.once("error", failed);
  });

const live = (page, verdict) => page.locator(`[data-testid=live][data-verdict=${verdict}]`);

/** Wait until the card says that the part is about so far off, that way. */
const saysOff = (page, mm, way) =>
  page.waitForFunction(
    ([wanted, words, near]) => {
      const said = document.querySelector("[data-testid=live][data-verdict=displaced] strong")?.textContent ?? "";
      const found = said.match(/^([\d.,]+) mm (.*?)(,|$)/);
      return found !== null && found[2] === words && Math.abs(Number(found[1].replace(",", ".")) - wanted) < near;
    },
    [mm, way, NEAR_MM],
    { timeout: 60_000 },
  );

test("the card says how far off a part is while it is moved, and the check decides", { timeout: 8 * 60_000 }, () =>
  withBrowser(async (browser) => {
    const page = await open(browser, "/worker", { hasTouch: true });
    await signIn(page);
    await startOrder(await open(browser, "/board"), await storeOrder(freshName("off")));
    await page.locator("[data-testid=card][data-step=shaft][data-status=step]").waitFor();
    const toggle = page.getByTestId("live-toggle");
    assert.equal(await toggle.getAttribute("aria-pressed"), "false", "nobody has asked for it, and nothing is to be corrected");
    await toggle.click();
    await live(page, "missing").waitFor({ timeout: 60_000 });
    assert.match(await live(page, "missing").innerText(), /not there yet/);
    await toggle.click();
    await live(page, "missing").waitFor({ state: "detached" });

    const unit = await card(page).getAttribute("data-unit");
    while (topic(page, `step/${unit}/load`)?.status !== "done") await page.waitForTimeout(100); // a check would wait for the arm
    await page.getByTestId("button-confirm").click();
    await page.locator("[data-testid=card][data-step=shaft][data-attempt='2'][data-status=step]").waitFor({ timeout: 60_000 });
    await live(page, "displaced").waitFor({ timeout: 60_000 }); // by itself: there is something to correct
    await hand("4 0"); // who stands at the front looks at the press from the side
    await saysOff(page, 3.4, "too close to you");
    await page.locator(".scene-labels", { hasText: /mm too close to you/ }).waitFor();
    await shoot(page, "correcting.png");
    await hand("0 -2.5");
    await saysOff(page, 2.1, "too far left");
    await hand("hide");
    await live(page, "cannot_see").waitFor({ timeout: 60_000 });
    assert.match(await live(page, "cannot_see").innerText(), /can't see it[^]*in front of it/);
    await shoot(page, "correcting_hidden.png");
    await hand("show");
    await saysOff(page, 2.1, "too far left");

    await page.evaluate(() => localStorage.setItem("tandem.language", "de"));
    await page.reload();
    await saysOff(page, 2.1, "zu weit links");
    await atEachSize(page, "correcting");
    await page.setViewportSize(SIZES.lying);
    await look(page, "a live deviation");

    await hand("0 0");
    await live(page, "ok").waitFor({ timeout: 60_000 });
    assert.match(await live(page, "ok").innerText(), /In der Toleranz[^]*Prüfung entscheidet/);
    assert.equal(await card(page).getAttribute("data-attempt"), "2", "a look is no check: the step waits for the person's word");
    await shoot(page, "correcting_within.png");
    const checked = () => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === "check_ended" && payload.subject.includes("shaft")).length;
    assert.equal(checked(), 1, "of all these looks one was a check");
    await page.getByTestId("button-confirm").click();
    await page.locator("[data-testid=card]:not([data-step=shaft]), [data-testid=card]:not([data-status=step])").first().waitFor();
    await page.getByTestId("live").waitFor({ state: "detached" });
    await page.waitForFunction(() => document.querySelector("[data-testid=card]").dataset.step !== "shaft", null, { timeout: 60_000 });
    assert.deepEqual(page.faults, []);
  }),
);
