/** Keeps the screen on while somebody works at a place, where the browser can; it lets go of that by itself when the page is hidden. */

import { signal } from "@preact/signals";

/** Whether this page's screen is kept on now: what the browser said, and nothing is claimed where it can't. */
export const awake = signal(false);

/** Keep the screen on from now on; the result ends that. */
export function keepAwake(): () => void {
  let ended = false;
  let lock: WakeLockSentinel | null = null;
  const ask = async (): Promise<void> => {
    if (ended || document.visibilityState !== "visible" || !("wakeLock" in navigator) || (lock && !lock.released)) return;
    try {
      const got = await navigator.wakeLock.request("screen");
      if (ended) return void got.release();
      lock = got;
      awake.value = true;
      got.addEventListener("release", () => {
        awake.value = false;
      });
    } catch {
      awake.value = false; // an empty battery, or the browser's own rule
    }
  };
  const seen = (): void => void ask();
  document.addEventListener("visibilitychange", seen);
  void ask();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", seen);
    void lock?.release();
    awake.value = false;
  };
}
