// Which of several alike a step is stands on its card once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { countOf } = await load("card/count.ts");
const of = (k, n) => `${k} of ${n}`;

test("a count stands beside the title, unless the title has it", () => {
  assert.equal(countOf({ k: 1, n: 8 }, "Tighten screw 5", of), "1 of 8");
  assert.equal(countOf({ k: 1, n: 8 }, "Tighten screw 5 (1 of 8)", of), "");
  assert.equal(countOf({ k: 1, n: 8 }, "Tighten screw (11 of 80)", of), "1 of 8", "another count is not this one");
  assert.equal(countOf({ k: 1, n: 1 }, "Seal", of), "");
  const brackets = (k, n) => `(${k}/${n})`;
  assert.equal(countOf({ k: 1, n: 8 }, "Schraube (1/8)", brackets), "");
  assert.equal(countOf({ k: 1, n: 8 }, "Schraube 1/8", brackets), "(1/8)");
});
