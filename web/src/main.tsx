/** Starts the page that the address asks for. */

import { render, type ComponentType } from "preact";
import { connection, store } from "./cell";
import { remember } from "./kept/seen";
import { followNewer } from "./shell/newer";
import { registerShell } from "./shell/register";
import "./styles/main.css";
import { words } from "./words";

const PAGES: Record<string, () => Promise<{ Page: ComponentType }>> = {
  "/": () => import("./pages/start"),
  "/worker": () => import("./pages/worker"),
  "/board": () => import("./pages/board"),
  "/cell": () => import("./pages/cell"),
  "/jog": () => import("./pages/jog"),
  "/recover": () => import("./pages/recover"),
  "/calibrate": () => import("./pages/calibrate"),
};

const path = location.pathname.replace(/\/+$/, "") || "/";
const host = document.getElementById("page");
if (!host) throw new Error("the page has no place to draw");

connection.open();
followNewer(connection);
if (path === "/worker") void remember(store, connection);
document.title = words.value.product;
const { Page } = await (PAGES[path] ?? PAGES["/"] ?? (() => import("./pages/start")))();
host.replaceChildren();
render(<Page />, host);
registerShell();
