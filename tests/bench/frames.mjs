// How often an emulated headset gets a new picture of the cell's model with 12 parts, its card beside it. Prints JSON.
import { base, open, signIn, startOrder, TABLET, withBrowser } from "../browser/cell_page.mjs";
import { emulator, session } from "../browser/quest.mjs";

const SECONDS = 10;
const KINDS = ["housing", "gear_shaft_5", "pinion_5", "cover_blind", "gasket", "plate_en", "bearing", "bearing", "bearing", "screw", "screw", "screw"];
const PITCH_M = 0.12;

/** Parts in rows of four before the robot, as if a unit were laid out. */
const parts = Object.fromEntries(
  KINDS.map((kind, i) => {
    const pose = { p: [0.3 + PITCH_M * Math.floor(i / 4), PITCH_M * ((i % 4) - 1.5), 0.02], q: [1, 0, 0, 0] };
    return [`part/laid/${i}`, { id: `laid/${i}`, kind, mesh: `gear_reducer/${kind}.glb`, pose, holder: "table", certainty: "known", source: "nominal" }];
  }),
);

/** The page's line to the cell, with the parts laid into what it is told first. */
const lay = (context) =>
  context.routeWebSocket(/\/ws$/, (line) => {
    const server = line.connectToServer();
    line.onMessage((message) => server.send(message));
    server.onMessage((message) => {
      const told = JSON.parse(message);
      if (told.type === "snapshot") Object.assign(told.payload.topics, parts);
      line.send(JSON.stringify(told));
    });
  });

await withBrowser(async (browser) => {
  const context = await browser.newContext({ viewport: TABLET, locale: "en-GB", baseURL: base });
  await context.addInitScript(emulator({ rest_ms: 0 }));
  await lay(context);
  const meshes = new Set();
  context.on("response", (answer) => answer.ok() && meshes.add(answer.url().split("/").at(-1)));
  const worker = await open({ newContext: () => context }, "/worker");
  await signIn(worker);
  await startOrder(await open(browser, "/board"), "demo-1");
  await worker.getByTestId("way-headset").click();
  await worker.locator(".mirror-frame[data-matrix]").waitFor({ state: "attached" });
  await worker.locator("[data-testid=card][data-status=step]").waitFor();
  while (!KINDS.every((kind) => meshes.has(`${kind}.glb`))) await context.waitForEvent("response");
  await session.frames(worker, 5);
  const gaps = await worker.evaluate(
    (seconds) =>
      new Promise((done) => {
        const found = [];
        const end_ms = performance.now() + 1000 * seconds;
        const headset = globalThis.quest.activeSession;
        let before_ms = performance.now();
        const next = () => {
          const now_ms = performance.now();
          found.push(now_ms - before_ms);
          before_ms = now_ms;
          if (now_ms < end_ms) headset.requestAnimationFrame(next);
          else done(found);
        };
        headset.requestAnimationFrame(next);
      }),
    SECONDS,
  );
  const sizes = await worker.locator("canvas").evaluateAll((all) => all.map(({ width, height }) => [width, height]));
  console.log(JSON.stringify({ gaps_ms: gaps, sizes, faults: worker.faults }));
});
