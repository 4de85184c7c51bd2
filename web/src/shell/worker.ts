/**
 * The service worker: pages that can be opened without the server, and nothing else.
 *
 * Page and files always belong together: each index.html names its files by the hash of their content, and a file is looked
 * up by that name. What the cell says is never kept here.
 */

import { plan } from "./plan";

declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: which build this is, and every file of its pages. */
declare const BUILD: string;
declare const FILES: readonly string[];

const SHELL = "tandem.shell.";
const CELL = "tandem.cell"; // scene, meshes and pictures, of whichever build
const HERE = SHELL + BUILD;
const INDEX = "/";
const WAIT_MS = 3_000; // a network that swallows everything: then the shell
const KEPT = 400; // meshes and pictures; the oldest go

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(HERE);
      const fresh = { cache: "reload" } as const;
      const index = await fetch(INDEX, fresh);
      const text = await index.clone().text();
      if (!text.includes(`"${BUILD}"`)) throw new Error("The server has other pages by now."); // it is tried again with theirs
      await cache.addAll(FILES.map((file) => new Request(file, fresh)));
      await cache.put(INDEX, index);
      await self.skipWaiting(); // pages of the build before still find their files: its shell is kept
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const shells = (await caches.keys()).filter((name) => name.startsWith(SHELL) && name !== HERE);
      await Promise.all(shells.slice(0, -1).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  switch (plan(request, self.location.origin)) {
    case "page":
      event.respondWith(page(request));
      break;
    case "shell":
      event.respondWith(caches.match(request, { ignoreVary: true }).then((kept) => kept ?? fetch(request)));
      break;
    case "newest":
      event.respondWith(newest(request));
      break;
    case "version":
      event.respondWith(version(request));
      break;
    case "pass":
      break;
  }
});

/** The server's own page where it answers in time, else the shell's. */
async function page(request: Request): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), WAIT_MS);
  try {
    return await fetch(request, { signal: late.signal });
  } catch {
    const cache = await caches.open(HERE);
    return (await cache.match(INDEX)) ?? Response.error();
  } finally {
    clearTimeout(timer);
  }
}

/** From the server; without it as it was seen last. */
async function newest(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    await keep(request, answer);
    return answer;
  } catch {
    return (await (await caches.open(CELL)).match(request)) ?? Response.error();
  }
}

async function version(request: Request): Promise<Response> {
  const known = await (await caches.open(CELL)).match(request);
  if (known) return known;
  const answer = await fetch(request);
  await keep(request, answer);
  return answer;
}

async function keep(request: Request, answer: Response): Promise<void> {
  if (answer.status !== 200) return; // nor pieces of a video
  const copy = answer.clone();
  const cache = await caches.open(CELL);
  await cache.put(request, copy).catch(() => undefined); // a full disk costs the memory alone
  const all = await cache.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - KEPT)).map((old) => cache.delete(old)));
}
