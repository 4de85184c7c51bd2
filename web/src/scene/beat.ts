/** When the next picture is drawn: on demand, and on a slow device with a rest after each. */

export class Beat {
  private request = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private resting = false; // a slow device is left to all else for a moment, whatever moves

  constructor(private readonly draw: (now_ms: number) => void) {}

  /** Draw soon; while the device rests, after its rest. */
  readonly ask = (): void => {
    if (!this.resting) this.request ||= requestAnimationFrame(this.due);
  };

  /** Rest, and draw then. What was asked for before waits, too: it must not end the rest's own timer. */
  rest(ms: number): void {
    this.stop();
    this.resting = true;
    this.timer = setTimeout(() => {
      this.resting = false;
      this.ask();
    }, ms);
  }

  /** Do something later, unless a picture is drawn before. */
  later(ms: number, then: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }

  stop(): void {
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
    this.request = 0;
    this.resting = false;
  }

  private readonly due = (now_ms: number): void => {
    this.request = 0;
    clearTimeout(this.timer);
    this.draw(now_ms);
  };
}
