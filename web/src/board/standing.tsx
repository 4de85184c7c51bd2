/** Why the cell stands or waits: what it waits for, its first reason, what went wrong since, what keeps it from moving. */

import { text, words } from "../words";
import type { Condition } from "../wire";

export function Standing({ condition }: { condition: Condition }) {
  const { board } = words.value;
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
      {condition.not_moving.length > 0 && (
        <>
          <p class="quiet">{board.notMoving}</p>
          <ul>
            {condition.not_moving.map((sentence) => (
              <li key={text(sentence)}>{text(sentence)}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
