/** A held button is let go of when its page is left or hidden, and when nothing may move by hand any more. */

import { useEffect } from "preact/hooks";

export function useLetGo(hold: { stop(): void }, closed: boolean): void {
  useEffect(() => {
    const stop = (): void => hold.stop();
    const hide = (): void => {
      if (document.visibilityState === "hidden") stop();
    };
    addEventListener("blur", stop);
    addEventListener("pagehide", stop);
    document.addEventListener("visibilitychange", hide);
    return () => {
      stop();
      removeEventListener("blur", stop);
      removeEventListener("pagehide", stop);
      document.removeEventListener("visibilitychange", hide);
    };
  }, [hold]);
  useEffect(() => {
    if (closed) hold.stop();
  }, [hold, closed]);
}
