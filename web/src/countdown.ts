/** Whole seconds until a time of the server's; they change when the second does, wherever they are read. */

import { effect, signal, type ReadonlySignal } from "@preact/signals";

export interface Countdown {
  /** 3, 2, 1 and then 0; 0 also where there is nothing to wait for. */
  readonly left: ReadonlySignal<number>;
  end(): void;
}

/** Calls something in so many milliseconds; the result takes that back. */
type Later = (call: () => void, ms: number) => () => void;

const later: Later = (call, ms) => {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
};

/** Count down to what `to` reads (s, null: nothing), where `now_s` tells the time. */
export function countdown(to: () => number | null, now_s: () => number, call: Later = later): Countdown {
  const left = signal(0);
  let drop = (): void => undefined;
  const end = effect(() => {
    const t = to();
    const count = (): void => {
      drop();
      const rest_s = t === null ? 0 : t - now_s();
      left.value = Math.max(0, Math.ceil(rest_s));
      if (left.value > 0) drop = call(count, (rest_s - left.value + 1) * 1000 + 1);
    };
    count();
  });
  return {
    left,
    end: () => {
      end();
      drop();
    },
  };
}
