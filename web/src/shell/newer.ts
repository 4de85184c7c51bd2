/** Whether the server has newer pages than this one: then the page loads itself again, when nobody is in the middle of something. */

import { effect, signal } from "@preact/signals";
import { tick } from "../clock";
import type { Connection } from "../connection";
import { build } from "./build";

/** The newer build, "" while there is none. */
export const newer = signal("");

const QUIET_MS = 5_000;
const TYPED: ReadonlySet<string> = new Set(["INPUT", "TEXTAREA", "SELECT"]);
const PATIENCE_MS = 3_000;
const AGAIN_MS = 5_000; // after an answer that did not come, while the server is there
const LOADED = "tandem.loaded"; // for which build this tab has loaded itself again: once each, whatever the server says
const BY_HAND: readonly string[] = ["/jog", "/calibrate", "/recover"]; // where a page in the middle of something is not taken away

/** Compare at each new connection, and go to the newer pages by itself. */
export function followNewer(connection: Connection): void {
  if (!build) return;
  let touchedMs = 0;
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => (touchedMs = Date.now()), { passive: true });
  connection.line.subscribe((line) => {
    if (line === "online" || line === "offline") void compare(connection); // a newer wire may refuse this page: then it is never online
  });
  effect(() => {
    tick.value;
    if (!newer.value || BY_HAND.includes(location.pathname)) return;
    const busy = document.querySelector("dialog[open]") !== null || TYPED.has(document.activeElement?.tagName ?? "");
    if (busy || Date.now() - touchedMs < QUIET_MS || sessionStorage.getItem(LOADED) === newer.value) return;
    load();
  });
}

/** Load the newer pages now. */
export function load(): void {
  sessionStorage.setItem(LOADED, newer.value);
  location.reload();
}

let comparing = false;

async function compare(connection: Connection): Promise<void> {
  if (comparing) return;
  comparing = true;
  try {
    const answer = await fetch("/build.json", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) return;
    const found = ((await answer.json()) as { build?: unknown }).build;
    newer.value = typeof found === "string" && found !== build ? found : "";
  } catch {
    newer.value = ""; // without a server there is nothing to load
    if (connection.line.value === "online") setTimeout(() => void compare(connection), AGAIN_MS);
  } finally {
    comparing = false;
  }
}
