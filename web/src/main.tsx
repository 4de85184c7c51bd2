/** Starts the page that the address asks for. */

import { render, type ComponentType } from "preact";
import { refresh, shut } from "./access/access";
import { Entrance } from "./access/entrance";
import { connection, store } from "./cell";
import { remember } from "./kept/seen";
import { Failed } from "./shell/failed";
import { followNewer } from "./shell/newer";
import { registerShell } from "./shell/register";
import "./styles/main.css";
import { spoken, words } from "./words";

const PAGES: Record<string, () => Promise<{ Page: ComponentType }>> = {
  "/": () => import("./pages/start"),
  "/worker": () => import("./pages/worker"),
  "/board": () => import("./pages/board"),
  "/cell": () => import("./pages/cell"),
  "/jog": () => import("./pages/jog"),
  "/recover": () => import("./pages/recover"),
  "/calibrate": () => import("./pages/calibrate"),
  "/join": () => import("./pages/join"),
  "/sign-in": () => import("./pages/sign-in"),
};

const path = location.pathname.replace(/\/+$/, "") || "/";
const host = document.getElementById("page");
if (!host) throw new Error("the page has no place to draw");

const page = (PAGES[path] ?? PAGES["/"] ?? (() => import("./pages/start")))().then(
  ({ Page }) => Page,
  () => Failed,
);
await Promise.all([refresh(), spoken]);
document.title = words.value.product;
if (path === "/sign-in") draw(await page, host);
else if (!shut()) await enter(host);
else if (path === "/join") draw(await page, host);
else draw(() => <Entrance onEntered={() => void enter(host)} />, host);
registerShell();

/** Show the page itself, and stay connected from now on. */
async function enter(on: HTMLElement): Promise<void> {
  let leaving = false; // a second reload would break off the first
  connection.ended = () => {
    if (leaving) return;
    void refresh().then(() => {
      if (leaving || !shut()) return;
      leaving = true;
      location.reload(); // signed out, or sent away: nothing of the cell stays on the screen
    });
  };
  connection.open();
  followNewer(connection);
  if (path === "/worker") void remember(store, connection);
  draw(await page, on);
}

function draw(Page: ComponentType, on: HTMLElement): void {
  render(null, on);
  on.replaceChildren();
  render(<Page />, on);
}
