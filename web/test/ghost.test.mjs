// The part to take: outlined in its tray, flying from there to its seat, with an arrow for the way in. The meshes are a product's own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const INSTRUCTIONS = new URL("../../instructions/", import.meta.url);
globalThis.Request = class {
  constructor(url) {
    this.url = url;
  }
};
globalThis.fetch = async ({ url }) => new Response(readFileSync(new URL(url.replace("/assets/instructions/", ""), INSTRUCTIONS)));
globalThis.self ??= globalThis;
globalThis.ProgressEvent ??= class extends Event {};

const { Box3, Color, Ghost, Vector3 } = await load("../test/ghost_with_three.ts");
const [GHOST, TAKE] = [new Color("#0878ad"), new Color("#a01020")];
const half = Math.SQRT1_2;
const start = { p: [-0.3, 0.37, 0.01], q: [half, 0, 0, half] };
const end = { p: [0.25, 0.45, 0.12], q: [half, half, 0, 0] }; // lies on its side: its z points along the cell's -y
const view = { part: "cover_blind", kind: "cover_blind", mesh: "gear_reducer/cover_blind.glb", start, end };
const NEAR_M = 1e-6;
const LOOP_S = 7;

/** A ghost that is loaded, at 100 s. */
async function shown(what = view) {
  let come;
  const loaded = new Promise((go) => (come = go));
  const ghost = new Ghost({ ghost: GHOST, take: TAKE }, () => come());
  ghost.set(what, 100);
  await loaded;
  ghost.object.updateMatrixWorld(true);
  return ghost;
}

const lines = (ghost) => {
  const found = [];
  ghost.object.traverse((one) => one.isLineSegments && found.push(one));
  return found;
};
const outline = (ghost) => lines(ghost).filter(({ material }) => material.color.equals(TAKE));
const flyer = (ghost) => {
  let found = null;
  ghost.object.traverse((one) => one.isMesh && one.material.isMeshStandardMaterial && (found ??= one.parent));
  return found;
};
/** The part's own box, at a pose. */
function boxAt(mesh, { p, q }) {
  const placed = mesh.clone();
  placed.position.set(...p);
  placed.quaternion.set(q[1], q[2], q[3], q[0]);
  placed.updateMatrixWorld(true);
  return new Box3().setFromObject(placed, true);
}
const same = (a, b) => assert.ok(a.min.distanceTo(b.min) < NEAR_M && a.max.distanceTo(b.max) < NEAR_M, `${JSON.stringify(a)} is not ${JSON.stringify(b)}`);

test("the part is outlined where it lies in its tray, in the colour of what is to be taken", async () => {
  const ghost = await shown();
  const [taken, ...others] = outline(ghost);
  assert.equal(others.length, 0);
  same(new Box3().setFromObject(taken, true), boxAt(flyer(ghost).children[0], start));
  assert.equal(outline(await shown({ ...view, start: null })).length, 0, "what lies in no tray is outlined nowhere");
});

test("it flies from its tray to its seat, ever nearer, and comes in along the seat's own axis", async () => {
  const ghost = await shown();
  const seat = new Vector3(...end.p);
  const out = new Vector3(0, -1, 0); // of the seat
  const at = (s) => {
    ghost.update(100 + s, false);
    return flyer(ghost).position.clone();
  };
  assert.ok(at(0).distanceTo(new Vector3(...start.p)) < NEAR_M);
  const way = Array.from({ length: 60 }, (_, i) => at((i / 60) * 4.4));
  const flat = way.map((one) => Math.hypot(one.x - (seat.x + 0.12 * out.x), one.y - (seat.y + 0.12 * out.y)));
  const come = flat.findIndex((far) => far < NEAR_M);
  assert.deepEqual(flat.slice(0, come), flat.slice(0, come).toSorted((a, b) => b - a), "never back to where it came from");
  for (const one of way.slice(come)) {
    const beside = one.clone().sub(seat).projectOnPlane(out);
    assert.ok(beside.length() < NEAR_M, `the last of the way is ${beside.length()} m beside the seat's axis`);
  }
  same(boxAt(flyer(ghost).children[0], { p: flyer(ghost).position.toArray(), q: [flyer(ghost).quaternion.w, ...flyer(ghost).quaternion.toArray().slice(0, 3)] }), boxAt(flyer(ghost).children[0], end));
  assert.ok(at(LOOP_S).distanceTo(new Vector3(...start.p)) < NEAR_M, "and begins anew");
  ghost.update(100 + 0.3, true);
  assert.ok(flyer(ghost).position.distanceTo(seat) < NEAR_M, "for who wants no motion it rests in its seat");
});

test("the arrow at the seat points in, along the axis by which the part comes", async () => {
  for (const [pose, inwards] of [[end, [0, 1, 0]], [{ p: end.p, q: [1, 0, 0, 0] }, [0, 0, -1]]]) {
    const ghost = await shown({ ...view, end: pose });
    const heads = [];
    ghost.object.traverse((one) => one.type === "ArrowHelper" && heads.push(one));
    assert.equal(heads.length, 1);
    const [tail, tip] = [heads[0].localToWorld(new Vector3(0, 0, 0)), heads[0].cone.getWorldPosition(new Vector3())];
    const way = tip.clone().sub(tail).normalize();
    assert.ok(way.distanceTo(new Vector3(...inwards)) < NEAR_M, `${way.toArray()}`);
    const seat = new Vector3(...end.p);
    assert.ok(tip.distanceTo(seat) < tail.distanceTo(seat) && tip.clone().sub(seat).projectOnPlane(way).length() < NEAR_M, "onto the seat itself");
  }
});
