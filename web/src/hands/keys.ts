/** Which key or pedal stands for what on this device, and when a key counts. Pure: it presses nothing itself. */

import { remembered } from "../settings";

export const DOINGS = ["next", "problem", "again"] as const;
export type Doing = (typeof DOINGS)[number];

/** "" where nothing is assigned. A pedal is a keyboard: F13 and up are what it can send that no keyboard has. */
export const KEYS = { next: remembered<string>("key.next", "F13"), problem: remembered<string>("key.problem", "F14"), again: remembered<string>("key.again", "F15") };

/** Whether a key was pressed or chosen on this device: before that no button names one. */
export const used = remembered<"no" | "yes">("key.used", "no", ["no", "yes"]);

/** A code reader types faster than this from key to key, ms: a key stands alone only where none comes so soon before or after it. */
export const ALONE_MS = 80;

const NEVER: ReadonlySet<string> = new Set(["Enter", "Tab", "Escape", "Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Dead", "Process", "Unidentified", "Backspace", "Delete"]);

/** Whether a key may stand for something: none that writes, moves the focus or ends what a code reader types. */
export const eligible = (key: string): boolean => key.length > 1 && !NEVER.has(key);

/** Give a key to a doing; whatever had it before has none then. "" takes it away. */
export function assign(doing: Doing, key: string): boolean {
  if (key !== "" && !eligible(key)) return false;
  for (const other of DOINGS) if (other !== doing && key !== "" && KEYS[other].value === key) KEYS[other].value = "";
  KEYS[doing].value = key;
  used.value = "yes";
  return true;
}

export interface Press {
  key: string;
  repeat: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

/** Turns keys into doings: never held ones, never while a field takes them, never one of a row that a code reader types. */
export class Keys {
  private last_ms = -Infinity;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly act: (doing: Doing) => void,
    private readonly alone_ms = ALONE_MS,
  ) {}

  /** Take a key at `now_ms`; `busy` where a field or a dialog has it. The result says whether it may be one of ours. */
  press(press: Press, now_ms: number, busy: boolean): boolean {
    clearTimeout(this.waiting);
    const crowded = now_ms - this.last_ms < this.alone_ms;
    this.last_ms = now_ms;
    const doing = DOINGS.find((one) => KEYS[one].value === press.key && press.key !== "");
    if (!doing || busy || press.ctrlKey || press.altKey || press.metaKey || press.shiftKey) return false;
    if (press.repeat || crowded) return true;
    this.waiting = setTimeout(() => this.act(doing), this.alone_ms);
    return true;
  }

  end(): void {
    clearTimeout(this.waiting);
  }
}
