/** What the robot asks a person: may this motion go ahead, may its next step begin. */

import { named } from "../access/access";
import { store } from "../cell";
import type { Button, LaneView, Outside } from "../wire";
import { text, words } from "../words";
import { Icon } from "./icon";

/** What waits for a person's word at a robot's lane, in words: a motion with its approvals, or a step. Nothing where nothing waits. */
export function Asked({ lane }: { lane: LaneView | null | undefined }) {
  const { supervision: say } = words.value;
  if (store.cell.value?.retreat?.motion) return null; // which is asked where it is shown
  const intent = lane?.intent?.proposed ? lane.intent : null;
  if (!lane || (!intent && lane.buttons.length === 0)) return null;
  return (
    <div class="asked" role="status" data-testid="asked">
      <Icon name="hand" />
      <div>
        <p>
          <strong>{intent ? say.asks(text(intent.text) || text(lane.text)) : text(lane.text)}</strong>
        </p>
        {intent?.supervised && <p>{say.skill(intent.supervised)}</p>}
        {intent && intent.needs > 1 && (
          <p data-testid="approvals">
            {say.count(intent.approved_by.length, intent.needs)}
            {intent.approved_by.length > 0 && <span class="quiet"> {intent.approved_by.map(named).join(", ")}</span>}
          </p>
        )}
      </div>
    </div>
  );
}

/** What may be said of a motion: not its approval where several approve and nobody knows who says it, as at the board: it may be the same person again. */
export const sayable = (buttons: readonly Button[], needs: number, place?: string): Button[] =>
  buttons.filter(({ command }) => place !== undefined || needs <= 1 || command.type !== "approve_motion");

/** Everything that may be said now to the robot and, at a place, to whoever works there: each word once. */
export function askedButtons(place?: string): Button[] {
  const own = place === undefined ? [...store.lanes.value.values()] : [store.lanes.value.get(place)];
  const intent = store.cell.value?.retreat?.motion ? null : store.robot.value?.intent;
  const moves = sayable(intent?.buttons ?? [], intent?.needs ?? 1, place);
  const all = [...moves, ...[store.robot.value, ...own].flatMap((lane) => lane?.buttons ?? [])];
  return [...new Map(all.map((button) => [JSON.stringify(button.command), button])).values()];
}

/** Whose word it is: that of who works at the place where it is given. */
export const saidAt = (place: string, command: Outside): Outside =>
  command.type === "approve_motion" || command.type === "refuse_motion" || command.type === "answer_help" ? { ...command, place } : command;
