import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { spent } = await load("board/spent.ts");
const attempt = { started_t: 10, ended_t: 14, actors: ["robot"], operator: "" };

test("how long the robot took is shown", () => {
  assert.equal(spent(attempt), 4);
});

test("how long a person took is not, alone or beside the robot", () => {
  assert.equal(spent({ ...attempt, actors: ["front"], operator: "p-1" }), null);
  assert.equal(spent({ ...attempt, actors: ["front"] }), null, "though nobody is named");
  assert.equal(spent({ ...attempt, actors: ["robot", "front"] }), null);
  assert.equal(spent({ ...attempt, operator: "p-1" }), null, "who looked at it was there as long");
});

test("an attempt that has not ended has taken no time", () => {
  assert.equal(spent({ ...attempt, ended_t: null }), null);
});
