/** The time on this step against the time that it usually takes. It informs; it never blinks or shouts. */

import { tick } from "../clock";
import { worked, type Pausable } from "../common/worked";
import { span, words } from "../words";

interface TimerProps extends Pausable {
  started_t: number | null;
  expected_s: number | null;
}

export function Timer({ started_t, expected_s, paused_t, paused_s }: TimerProps) {
  if (started_t === null) return null;
  const { card } = words.value;
  const spent_s = worked({ paused_t, paused_s }, started_t, tick.value);
  const share = expected_s ? Math.min(1, spent_s / expected_s) : 0;
  return (
    <div class="timer" role="timer" aria-label={card.timer} data-over={expected_s !== null && spent_s > expected_s}>
      <span class="timer-words">
        <strong>{span(spent_s)}</strong> {expected_s !== null && card.expected(span(expected_s))}
      </span>
      {expected_s !== null && (
        <svg class="timer-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
          <rect width="100" height="4" class="bar-ground" />
          <rect width={share * 100} height="4" class="bar-fill" />
        </svg>
      )}
    </div>
  );
}
