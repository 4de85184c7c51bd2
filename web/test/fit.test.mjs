// A preset view comes as near as it may with everything in the picture, clear of the buttons at its lower edge.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { fit, PerspectiveCamera, Vector3 } = await load("../test/fit_with_three.ts");
const box = (low, high) => [low[0], high[0]].flatMap((x) => [low[1], high[1]].flatMap((y) => [low[2], high[2]].map((z) => new Vector3(x, y, z))));
const cell = [...box([-0.6, -0.6, 0], [0.87, 0.57, 0.08]), ...box([0.05, -0.1, 0.66], [0.05, 0.1, 0.66])];
const centre = new Vector3(0.45, 0, 0.02);

/** Where points are in the picture, -1 to 1. */
function drawn(from, points, aspect) {
  const camera = new PerspectiveCamera(40, aspect, 0.02, 20);
  camera.up.set(0, 0, 1);
  const { eye, target } = fit(from, points, camera, centre);
  camera.position.copy(eye);
  camera.lookAt(target);
  camera.updateMatrixWorld();
  return points.map((point) => point.clone().project(camera));
}

for (const [name, from] of Object.entries({ worker: [1, 0, 0.5], above: [0.03, 0, 1], robot: [-1, 0.5, 1.05] })) {
  for (const aspect of [1.33, 0.8, 2.2]) {
    test(`from ${name} everything is in a picture ${aspect} times as wide as high, and fills it`, () => {
      const seen = drawn(new Vector3(...from), cell, aspect);
      const [x, y] = [seen.map((point) => point.x), seen.map((point) => point.y)];
      const edges = { left: Math.min(...x) + 0.96, right: 0.96 - Math.max(...x), bottom: Math.min(...y) + 0.75, top: 0.98 - Math.max(...y) };
      for (const [edge, room] of Object.entries(edges)) assert.ok(room > -1e-6, `${edge}: ${room}`);
      const wide = Math.abs(edges.left) < 1e-6 && Math.abs(edges.right) < 1e-6;
      const high = Math.abs(edges.bottom) < 1e-6 && Math.abs(edges.top) < 1e-6;
      assert.ok(wide || high, JSON.stringify(edges));
    });
  }
}

test("one orbits about the work", () => {
  const { eye, target } = fit(new Vector3(1, 0, 0.5), cell, { fov: 40, aspect: 1.33 }, centre);
  const ahead = target.clone().sub(eye).normalize();
  assert.ok(Math.abs(target.clone().sub(centre).dot(ahead)) < 1e-9, "the target is as deep in the picture as the work");
});
