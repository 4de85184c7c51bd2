/** The time that a step has taken, without what it stood still for because somebody paused it (s). */

export interface Pausable {
  paused_t: number | null;
  paused_s: number;
}

export function worked(step: Pausable, started_t: number, now_t: number): number {
  return Math.max(0, (step.paused_t ?? now_t) - started_t - step.paused_s);
}
