/** A pressed jog button: it begins at once, is renewed while it is held, and is released whatever happens. */

import { signal } from "@preact/signals";
import type { Vector } from "../wire";

/** What a jog asks for; lengths in metres, angles in radians, per second. */
export interface Twist {
  frame: "base" | "tool" | "joint";
  linear_m_s?: Vector;
  angular_rad_s?: Vector;
  joints_rad_s?: number[];
}

/** What went wrong, in words. */
export interface Said {
  message: string;
  remedy: string;
}

/** How the server is asked: `renew` rejects with what it says when the press is over. */
export interface Line {
  renew(press: string, twist: Twist): Promise<unknown>;
  release(press: string): void;
}

export const RENEW_MS = 100; // the robot stands after 300 ms without
const MOST_UNDERWAY = 2; // a slow line gets no queue of old wishes

export class Hold {
  /** The button that is held, "" for none. */
  readonly held = signal("");
  readonly said = signal<Said | null>(null);

  private press = "";
  private twist: () => Twist = () => ({ frame: "base" });
  private timer: ReturnType<typeof setInterval> | null = null;
  private underway = 0;

  constructor(
    private readonly line: Line,
    private readonly name: () => string,
  ) {}

  /** Begin; `twist` is asked at each renewal, so that a change of speed counts at once. */
  start(button: string, twist: () => Twist): void {
    this.stop();
    this.press = this.name();
    this.twist = twist;
    this.underway = 0;
    this.held.value = button;
    this.said.value = null;
    this.timer = setInterval(() => this.renew(), RENEW_MS);
    this.renew();
  }

  /** Release. Doing so twice does nothing. */
  stop(): void {
    if (!this.press) return;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    const { press } = this;
    this.press = "";
    this.held.value = "";
    this.line.release(press);
  }

  private renew(): void {
    if (this.underway >= MOST_UNDERWAY) return;
    const { press } = this;
    this.underway += 1;
    this.line.renew(press, this.twist()).then(
      () => this.answered(press),
      (error: unknown) => {
        this.answered(press);
        if (press !== this.press) return; // released meanwhile
        const { message, remedy } = error as Partial<Said>;
        this.said.value = { message: message ?? "", remedy: remedy ?? "" };
        this.stop();
      },
    );
  }

  private answered(press: string): void {
    if (press === this.press) this.underway -= 1;
  }
}
