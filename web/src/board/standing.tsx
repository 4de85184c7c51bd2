/** Why the cell stands or waits: what it waits for, its first reason, what went wrong since, what keeps it from moving. */

import { named } from "../access/access";
import { tick } from "../clock";
import { NotMoving } from "../common/not-moving";
import { span, text, words } from "../words";
import type { Condition, PauseView, Reason } from "../wire";

export function Standing({ condition }: { condition: Condition }) {
  const waits = text(condition.waits);
  const reason = text(condition.reason);
  if (!waits && !reason && condition.not_moving.length === 0 && condition.pauses.length === 0) return null;
  return (
    <div class="why" data-testid="standing">
      {waits && <p>{waits}</p>}
      {reason && <p>{reason}</p>}
      {condition.trouble.map((sentence) => (
        <p key={text(sentence)} class="tone-bad">
          {text(sentence)}
        </p>
      ))}
      {condition.pauses
        .filter((pause) => !condition.not_moving.some((reason) => targetOf(reason) === pause.target))
        .map((pause) => (
          <p key={pause.target}>
            {text(pause.text)} <Paused pause={pause} />
          </p>
        ))}
      <NotMoving
        more={(reason) => {
          const pause = condition.pauses.find(({ target }) => target === targetOf(reason));
          return pause && <Paused pause={pause} />;
        }}
      />
    </div>
  );
}

/** What a reason that is a pause pauses; "" for any other. */
const targetOf = ({ code, parameters: { what, name } }: Reason): string => (code !== "paused" ? "" : name ? `${what}/${name}` : (what ?? ""));

/** Who paused it, why, for how long already, and until when it stays a pause. */
function Paused({ pause }: { pause: PauseView }) {
  const { board } = words.value;
  const left_s = pause.until_t === null ? null : Math.max(0, pause.until_t - tick.value);
  return (
    <span data-testid="paused" data-target={pause.target}>
      {pause.reason}{" "}
      <span class="quiet">
        {named(pause.by)}, {span(tick.value - pause.since_t)}
        {left_s !== null && ` · ${board.holdsIn(span(left_s))}`}
      </span>
    </span>
  );
}
