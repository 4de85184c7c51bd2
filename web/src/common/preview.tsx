/** What the robot asks a person: may this motion go ahead, may its next step begin. */

import { me, named } from "../access/access";
import { commands, store } from "../cell";
import type { Button, Intent, LaneView, Outside } from "../wire";
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
        {intent?.released_by && <p data-testid="four-eyes">{say.released(named(intent.released_by))}</p>}
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

/** Whose word it is that is said here: of who is signed in, without a login of who works at the place; "" where nobody knows, as at the board. */
const speaker = (place?: string): string => me() ?? (place === undefined ? "" : commands.at(place));

/** What may be said here: nothing that would be refused because of who says it, or because nobody knows who does and it has to be another person. */
export function sayable(buttons: readonly Button[], intent: Intent | null | undefined, place?: string): Button[] {
  const who = speaker(place);
  const apart = (intent?.needs ?? 1) > 1 || (intent?.released_by ?? "") !== "";
  return buttons.filter(({ command, not_by }) => {
    if (who !== "") return !not_by?.includes(who);
    if (command.type === "release_step") return store.cell.value?.four_eyes !== true;
    return command.type !== "approve_motion" || !apart;
  });
}

/** Everything that may be said now to the robot and, at a place, to whoever works there: each word once. */
export function askedButtons(place?: string): Button[] {
  const own = place === undefined ? [...store.lanes.value.values()] : [store.lanes.value.get(place)];
  const intent = store.cell.value?.retreat?.motion ? null : store.robot.value?.intent;
  const moves = intent?.buttons ?? [];
  const all = sayable([...moves, ...[store.robot.value, ...own].flatMap((lane) => lane?.buttons ?? [])], intent, place);
  return [...new Map(all.map((button) => [JSON.stringify(button.command), button])).values()];
}

/** Whose word it is: that of who works at the place where it is given. */
export const saidAt = (place: string, command: Outside): Outside =>
  SAID_AT.has(command.type) ? ({ ...command, place } as Outside) : command;

const SAID_AT: ReadonlySet<Outside["type"]> = new Set(["approve_motion", "refuse_motion", "release_step", "answer_help"]);
