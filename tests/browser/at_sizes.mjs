// The sizes of screen that a worker's page holds on, and what must hold on each.
import assert from "node:assert/strict";
import { shoot } from "./cell_page.mjs";
import { pressable } from "./targets.mjs";

export const SIZES = { lying: { width: 1280, height: 800 }, upright: { width: 800, height: 1280 }, small: { width: 1024, height: 600 } };

/** Where a page is read, too, though nobody works with it. */
export const PHONE = { width: 360, height: 740 };

/** What can be pressed and is not whole on the screen, and what the ribbon or a button cuts off. */
export const beside = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll(".actions button, .actions summary")].filter((element) => element.checkVisibility());
    const off = shown.filter((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
    });
    const says = document.querySelector("[data-testid=robot] span");
    const cut = [...shown, says].filter((element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
    return [...off.map(({ innerText }) => `off: ${innerText}`), ...cut.map(({ innerText }) => `cut: ${innerText}`)];
  });

const actionsShare = (page) => page.evaluate(() => document.querySelector(".actions").getBoundingClientRect().height / innerHeight);

/** Words of the card that are cut off or run over its edge; the card itself may be scrolled, but only up and down. */
const cutWords = (page) =>
  page.evaluate(() => {
    const body = document.querySelector(".card-body");
    const right = body.getBoundingClientRect().right;
    const parts = [...body.querySelectorAll("h1, h2, p, dd, dt, legend, label, button, strong")].filter((one) => one.checkVisibility());
    const over = parts.filter((one) => one.getBoundingClientRect().right > right + 1 || one.scrollWidth > one.clientWidth + 1);
    return [...(body.scrollWidth > body.clientWidth ? ["the card"] : []), ...over.filter((one) => getComputedStyle(one).display !== "inline").map(({ innerText }) => innerText)];
  });

/** How much of the page's width the scene has, and the card. */
export const shares = (page) => page.evaluate(() => [".work > .scene", ".work > .card"].map((part) => document.querySelector(part).getBoundingClientRect().width / innerWidth));

export const fontSize = (page, part) => page.locator(part).first().evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));

export async function atEachSize(page, name) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    await page.waitForTimeout(300); // the scene draws itself anew
    await shoot(page, `size_${name}_${size}.png`);
    const at = `${name}, ${size}`;
    assert.deepEqual(await beside(page), [], at);
    assert.deepEqual(await cutWords(page), [], at);
    assert.ok((await actionsShare(page)) < 0.3, `${at}: the actions leave room for the card`);
    await pressable(page, at);
  }
}

/** The same, as it is read from 2 m. */
export async function fromAfar(page, name) {
  await page.evaluate(() => (document.documentElement.dataset.size = "large"));
  await atEachSize(page, `${name}_large`);
  await page.evaluate(() => delete document.documentElement.dataset.size);
  await page.setViewportSize(SIZES.lying);
}
