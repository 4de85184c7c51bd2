/** What the service worker does with a request. */

export type Plan =
  | "page" // one of the pages: from the server, and without it the shell
  | "shell" // a file of the shell: its name changes with its content
  | "newest" // what a card is drawn with: from the server, and without it as seen last
  | "version" // the same in one version, which never changes
  | "pass"; // everything else is between page and server

/** The addresses that `index.html` serves; the same as the server's in `orchestrator/http/pages.py`. */
export const PAGES: readonly string[] = ["/", "/worker", "/board", "/cell", "/jog", "/calibrate", "/recover", "/join", "/sign-in"];

export function plan(request: { method: string; mode: string; url: string }, origin: string): Plan {
  const { origin: asked, pathname, searchParams } = new URL(request.url);
  if (request.method !== "GET" || asked !== origin) return "pass";
  if (request.mode === "navigate") return PAGES.includes(pathname.replace(/\/+$/, "") || "/") ? "page" : "pass";
  if (pathname.startsWith("/static/")) return "shell";
  if (pathname === "/api/v1/scene") return "newest";
  if (pathname.startsWith("/assets/instructions/")) return searchParams.has("v") ? "version" : "newest";
  return "pass";
}
