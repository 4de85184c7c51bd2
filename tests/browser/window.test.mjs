// The magic window: a tablet's camera (a film of a printed board, seen from known places) and the step drawn onto its picture.
import assert from "node:assert/strict";
import { mkdtempSync, openSync, closeSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { leaning, picture } from "../../web/test/pictures.mjs";
import { changed, DONE, fillIn } from "./at_work.mjs";
import { SIZES } from "./at_sizes.mjs";
import { look } from "./axe.mjs";
import { pressable } from "./targets.mjs";
import { abortOrder, ask, card, freshName, open, shoot, signIn, startOrder, storeOrder, withBrowser } from "./cell_page.mjs";

const PATIENCE_MS = 9 * 60_000;
const CAMERA = { width: 1280, height: 720, focal_px: 1010, centre_px: [646, 353], bend: 0.02 };
// Tilt, towards, roll (degrees) and place (m) of the board before the camera.
const FILM = [[30, 0, 5, 0, 0, 0.8], [35, 90, 20, 0.1, 0, 0.7], [35, 180, -10, -0.1, 0.05, 0.65], [35, 270, 35, 0.05, -0.05, 0.6], [25, 45, 80, 0.1, 0.06, 0.7], [40, 135, 15, -0.1, -0.06, 0.75], [24, 225, 0, 0, 0, 0.55], [30, 315, 50, 0.12, -0.06, 0.8], [35, 60, 0, 0.05, 0, 0.9], [28, 200, 25, 0, 0.04, 0.7]];
const REPEATED = 5; // pictures of each, at 5 a second
const LIMIT_M = 0.003;

test("a tablet's camera sees the board, is measured, and shows the step in place", { timeout: PATIENCE_MS }, async () => {
  const { registration } = await ask("/api/v1/scene");
  const folder = mkdtempSync(join(tmpdir(), "tandem-film-"));
  try {
    const film = join(folder, "board.y4m");
    shootFilm(film, registration.board);
    await withBrowser((browser) => throughTheWindow(browser, registration.board), ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function throughTheWindow(browser, board) {
  const worker = await open(browser, "/worker", { hasTouch: true });
  await signIn(worker);
  const id = await storeOrder(freshName("window"));
  await ask("/api/v1/cell", { type: "change_cell", verb: "start" });
  await startOrder(await open(browser, "/board"), id);
  try {
    await worker.getByTestId("way-headset").press("Enter");
    await worker.getByTestId("ways-why").waitFor(); // this device has none, and the page says so
    await worker.getByTestId("way-window").click();
    await worker.getByTestId("ruler").waitFor();
    await look(worker, "size check");
    await pressable(worker, "measuring the board");
    await shoot(worker, "window-ruler.png");
    await worker.locator("#ruler").fill("92");
    await worker.getByRole("button", { name: "Use the board" }).click();
    await worker.getByText("can’t be used in this size").waitFor();
    for (const [size, viewport] of Object.entries(SIZES)) {
      await worker.setViewportSize(viewport);
      await shoot(worker, `window-ruler_${size}.png`);
      assert.deepEqual(await worker.getByTestId("ruler").evaluate(reached), [], `the size check, ${size}`);
    }
    await worker.setViewportSize(SIZES.lying);
    await worker.locator("#ruler").fill("100");
    await worker.getByRole("button", { name: "Use the board" }).click();

    const onlook = worker.getByTestId("onlook");
    await worker.locator("[data-testid=onlook]:not([data-seen=starting])").waitFor();
    await shoot(worker, "window-assumed.png");
    await worker.locator("[data-testid=onlook][data-taken='']").waitFor({ timeout: 120_000 }); // the lens is measured
    await card(worker).and(worker.locator("[data-status=step]")).waitFor({ timeout: 120_000 });
    const goal = await worker.evaluate(() => fetch("/api/v1/scene").then((found) => found.json()).then(({ frames }) => frames.press.p));
    for (let checked = 0; checked < 5; ) {
      await worker.locator("[data-testid=onlook][data-seen=good]").waitFor({ timeout: 60_000 });
      const said = await onlook.evaluate(({ dataset }) => ({ seen: dataset.seen, off_mm: Number(dataset.offMm), eye: dataset.eye }));
      if (said.seen !== "good" || !said.eye) continue;
      const off_m = drawnBeside(JSON.parse(said.eye), goal, board);
      assert.ok(off_m < LIMIT_M, `drawn ${off_m * 1000} mm beside its place, said ± ${said.off_mm}`);
      checked += 1;
      await worker.waitForTimeout(900);
    }
    await worker.locator("[data-testid=onlook][data-seen=good]").waitFor({ timeout: 60_000 });
    await pressable(worker, "the window");
    await shoot(worker, "window.png");
    assert.ok((await coloured(worker)) > 200, "the goal is drawn into the camera's grey picture");
    await look(worker, "magic window");
    for (const [size, viewport] of Object.entries(SIZES)) {
      await worker.setViewportSize(viewport);
      await worker.locator("[data-testid=onlook][data-seen=good]").waitFor({ timeout: 60_000 });
      await shoot(worker, `window_${size}.png`);
    }
    await worker.setViewportSize(SIZES.lying);

    const { unit, step } = await card(worker).evaluate(({ dataset }) => ({ ...dataset }));
    await fillIn(worker);
    const moved = changed(worker);
    await worker.getByRole("button", DONE).click();
    await moved;
    assert.equal(await worker.locator(".scene").getAttribute("data-way"), "window", "the step is confirmed, and the picture goes on");
    const said = () => worker.heard.filter(({ type, payload }) => type === "happened" && payload.type === "step_confirmed");
    while (said().length === 0) await worker.waitForTimeout(50);
    assert.ok(said()[0].payload.subject.includes(unit) && said()[0].payload.subject.includes(step), `${said()[0].payload.subject} is not ${unit} ${step}`);
    await onlook.waitFor();
    await worker.getByTestId("way-view").click();
    await worker.locator("[data-testid=scene][data-state=ready]").waitFor({ timeout: 60_000 });
    assert.deepEqual(worker.faults, []);
  } finally {
    await abortOrder(id);
  }
}

/** In the page: what of a form can't be brought into sight, or has the ways' switch before it, though scrolled to. */
function reached(form) {
  const room = form.closest(".scene").getBoundingClientRect();
  const switches = document.querySelector(".ways").getBoundingClientRect();
  return [...form.querySelectorAll("h2, p:not(:empty), a, input, button")].flatMap((one) => {
    one.scrollIntoView({ block: "nearest" });
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const out = top < room.top - 1 || bottom > room.bottom + 1;
    const under = right > switches.left && bottom > switches.top && top < switches.bottom && left < switches.right;
    return out || (under && one.matches("a, input, button")) ? [`${one.tagName} ${one.innerText || one.id}`] : [];
  });
}

/** How many pixels of the film, which is grey, are coloured, beside what lies over it. */
async function coloured(page) {
  const shot = await page.locator(".scene").screenshot({ mask: [page.locator(".ways"), page.locator(".onlook-known")], maskColor: "#808080" });
  return page.evaluate(async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 24) sum += 1;
    return sum;
  }, [...shot]);
}

/** Write the film as Y4M, grey. */
function shootFilm(path, board) {
  const { width, height } = CAMERA;
  const file = openSync(path, "w");
  writeSync(file, `YUV4MPEG2 W${width} H${height} F5:1 Ip A1:1 C420\n`);
  const plain = Buffer.alloc((width * height) / 2, 128);
  for (const [i, [tilt, towards, roll, x, y, z]] of FILM.entries()) {
    const { data } = picture(board, CAMERA, leaning(tilt, towards, roll), [x, y, z], { seed: i + 1, noise: 1.5 });
    const grey = Buffer.alloc(width * height);
    for (let k = 0; k < grey.length; k += 1) grey[k] = 16 + Math.round((data[4 * k] * 219) / 255); // video range
    for (let n = 0; n < REPEATED; n += 1) {
      writeSync(file, "FRAME\n");
      writeSync(file, grey);
      writeSync(file, plain);
    }
  }
  closeSync(file);
}

/** How far beside the real goal the page's camera draws it, for the view of the film that it is most like. */
function drawnBeside(eye, goal, board) {
  const [w, x, y, z] = board.pose.q;
  const turn = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y), 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x), 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)];
  const from = goal.map((v, i) => v - board.pose.p[i]);
  const onBoard = [0, 1, 2].map((i) => turn[i] * from[0] + turn[3 + i] * from[1] + turn[6 + i] * from[2]);
  const at = goal.map((v, i) => v - eye[12 + i]);
  const drawn = [0, 1, 2].map((c) => eye[4 * c] * at[0] + eye[4 * c + 1] * at[1] + eye[4 * c + 2] * at[2]);
  const seen = [drawn[0] / -drawn[2], -drawn[1] / -drawn[2]];
  const offs = FILM.map(([tilt, towards, roll, ...place]) => {
    const m = leaning(tilt, towards, roll);
    const p = [0, 1, 2].map((r) => m[3 * r] * onBoard[0] + m[3 * r + 1] * onBoard[1] + m[3 * r + 2] * onBoard[2] + place[r]);
    return Math.hypot(p[0] / p[2] - seen[0], p[1] / p[2] - seen[1]) * p[2];
  });
  return Math.min(...offs);
}

