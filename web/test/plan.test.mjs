import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load } from "./bundle.mjs";

const { PAGES, plan } = await load("shell/plan.ts");
const ORIGIN = "https://cell.local";
const planned = (path, { method = "GET", mode = "cors" } = {}) => plan({ method, mode, url: new URL(path, ORIGIN).href }, ORIGIN);

test("pages and what they are drawn with are there without the server, what the cell says never is", () => {
  assert.equal(planned("/worker?place=front", { mode: "navigate" }), "page");
  assert.equal(planned("/board/", { mode: "navigate" }), "page");
  assert.equal(planned("/static/main-ABC.js"), "shell");
  assert.equal(planned("/api/v1/scene"), "newest");
  assert.equal(planned("/assets/instructions/a/b.glb"), "newest");
  assert.equal(planned("/assets/instructions/a/b.glb?v=1"), "version");
  for (const path of ["/api/v1/cell", "/api/v1/commands", "/ws", "/build.json", "/sw.js", "/metrics"]) assert.equal(planned(path), "pass", path);
});

test("nothing that is sent, nothing of another site and no other address is touched", () => {
  assert.equal(planned("/api/v1/scene", { method: "POST" }), "pass");
  assert.equal(planned("/asyncapi.json", { mode: "navigate" }), "pass");
  assert.equal(planned("/assets/instructions/a.png", { mode: "navigate" }), "pass");
  assert.equal(planned("https://elsewhere.example/static/a.js"), "pass");
});

test("the addresses are the server's", async () => {
  const server = await readFile(new URL("../../orchestrator/http/pages.py", import.meta.url), "utf8");
  const addresses = /ADDRESSES = \(([^)]*)\)/.exec(server)[1].match(/"([^"]+)"/g).map((quoted) => quoted.slice(1, -1));
  assert.deepEqual([...PAGES].sort(), addresses.sort());
});
