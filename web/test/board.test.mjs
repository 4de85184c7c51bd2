// Pictures of a printed board at known poses: where the cell is drawn, against where it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";
import { leaning, picture } from "./pictures.mjs";

const { Board } = await load("ar/board.ts");
const { Finder } = await load("ar/sight.ts");
const { face } = await load("ar/facing.ts");
const { measure } = await load("ar/intrinsics.ts");
const { beside_m } = await load("ar/trust.ts");
const { assumed, seen } = await load("ar/lens.ts");
const { Tracker } = await load("ar/tracker.ts");
const A = await load("ar/algebra.ts");

const VIEW = { name: "guide", squares: [7, 5], square_m: 0.033, marker_m: 0.023, dictionary: "4x4_50", pose: { p: [0, 0, 0], q: [1, 0, 0, 0] } };
const CAMERA = { width: 1280, height: 720, focal_px: 1010, centre_px: [646, 353], bend: 0.03 };
const GOALS = [[0, 0, 0], [0.3, 0.2, 0.02], [-0.3, 0.2, 0.05], [0, -0.3, 0.1]]; // within a forearm of the board
const LIMIT_M = 0.003;
const board = new Board(VIEW);
const finder = await Finder.of(board);

/** Tilt, towards, roll (degrees) and place (m) of the views from which the lens is measured. */
const ROUND = [[30, 0, 5, 0, 0, 0.9], [35, 90, 20, 0.1, 0, 0.8], [35, 180, -10, -0.1, 0.05, 0.7], [35, 270, 35, 0.05, -0.05, 0.6], [25, 45, 80, 0.15, 0.1, 0.8], [40, 135, 15, -0.15, -0.1, 0.8], [20, 225, 0, 0, 0, 0.5], [30, 315, 50, 0.2, -0.1, 0.9]];
const METRE = [[12, 30, 4, 0.05, 0.02, 1], [40, 100, 60, -0.2, 0.1, 1], [25, 200, 170, 0.25, -0.15, 1]];

const shot = ([tilt, towards, roll, x, y, z], options) => {
  const placed = { turn: leaning(tilt, towards, roll), at: [x, y, z] };
  return { placed, picture: picture(VIEW, CAMERA, placed.turn, placed.at, options) };
};

/** How far beside the real point a lens and a pose draw it, metres across the line of sight. */
function drawnBeside(goal, truth, lens, placed) {
  const real = A.moved(truth, goal);
  const [u, v] = seen(CAMERA, real);
  const [a, b] = seen(lens, A.moved(placed, goal));
  return (Math.hypot(u - a, v - b) * real[2]) / CAMERA.focal_px;
}

const measured = measure(ROUND.map((one, i) => finder.look(shot(one, { seed: i + 1 }).picture).matches), assumed(1280, 720), 0.12);

test("the lens is measured from views of the board, and knows how well", () => {
  const { lens, rms_px } = measured;
  assert.ok(Math.abs(lens.focal_px / CAMERA.focal_px - 1) < Math.min(0.01, 3 * lens.sigma.focal), `focal length ${lens.focal_px} ± ${lens.sigma.focal}`);
  assert.ok(Math.hypot(lens.centre_px[0] - 646, lens.centre_px[1] - 353) < 4 * 1280 * lens.sigma.centre);
  assert.ok(Math.abs(lens.bend - 0.03) < 4 * lens.sigma.bend);
  assert.ok(rms_px < 0.3, `${rms_px} px`);
  assert.equal(measure(ROUND.slice(0, 4).map((one) => finder.look(shot(one).picture).matches), assumed(1280, 720), 0.12), null, "four views are too few");
});

test("at one metre residual and overlay error are 3 mm at most, and no larger than said", () => {
  for (const [i, view] of METRE.entries()) {
    const { placed, picture: taken } = shot(view, { seed: 50 + i, noise: 3, blur_px: 1 });
    const sight = finder.look(taken);
    const found = face(sight.matches, measured.lens);
    assert.equal(found.ambiguous, false);
    assert.ok((found.rms_px * found.placed.at[2]) / measured.lens.focal_px < LIMIT_M, `residual ${found.rms_px} px`);
    for (const goal of GOALS) {
      const off_m = drawnBeside(goal, placed, measured.lens, found.placed);
      const said_m = beside_m(goal, found, sight.matches, measured.lens, sight.sigma_px);
      assert.ok(off_m < LIMIT_M, `drawn ${off_m * 1000} mm beside ${goal} in view ${i}`);
      assert.ok(said_m < LIMIT_M, `said to be ${said_m * 1000} mm at ${goal} in view ${i}`);
      assert.ok(off_m < 3 * said_m + 0.0001, `${off_m * 1000} mm beside ${goal}, said ${said_m * 1000}`);
    }
  }
});

test("a lens that is only assumed says so: far from the board the overlay is not exact enough", () => {
  const { placed, picture: taken } = shot([40, 100, 60, -0.2, 0.1, 1], { seed: 9 });
  const lens = assumed(1280, 720);
  const sight = finder.look(taken);
  const found = face(sight.matches, lens);
  const far = [0.3, -0.3, 0.05];
  const said_m = beside_m(far, found, sight.matches, lens, sight.sigma_px);
  assert.equal(lens.measured, false);
  assert.ok(said_m > LIMIT_M, `said ${said_m * 1000} mm`);
  assert.ok(drawnBeside(far, placed, lens, found.placed) < 3 * said_m);
});

test("a board printed two percent too small is read right once its ruler is measured", () => {
  const { placed, picture: taken } = shot([25, 60, 10, 0, 0, 0.8], { seed: 4 });
  const goal = [0.2, 0.15, 0.02];
  const believed = new Board({ ...VIEW, square_m: VIEW.square_m / 0.98, marker_m: VIEW.marker_m / 0.98 });
  const corrected = new Board(believed.view, 0.98);
  const wrong = face((finder.look(taken)).matches.map(({ at, px }) => ({ at: at.map((v) => v / 0.98), px })), measured.lens);
  assert.ok(drawnBeside(goal, placed, measured.lens, wrong.placed) > LIMIT_M);
  const right = face(finder.look(taken).matches, measured.lens);
  assert.ok(drawnBeside(goal, placed, measured.lens, right.placed) < LIMIT_M);
  assert.ok(corrected.corners.every((at, i) => A.distance(at, board.corners[i]) < 1e-9));
});

test("no board, half a board and a strange picture are not taken for one", () => {
  const nothing = { width: 640, height: 360, data: new Uint8ClampedArray(640 * 360 * 4).map((_, i) => (i % 4 === 3 ? 255 : (i * 7919) % 251)) };
  assert.equal(finder.look(nothing), null);
  const { picture: taken } = shot([10, 0, 0, 0.62, 0, 1], { seed: 5 }); // a few squares are still in the picture
  const sight = finder.look(taken);
  assert.ok(sight === null || sight.markers < 8);
});

test("a tracker measures the lens while the camera goes around, and averages while it stands", () => {
  const tracker = new Tracker(assumed(1280, 720), LIMIT_M);
  const far = [0.3, -0.3, 0.05];
  assert.deepEqual(tracker.judge(far, 0), { seen: "looking", off_m: null });
  let measuredAt = null;
  for (const [i, one] of ROUND.entries()) {
    const done = tracker.see(finder.look(shot(one, { seed: 200 + i }).picture), i);
    if (i === 1) assert.equal(tracker.judge(far, i).seen, "off", "an assumed lens is not exact enough that far from the board");
    if (done) measuredAt = i;
  }
  assert.equal(measuredAt, ROUND.length - 1);
  assert.equal(tracker.taken, null);
  assert.ok(Math.abs(tracker.lens.focal_px / CAMERA.focal_px - 1) < 0.01);
  const { placed } = shot(METRE[1]);
  const offs = [0, 1, 2, 3, 4, 5].map((i) => {
    tracker.see(finder.look(shot(METRE[1], { seed: 300 + i, noise: 4 }).picture), 100 + i / 10);
    return drawnBeside(far, placed, tracker.lens, tracker.placed(100 + i / 10));
  });
  assert.ok(offs.at(-1) < LIMIT_M && tracker.judge(far, 100.5).seen === "good", `${offs.map((m) => m * 1000)} mm`);
  assert.equal(tracker.judge(far, 102).seen, "looking", "a board that is out of sight places nothing");
});

test("a picture's part tells the same as the whole picture", () => {
  const { picture: taken } = shot(METRE[0], { seed: 77 });
  const [x, y, width, height] = [380, 180, 640, 400];
  const part = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row += 1) part.set(taken.data.subarray(((y + row) * 1280 + x) * 4, ((y + row) * 1280 + x + width) * 4), row * width * 4);
  const whole = finder.look(taken);
  const cut = finder.look({ width, height, data: part }, [x, y]);
  assert.equal(cut.matches.length, whole.matches.length);
  for (const [i, { px }] of cut.matches.entries()) assert.ok(Math.hypot(px[0] - whole.matches[i].px[0], px[1] - whole.matches[i].px[1]) < 0.05);
});
