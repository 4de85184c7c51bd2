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

/** A wait: until when (s), and how long it is at most, whatever the clocks that it is told by make of it. */
export interface Wait {
  readonly t: number;
  readonly most_s: number;
}

/** Count down to the end of what `of` reads (null: nothing), where `now_s` tells the time. */
export function countdown(of: () => Wait | null, now_s: () => number, call: Later = later): Countdown {
  const left = signal(0);
  let drop = (): void => undefined;
  let known: number | null = null; // the wait that is counted, by its end as it was told
  let until_t = 0; // and as it is counted
  const end = effect(() => {
    const wait = of();
    if (wait && wait.t !== known) until_t = Math.min(wait.t, now_s() + wait.most_s);
    known = wait?.t ?? null;
    const count = (): void => {
      drop();
      const rest_s = wait === null ? 0 : until_t - now_s();
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
