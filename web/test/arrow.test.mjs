// The arrow of a measured deviation: it points where the part is, as long as it must be to be seen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { Deviation, drawn_m } = await load("scene/deviation.ts");
const colour = { isColor: true, r: 1, g: 0, b: 0 };
const half = Math.SQRT1_2;
const seat = { p: [0.45, -0.15, 0.06], q: [1, 0, 0, 0] };
const turned = { p: seat.p, q: [half, 0, 0, half] }; // its x points along the cell's +y

/** From the seat to the arrow's end, metres. */
function way(offset_mm, from = seat) {
  const arrow = new Deviation({ off: colour });
  arrow.set(offset_mm, from);
  return arrow.tip?.toArray().map((v, i) => v - from.p[i]);
}

const close = (found, wanted) => found.forEach((v, i) => assert.ok(Math.abs(v - wanted[i]) < 1e-9, `${found} is not ${wanted}`));

test("it points from the seat to where the part was measured", () => {
  close(way([0, -2, 0]), [0, -drawn_m(2), 0]);
  close(way([2, 0, 0], turned), [0, drawn_m(2), 0]);
  const [x, y, z] = way([3, 0, 4]);
  close([x / 3, y, z / 4], [drawn_m(5) / 5, 0, drawn_m(5) / 5]);
});

test("its pieces lie on that way, whichever it is", () => {
  for (const offset of [[0, 2, 0], [0, -2, 0], [1, 2, -3]]) {
    const arrow = new Deviation({ off: colour });
    arrow.set(offset, seat);
    arrow.object.updateMatrixWorld(true);
    const tip = arrow.tip.clone().sub(arrow.object.position);
    for (const piece of arrow.object.children) {
      const at = arrow.object.position.clone().setFromMatrixPosition(piece.matrixWorld).sub(arrow.object.position);
      assert.ok(at.angleTo(tip) < 1e-6, `${offset}`);
    }
  }
});

test("small ones are long enough to be seen, large ones as long as they are", () => {
  assert.ok(drawn_m(0.3) >= 0.05);
  assert.ok(drawn_m(4) > drawn_m(2));
  assert.equal(drawn_m(150), 0.15);
});

test("a part that is only turned has none, and it goes with the question", () => {
  assert.equal(way([0, 0, 0]), undefined);
  const arrow = new Deviation({ off: colour });
  arrow.set([0, 2, 0], seat);
  arrow.set(null, seat);
  assert.equal(arrow.tip, null);
  assert.equal(arrow.object.children.length, 0);
});
