/** Every reason why the robot does not move now, in the reader's words: the cell's own list, whole and in its order. */

import type { ComponentChildren } from "preact";
import { store } from "../cell";
import type { Reason } from "../wire";
import { text, words } from "../words";

/** A reason in the reader's language: the page's words for its code, else those that came with it. */
export const reasonWords = ({ code, parameters, text: said }: Reason): string => words.value.reasons[code]?.(parameters) ?? text(said);

/** The reasons that hold now. */
export const notMoving = (): readonly Reason[] => store.cell.value?.condition.not_moving ?? [];

/** The list; nothing where there is no reason. `more` says more of a reason where a page knows it. */
export function NotMoving({ more }: { more?: (reason: Reason) => ComponentChildren }) {
  const reasons = notMoving();
  const { board } = words.value;
  if (reasons.length === 0) return null;
  return (
    <div class="why" data-testid="not-moving">
      <p class="quiet">{board.notMoving}</p>
      <ul>
        {reasons.map((reason) => (
          <li key={JSON.stringify(reason)} data-code={reason.code}>
            {reasonWords(reason)} {more?.(reason)}
          </li>
        ))}
      </ul>
    </div>
  );
}
