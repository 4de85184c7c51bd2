/** Why the cell stands or waits: what it waits for, its first reason, what went wrong since, what keeps it from moving. */

import { NotMoving } from "../common/not-moving";
import { text } from "../words";
import type { Condition } from "../wire";

export function Standing({ condition }: { condition: Condition }) {
  const waits = text(condition.waits);
  const reason = text(condition.reason);
  if (!waits && !reason && condition.not_moving.length === 0) return null;
  return (
    <div class="why" data-testid="standing">
      {waits && <p>{waits}</p>}
      {reason && <p>{reason}</p>}
      {condition.trouble.map((sentence) => (
        <p key={text(sentence)} class="tone-bad">
          {text(sentence)}
        </p>
      ))}
      <NotMoving />
    </div>
  );
}
