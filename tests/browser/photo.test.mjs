// A step that asks for a picture: taken with the tablet's camera, looked at, taken again; kept without a line and handed in
// once before its word; from a file where the page has no camera. Supervisor and record show it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { look } from "./axe.mjs";
import { changed, decide, fillIn, next } from "./at_work.mjs";
import { pressable } from "./targets.mjs";
import { abortOrder, ask, card, freshName, open, shoot, startOrder, storeOrder, topic, withBrowser } from "./cell_page.mjs";

const CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
const WAIT = { timeout: 60_000 };
const GERMAN = { locale: "de-DE" };
const happened = (page, kind) => page.heard.filter(({ type, payload }) => type === "happened" && payload.type === kind);

/** Let Kim work at the front, and the cell run. */
async function begin() {
  const say = (command) => ask("/api/v1/commands", { id: freshName(command.type), command });
  await say({ type: "join_place", place: "front", operator: "Kim" });
  await say({ type: "change_cell", verb: "start" });
}

/** Do the steps before the one that is to be photographed, in whatever language the card is. */
async function untilPhoto(worker, id) {
  for (;;) {
    await next(worker, id);
    const { status, photo } = topic(worker, "card/front");
    if (photo) return worker.getByTestId("photo-check").waitFor();
    if (status === "attention") await decide(worker);
    else if (status === "step" && (await done(worker).count())) {
      await fillIn(worker);
      const moved = changed(worker);
      await done(worker).click();
      await moved;
    } else await worker.waitForTimeout(100);
  }
}

/** Take a picture with the page's viewfinder. */
async function take(worker) {
  await worker.getByTestId("photo-take").click();
  await worker.locator("[data-testid=finder][data-camera=live]").waitFor(WAIT);
  await worker.getByTestId("finder-shoot").click();
  await worker.getByTestId("finder-still").waitFor();
}

const done = (page) => page.locator("[data-command=confirm_step]");
const source = (page) => page.getByTestId("photo-taken").getAttribute("src");

/** A page by http over a network at the same step: the device's own camera takes the picture, which is made smaller. */
async function withoutCamera(browser) {
  const plain = await open(browser, "/board", { hasTouch: true });
  await plain.addInitScript(() => Object.defineProperty(window, "isSecureContext", { value: false }));
  await plain.goto("/worker");
  await plain.getByTestId("photo-take").waitFor(WAIT);
  const [chooser] = await Promise.all([plain.waitForEvent("filechooser", WAIT), plain.getByTestId("photo-take").click()]);
  assert.equal(await plain.getByTestId("finder").count(), 0);
  await chooser.setFiles({ name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await plain.getByRole("alert").filter({ hasText: "That file is no picture" }).waitFor();
  const large = await plain.evaluate(() => Object.assign(document.createElement("canvas"), { width: 3200, height: 2400 }).toDataURL("image/png").split(",")[1]);
  await plain.getByTestId("photo-file").setInputFiles({ name: "IMG_1.png", mimeType: "image/png", buffer: Buffer.from(large, "base64") });
  await plain.getByTestId("photo-taken").waitFor();
  const size = () => plain.getByTestId("photo-taken").evaluate(async (img) => (await img.decode(), [img.naturalWidth, img.naturalHeight]));
  assert.deepEqual(await size(), [1600, 1200], "no larger than it is kept");
  assert.deepEqual(plain.faults, []);
  await plain.close();
}

/** The instruction's own picture and film: drawn, with words for who can't see them, and captions in the next best language. */
async function pictureAndFilm(worker) {
  const picture = worker.locator(".media img");
  await picture.scrollIntoViewIfNeeded();
  await worker.waitForFunction(() => document.querySelector(".media img")?.naturalWidth > 400);
  assert.match(await picture.getAttribute("alt"), /^Welle umgedreht/);
  const film = worker.locator(".media video");
  await film.scrollIntoViewIfNeeded();
  await worker.waitForFunction(() => document.querySelector(".media video")?.textTracks[0]?.cues?.length === 1);
  assert.deepEqual(
    await film.evaluate(({ textTracks: [track] }) => [track.kind, track.language, track.label, track.mode, track.cues[0].text]),
    ["captions", "en", "Englisch", "showing", "Press on the inner ring only."],
    "nobody has written German ones: the English are shown",
  );
  await pressable(worker, "a card with a film");
  await shoot(worker, "media.png");
}

test("a picture is taken, taken again, and stays with the step it was made for, without a line too", { timeout: 8 * 60_000 }, () =>
  withBrowser(async (browser) => {
    await begin();
    const worker = await open(browser, "/worker", { hasTouch: true, ...GERMAN });
    await worker.evaluate(() => navigator.serviceWorker.ready);
    const board = await open(browser, "/board");
    const id = await storeOrder(freshName("photo"));
    await startOrder(board, id);
    await untilPhoto(worker, id);
    const step = await card(worker).getAttribute("data-step");
    assert.equal(step, "press_lower");

    await pictureAndFilm(worker);

    // without a picture the card says what is missing, and so does the cell to whoever asks past it
    await fillIn(worker);
    await done(worker).click();
    await worker.getByTestId("photo-check").locator("..").getByText("Nehmen Sie zuerst ein Bild auf.").waitFor();
    const { command } = topic(worker, "card/front").buttons.find((button) => button.command.type === "confirm_step");
    await assert.rejects(ask("/api/v1/commands", { id: freshName("none"), command }), /409.*missing_photo/);
    await assert.rejects(ask("/api/v1/commands", { id: freshName("no"), command: { ...command, photo: "ab".repeat(32) } }), /409.*unknown_photo/);
    await shoot(worker, "photo_missing.png");
    await look(worker, "a card that asks for a picture");
    await look(worker, "a card that asks for a picture, AAA", { part: "[data-testid=photo-check]", rules: ["color-contrast-enhanced"] });

    await withoutCamera(browser);
    await take(worker);
    await look(worker, "picture before it counts");
    await pressable(worker, "a picture before it counts");
    await shoot(worker, "photo_still.png");
    await worker.getByTestId("finder-again").click();
    await worker.getByTestId("finder-still").waitFor({ state: "detached" });
    await look(worker, "viewfinder");
    await pressable(worker, "the viewfinder");
    await shoot(worker, "photo_finder.png");
    await worker.getByTestId("finder-shoot").click();
    await worker.getByTestId("finder-use").click();
    await worker.getByTestId("finder").waitFor({ state: "detached" });
    const first = await source(worker);
    await take(worker);
    await worker.getByRole("dialog").getByRole("button", { name: "Zurück" }).click();
    assert.equal(await source(worker), first, "going back keeps the one before");
    await take(worker);
    await worker.getByTestId("finder-use").click();
    assert.notEqual(await source(worker), first, "taken again");
    await worker.reload();
    await worker.getByTestId("photo-taken").waitFor(); // a reload takes it from nobody
    await fillIn(worker);
    await shoot(worker, "photo_taken.png");

    // said without a line: word and picture wait on the device, over a reload, and are handed in once
    await worker.context().setOffline(true);
    await worker.getByTestId("offline").waitFor();
    await take(worker);
    await worker.getByTestId("finder-use").click();
    await worker.getByTestId("finder").waitFor({ state: "detached" });
    await done(worker).click();
    await worker.getByTestId("keep-yes").click();
    await worker.getByTestId("kept-waiting").getByTestId("kept-photo").waitFor();
    await worker.reload();
    await worker.getByTestId("kept-waiting").getByTestId("kept-photo").waitFor();
    await pressable(worker, "a picture that is kept");
    await shoot(worker, "photo_offline.png");
    await look(worker, "a picture that is kept");
    assert.equal(happened(board, "photo_kept").length, 0);
    await worker.context().setOffline(false);
    await worker.getByTestId("kept-taken").waitFor(WAIT);
    const shown = board.locator(`[data-step="${step}"]`).getByTestId("photo");
    await shown.waitFor(WAIT);
    assert.deepEqual(
      board.heard.filter(({ type }) => type === "happened").map(({ payload }) => payload.type).filter((kind) => kind === "photo_kept" || kind === "step_confirmed").slice(-2),
      ["photo_kept", "step_confirmed"],
      "the picture before its word",
    );
    assert.equal(happened(board, "photo_kept").length, 1, "once");
    const { events } = await ask("/api/v1/events?type=step_confirmed");
    const said = events.findLast(({ payload }) => payload.step === step).payload;
    assert.equal(said.said_t !== null && said.photo.length, 64);

    // what the supervisor sees is the picture itself, with words for who can't
    await shown.locator("img").scrollIntoViewIfNeeded();
    await board.waitForFunction((name) => [...document.querySelectorAll("[data-testid=photo] img")].some((img) => img.src.includes(name) && img.naturalWidth > 0), said.photo);
    assert.match(await shown.locator("img").getAttribute("alt"), /^A worker’s picture: Press the lower bearing/);
    await shoot(board, "photo_board.png");
    await look(board, "board with a picture");
    await abortOrder(id);
    assert.deepEqual([...worker.faults, ...board.faults], []);
  }, CAMERA),
);
