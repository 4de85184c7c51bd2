// Words in the scene do not cover each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { above, clear, covered } = await load("scene/labels.ts");
const spot = (x, y, height = 20) => ({ x, y, width: 100, height });

test("a label stays where it covers none", () => {
  assert.equal(above(spot(0, 100), []), 100);
  assert.equal(above(spot(0, 100), [spot(101, 100), spot(0, 79), spot(0, 121)]), 100);
});

test("one that would cover another moves above it, and above the next one", () => {
  assert.equal(above(spot(0, 100), [spot(50, 95)]), 71);
  assert.equal(above(spot(0, 100), [spot(0, 70, 30), spot(50, 95)]), 36);
});

test("a label that has no room above goes below, and stays in the picture", () => {
  const taken = [{ x: 100, y: 110, width: 80, height: 30 }];
  const one = { x: 120, y: 105, width: 80, height: 30 };
  assert.equal(clear(one, taken, 20, 400), 76, "above, where there is room");
  assert.equal(clear(one, taken, 100, 400), 144, "else below");
  assert.equal(clear({ ...one, y: -50 }, taken, 100, 400), 144, "also one that came from beyond the edge");
  assert.equal(clear({ ...one, x: 300 }, taken, 100, 400), 105, "where nothing is beside it, it stays");
  assert.equal(clear({ ...one, x: 300, y: 900 }, taken, 100, 400), 400);
});

const name = (x, y, depth, was = false) => ({ ...spot(x, y), depth, covered: was });

test("of two names that would cover each other the nearer one is shown, and words of the step come before both", () => {
  assert.deepEqual(covered([name(0, 100, 2), name(40, 110, 1), name(40, 200, 3)], []), [true, false, false]);
  assert.deepEqual(covered([name(0, 100, 2), name(40, 110, 1)], [spot(120, 105)]), [false, true], "what is covered covers none");
  assert.deepEqual(covered([name(0, 100, 1), name(100, 100, 1), name(0, 120, 1)], []), [false, false, false], "names may touch");
  assert.deepEqual(covered([], [spot(0, 0)]), []);
});

test("names do not blink while the picture trembles", () => {
  let before = [name(0, 100, 1), name(30, 100, 1.02)];
  const shown = [];
  for (const off of [0, 1, -1, 2, -2, 0]) {
    const names = [name(off, 100, 1 + off / 50, before[0].covered), name(30, 100, 1.02, before[1].covered)];
    const hidden = covered(names, []);
    before = names.map((one, i) => ({ ...one, covered: hidden[i] }));
    shown.push(hidden);
  }
  assert.deepEqual(shown, Array(6).fill([false, true]), "two as far away do not take turns");
  assert.deepEqual(covered([name(0, 100, 1), name(101, 100, 2, true)], []), [false, true], "with just enough room it stays away");
  assert.deepEqual(covered([name(0, 100, 1), name(111, 100, 2, true)], []), [false, false], "with room to spare it comes back");
  assert.deepEqual(covered([name(0, 100, 1, true), name(30, 100, 2)], []), [false, true], "a clearly nearer one takes the place");
});

/** As much of a page's element as the labels use: a tag of a hazard is wide and high, its signal word alone is one line. */
class Element {
  children = [];
  style = {};
  hidden = false;
  own = "";
  className = "";
  classes = new Set();
  classList = { toggle: (name, on) => (on ? this.classes.add(name) : this.classes.delete(name)) };
  parentElement = null;
  append(child) {
    child.parentElement = this;
    this.children.push(child);
  }
  remove() {}
  get textContent() {
    return this.own + this.children.map(({ textContent }) => textContent).join("");
  }
  set textContent(words) {
    this.own = words;
    this.children = [];
  }
  get shown() {
    const low = this.parentElement?.classes.has("labels-low");
    return this.own + this.children.filter(({ className }) => !low || className !== "tag-rest").map(({ textContent }) => textContent).join("");
  }
  get offsetWidth() {
    return Math.min(280, this.shown.length * 10);
  }
  get offsetHeight() {
    return 10 + 20 * Math.ceil(this.shown.length / 28);
  }
}

const box = (left, top, width, height) => ({ left, top, width, height, right: left + width, bottom: top + height });

/** Have the labels' own element lie in a scene, with what lies over it. */
function lie(host, own, scene, over) {
  host.getBoundingClientRect = () => own;
  const element = (rect) => ({ getBoundingClientRect: () => rect });
  host.closest = () => ({ ...element(scene), querySelector: (part) => (over[part] ? element(over[part]) : null) });
}

test("in a low picture a hazard says its signal word, and clear of the switch; in a high one all of it", async () => {
  const { Labels } = await load("scene/labels.ts");
  const before = globalThis.document;
  globalThis.document = { createElement: () => new Element() };
  try {
    const host = new Element();
    const at = { clone: () => at, project: () => ({ x: 0, y: -0.2, z: 0 }), distanceTo: () => 1 };
    const labels = new Labels(host);
    labels.put("card:hazard:x", "WARNING: Keep fingers out from under the ram. Work the lever with the other hand.", at, "warning");
    for (const [height, says] of [[154, "WARNING"], [500, host.children[0].textContent]]) {
      const ways = box(12, height - 80, 336, 68);
      lie(host, box(0, 0, 360, height), box(0, 0, 360, height), { ".ways": ways });
      labels.place({}, 360, height);
      labels.place({}, 360, height);
      const [tag] = host.children;
      assert.equal(tag.shown, says);
      const edge = Number(/, (-?[\d.]+)px\)$/.exec(tag.style.transform)[1]);
      assert.ok(edge <= ways.top && edge - tag.offsetHeight >= 0, `${height}: from ${edge - tag.offsetHeight} to ${edge}, the switch from ${ways.top}`);
    }
  } finally {
    globalThis.document = before;
  }
});

test("words in a camera's picture stay in the part of it that is seen, clear of what lies over it", async () => {
  const { Labels } = await load("scene/labels.ts");
  const before = globalThis.document;
  globalThis.document = { createElement: () => new Element() };
  try {
    const host = new Element();
    const labels = new Labels(host);
    const put = (id, x, y) => {
      const at = { clone: () => at, project: () => ({ x, y, z: 0 }), distanceTo: () => 1 };
      labels.put(id, "Goes here", at, "goal");
    };
    put("left", -1, 0);
    put("under", -0.5, 0.8);
    put("low", 0, -1);
    const known = box(12, 112, 300, 60);
    lie(host, box(-200, 0, 1200, 700), box(0, 100, 800, 500), { ".onlook-known": known }); // the picture is cut at each of its sides
    labels.place({}, 1200, 700);
    const [left, under, low] = host.children.map((tag) => /translate\(([\d.]+)px, (-?[\d.]+)px\)$/.exec(tag.style.transform).slice(1).map(Number));
    assert.ok(left[0] - 45 >= 200, `begins ${left[0] - 45} px from the picture's own edge, of which 200 are cut`);
    assert.ok(under[1] - 30 >= known.bottom || under[1] <= known.top || under[0] - 45 >= 200 + known.right, `${under}`);
    assert.ok(low[1] <= 600, `${low}`);
  } finally {
    globalThis.document = before;
  }
});
