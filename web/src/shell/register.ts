/** Registers the service worker, where the browser has them: on https, and on the machine's own address. */

import { plan } from "./plan";

export function registerShell(): void {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  const first = serviceWorker.controller === null;
  serviceWorker.addEventListener("controllerchange", () => {
    if (first) seeAgain();
  });
  serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" }).catch(() => undefined); // without it pages work as ever, with a server
}

/** What this page began to load before there was a service worker is asked for once more, so that it is kept. */
function seeAgain(): void {
  const since = performance.now();
  new PerformanceObserver((found) => {
    for (const { name, startTime } of found.getEntries()) {
      const what = plan({ method: "GET", mode: "cors", url: name }, location.origin);
      if (startTime < since && (what === "newest" || what === "version")) void fetch(name).catch(() => undefined);
    }
  }).observe({ type: "resource", buffered: true });
}
