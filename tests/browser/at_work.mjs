// A person at work at the worker's page: enters what the card asks for, confirms, decides.
import { answerFor, card, orderState, topic } from "./cell_page.mjs";

/** What a person says of a step in their hands. */
export const DONE = { name: /^(Done|It is right)$/ };

const STEP_MS = 3 * 60_000; // the robot may have several steps between two of the person's

/** Acknowledge, enter and choose what the card asks for. */
export async function fillIn(page) {
  for (const button of await page.getByTestId("acknowledge").all()) {
    if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  }
  for (const field of await page.locator(".asks [data-kind]").all()) {
    const kind = await field.getAttribute("data-kind");
    if (kind === "claim") await field.click();
    else if (kind === "choice") await field.locator("button[data-passing=true]").first().click();
    else await field.fill(await answerFor(field, page));
  }
}

/** Wait until the card wants something, or the order has ended: then another order may wait and the card rests. */
export async function next(worker, id) {
  for (const began = Date.now(); ; ) {
    try {
      await worker.waitForFunction(
        () => ["step", "attention", "done"].includes(document.querySelector("[data-testid=card]")?.dataset.status ?? ""),
        undefined,
        { timeout: 3000 },
      );
      return;
    } catch (error) {
      if ((await orderState(id)) === "ended") return;
      if (Date.now() - began > STEP_MS) throw new Error(`the card wants nothing for long: ${await standing(worker)}`, { cause: error });
    }
  }
}

/** What the page shows, and was told last of its card, the cell and the robot: for whoever reads that a test waited in vain. */
async function standing(page) {
  const told = ["card/front", "cell", "lane/robot"].map((name) => [name, topic(page, name)]);
  const shown = await page.locator("body").innerText();
  return JSON.stringify({ shown, faults: page.faults, sockets: page.sockets, ...Object.fromEntries(told) });
}

/** Go on until the card asks for a step of the person's own, not for one that they do together with the robot. */
export async function ownStep(worker, id) {
  for (;;) {
    await next(worker, id);
    const { status, together } = topic(worker, "card/front");
    if (status === "step" && !together && (await worker.getByRole("button", DONE).count())) return card(worker).getAttribute("data-step");
    if (status === "attention") await decide(worker);
    else if (status === "step") {
      await fillIn(worker);
      const moved = changed(worker);
      await worker.getByRole("button", DONE).click();
      await moved;
    } else await worker.waitForTimeout(100);
  }
}

/** Answer a question with the first choice that the card offers. */
export async function decide(page) {
  const moved = changed(page);
  await page.locator(".actions-main button").first().click();
  const reason = page.getByRole("textbox", { name: "Please say why" });
  if (await reason.isVisible()) {
    await reason.fill("decided in the test");
    await page.getByTestId("reason-send").click();
  }
  await moved;
}

/** Resolves when the card is about another step, attempt or state, or asks another question; it may say more about the same. */
export function changed(page) {
  const moved = page.evaluate(about, null).then((before) => page.waitForFunction(about, before, { timeout: 60_000 }));
  moved.catch(() => {}); // who waits for it hears of it; where something else fails first, that is what is told
  return moved;
}

/** In the page: what its card is about, or whether that is something else than `old`. */
function about(old) {
  const { unit, step, attempt, status } = document.querySelector("[data-testid=card]")?.dataset ?? {};
  const question = status === "attention" ? document.querySelector("[data-testid=state-attention]")?.innerText : "";
  const now = [unit, step, attempt, status, question].join("\n");
  return old === null ? now : now !== old;
}
